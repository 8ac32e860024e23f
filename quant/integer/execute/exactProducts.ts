import { sameShape } from '../../../engine/base/shape.ts'
import { biasStarts, centredWeights } from '../constants.ts'
import { type ExactPlan, exactSums } from '../kernels/exactSums.ts'
import type { ConvStep, ProgramConstants, RealLayerStep, WeightConstant } from '../program.ts'
import { requantiseWide } from '../requantise/requantiseWide.ts'
import { toReal } from '../requantise/toReal.ts'
import type { CodeArray, Stored } from '../storage.ts'
import type { Products, SumRule } from './products.ts'
import { noScratch, require } from './runner.ts'

/** A layer's plan, and how many images of it one image of the program is: a matrix product has one for each vector. */
interface ExactLayer {
  readonly plan: ExactPlan
  readonly vectors: number
}

/** Checks shapes and unpacks weights. */
function exactLayer(
  name: string,
  weight: WeightConstant,
  window: RealLayerStep['window'],
  input: Stored,
  output: Stored,
  constants: ProgramConstants,
): ExactLayer {
  const weights = centredWeights(weight, constants)
  const [outChannels, groupChannels, kernelH = 1, kernelW = 1] = weight.shape
  if (window === null) {
    const outer = input.shape.slice(0, -1)
    require(weight.shape.length === 2 &&
      input.shape[outer.length] === groupChannels, name, 'weights that fit the input')
    require(sameShape(output.shape, [...outer, outChannels]), name, `an output of [..., ${outChannels}]`)
    const one = { h: 1, w: 1, groups: 1, outH: 1, outW: 1, kernelH: 1, kernelW: 1, strideH: 1, strideW: 1 }
    const plan = { channels: groupChannels, outChannels, ...one, dilationH: 1, dilationW: 1, top: 0, left: 0, weights }
    return { plan, vectors: outer.reduce((a, b) => a * b, 1) }
  }
  require(input.shape.length === 3 && output.shape.length === 3, name, 'input and output [C, H, W]')
  const [channels, h, w] = input.shape
  const [outputs, outH, outW] = output.shape
  const { groups } = window
  require(weight.shape.length === 4 && outputs === outChannels, name, 'weights that fit the output')
  require(groupChannels * groups === channels && outChannels % groups === 0, name, 'weights that fit the channels')
  const [strideH, strideW] = window.strides
  const [dilationH, dilationW] = window.dilations
  const [top, left] = window.pads
  const sizes = { channels, h, w, groups, outChannels, outH, outW, kernelH, kernelW }
  return { plan: { ...sizes, strideH, strideW, dilationH, dilationW, top, left, weights }, vectors: 1 }
}

/**
 * The products of any layer, sums in doubles, by plain kernels: for codes of 16 bits, or sums beyond int32. Throws `FormatError`
 * for a layer that does not fit its tensors.
 */
export function exactProducts(
  { name, weight, bias }: Pick<ConvStep, 'name' | 'weight' | 'bias'>,
  window: RealLayerStep['window'],
  input: Stored,
  output: Stored,
  constants: ProgramConstants,
  rule: SumRule,
): Products<SumRule, CodeArray> {
  const { plan, vectors } = exactLayer(name, weight, window, input, output, constants)
  const { channels, h, w, outChannels, outH, outW } = plan
  const starts = biasStarts(bias, outChannels, constants)
  const sums = new Float64Array(outW)
  return {
    plan: rule,
    needs: noScratch,
    run({ requantiser, target }, { x, images, zeroPoint, out }) {
      for (let row = 0; row < images * vectors * outChannels * outH; row++) {
        const m = Math.floor(row / outH) % outChannels
        const image = Math.floor(row / (outH * outChannels))
        exactSums(x, image * channels * h * w, plan, zeroPoint, m, row % outH, sums)
        for (let i = 0; i < outW; i++) sums[i] += starts[m]
        if (out instanceof Float32Array) {
          const { scale, offset } = requantiser
          toReal(sums, 0, outW, scale[m], offset?.[m] ?? 0, target.low, target.high, row * outW, 1, out)
        } else requantiseWide(requantiser, m, sums, outW, target, row * outW, 1, out)
      }
    },
  }
}
