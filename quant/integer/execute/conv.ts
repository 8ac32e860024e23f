import { biasStarts, centredWeights } from '../constants.ts'
import type { ConvolutionPlan } from '../kernels/convolve.ts'
import type { PackGeometry } from '../kernels/packPlanes.ts'
import type { ConvStep, ProgramConstants } from '../program.ts'
import type { Stored, StoredValue } from '../storage.ts'
import { codeRule, type Products, prepareProducts, type SumRule } from './products.ts'
import { type Preparation, type PreparedStep, require, SLACK } from './runner.ts'
import { findSaturation } from './saturation.ts'
import { packWeights } from './weights.ts'

/** Bytes of packed input that a block of rows should not exceed: most of a small first-level cache. */
const BLOCK_BYTES = 24576
/** Bytes of packed input that are filled before they are used: part of a second-level cache. */
const CHUNK_BYTES = 262144
/** Bytes of sums that a chunk of images may take, where it has more than one. */
const SUM_BYTES = 1048576

/** A convolution, whatever becomes of its sums. */
type Placed = Omit<ConvStep, 'op' | 'inputs' | 'output' | 'requantiser' | 'low' | 'high'>

/** The layout of packed images, whatever their zero point. */
type Geometry = Omit<PackGeometry, 'zeroPoint'>

/** Which taps form pairs, and where each pair lies, in pairs from the pair of the output. */
interface TapPairs {
  readonly tapOf: readonly number[]
  readonly offsets: readonly number[]
}

/** The pairs of taps in memory order: of two channels where `columnStep` is 0, of neighbouring columns otherwise. */
function tapPairs(step: Placed, geometry: Geometry): TapPairs {
  const [, channels, kernelH, kernelW] = step.weight.shape
  const [dilationH, dilationW] = step.dilations
  const { channelStep, columnStep, strideH, strideW, phasesH, phasesW, phaseH, pitch } = geometry
  const tapOf: number[] = []
  const offsets: number[] = []
  for (let c = 0; c < channels; c += channelStep) {
    for (let y = 0; y < kernelH; y++) {
      for (let x = 0; x < kernelW; x += columnStep > 0 ? 2 : 1) {
        const tap = (c * kernelH + y) * kernelW + x
        if (columnStep > 0) tapOf.push(tap, x + 1 < kernelW ? tap + 1 : -1)
        else tapOf.push(tap, c + 1 < channels ? tap + kernelH * kernelW : -1)
        const down = y * dilationH
        const right = x * dilationW
        const phase = ((c / channelStep) * phasesH + (down % strideH)) * phasesW + (right % strideW)
        const row = phase * phaseH + Math.floor(down / strideH)
        offsets.push(row * pitch + Math.floor(right / strideW))
      }
    }
  }
  return { tapOf, offsets }
}

/** How many remainders modulo the stride every `step`-th tap of an axis has, counted from 0 to the largest. */
function phases(kernel: number, stride: number, dilation: number, step: number): number {
  let largest = 0
  for (let k = 0; k < kernel; k += step) largest = Math.max(largest, (k * dilation) % stride)
  return largest + 1
}

/** The layout of packed images: whichever of channel pairs and column pairs needs fewer of them. */
function packGeometry(step: Placed, input: Stored, output: Stored): Geometry {
  const [channels, h, w] = input.shape
  const [, outH, outW] = output.shape
  const [strideH, strideW] = step.strides
  const [dilationH, dilationW] = step.dilations
  const [, groupChannels, kernelH, kernelW] = step.weight.shape
  const pairsChannels = Math.ceil(groupChannels / 2) * kernelW <= groupChannels * Math.ceil(kernelW / 2)
  return {
    channels,
    h,
    w,
    groups: step.groups,
    planes: pairsChannels ? Math.ceil(groupChannels / 2) : groupChannels,
    channelStep: pairsChannels ? 2 : 1,
    columnStep: pairsChannels ? 0 : dilationW,
    top: step.pads[0],
    left: step.pads[1],
    strideH,
    strideW,
    phasesH: phases(kernelH, strideH, dilationH, 1),
    // A pair of columns is read from its first.
    phasesW: phases(kernelW, strideW, dilationW, pairsChannels ? 1 : 2),
    phaseH: outH + Math.floor(((kernelH - 1) * dilationH) / strideH),
    pitch: outW + Math.floor(((kernelW - 1) * dilationW) / strideW),
  }
}

function checkShapes(step: Placed, input: Stored, output: Stored): void {
  const { pads, groups, strides, dilations } = step
  require(input.shape.length === 3 && output.shape.length === 3, step.name, 'input and output [C, H, W]')
  const [channels, h, w] = input.shape
  const [outChannels, outH, outW] = output.shape
  const [kernelOut, groupChannels, kernelH, kernelW] = step.weight.shape
  require(kernelOut === outChannels && groupChannels * groups === channels, step.name, 'weights that fit the channels')
  require(outChannels % groups === 0, step.name, 'output channels that the groups divide')
  const lastRow = (outH - 1) * strides[0] + (kernelH - 1) * dilations[0]
  const lastColumn = (outW - 1) * strides[1] + (kernelW - 1) * dilations[1]
  require(lastRow < h + pads[0] + pads[2], step.name, 'windows inside the padded image')
  require(lastColumn < w + pads[1] + pads[3], step.name, 'windows inside the padded image')
}

/**
 * The products of a convolution: codes are packed, a few images at a time, then products are taken straight from there, no
 * im2col. Throws `FormatError` for a step that does not fit its tensors.
 */
export function convolution(
  step: Placed,
  input: StoredValue,
  output: Stored,
  constants: ProgramConstants,
  { requantiser, target }: SumRule,
): Products<ConvolutionPlan> {
  checkShapes(step, input, output)
  const [channels, h, w] = input.shape
  const [outChannels, outH, outW] = output.shape
  const geometry = packGeometry(step, input, output)
  const { groups, planes, phasesH, phasesW, phaseH, pitch } = geometry
  const { tapOf, offsets } = tapPairs(step, geometry)
  const groupPairs = planes * phasesH * phasesW * phaseH * pitch
  const imagePairs = groups * groupPairs
  const quadsPerRow = Math.ceil(outW / 4)
  const blocks = Math.min(outH, Math.ceil((4 * groupPairs) / BLOCK_BYTES))
  const rowsPerBlock = Math.ceil(outH / blocks)
  const groupOut = outChannels / groups
  // Kernels take quads two by two.
  const slot = 16 * (rowsPerBlock * quadsPerRow + 1)
  const weights = centredWeights(step.weight, constants)
  const plan: ConvolutionPlan = {
    imagePairs,
    groupPairs,
    quads: Int32Array.from(
      { length: outH * quadsPerRow },
      (_, q) => 4 * (Math.floor(q / quadsPerRow) * pitch + 4 * (q % quadsPerRow)),
    ),
    quadsPerRow,
    rowsPerBlock,
    offsets: Int32Array.from(offsets, (offset) => 4 * offset),
    weights: packWeights(weights, groups, groupOut, tapOf),
    bias: biasStarts(step.bias, outChannels, constants),
    saturation: findSaturation(step, weights, input, tapOf, offsets),
    groups,
    groupOut,
    outH,
    outW,
    requantiser,
    target,
    slot,
  }
  const tiles = groups * (Math.floor(groupOut / 4) + (groupOut % 4))
  const imageSums = Math.ceil(outH / rowsPerBlock) * tiles * slot
  const chunk = Math.max(1, Math.floor(Math.min(CHUNK_BYTES / (4 * imagePairs), SUM_BYTES / (4 * imageSums))))
  const imageIn = channels * h * w
  const imageOut = outChannels * outH * outW
  return {
    plan,
    needs: { packed: 2 * chunk * imagePairs + SLACK, sums: chunk * imageSums },
    run(placed, { kernels, x, images: batch, zeroPoint, scratch, out }) {
      const place = { ...geometry, zeroPoint }
      for (let first = 0; first < batch; first += chunk) {
        const images = Math.min(chunk, batch - first)
        kernels.packPlanes(x.subarray(first * imageIn, (first + images) * imageIn), images, place, scratch.packed)
        const part = out.subarray(first * imageOut, (first + images) * imageOut)
        kernels.convolve(scratch.packed, images, placed, scratch.sums, part)
      }
    },
  }
}

/** A convolution from int8 codes to int8 codes. Throws as `convolution` does. */
export function prepareConv(step: ConvStep, { inputs: [input], output, constants }: Preparation): PreparedStep {
  return prepareProducts(convolution(step, input, output, constants, codeRule(step, output)), input.zeroPoint)
}
