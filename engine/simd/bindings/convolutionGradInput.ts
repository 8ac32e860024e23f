import { type Residue, residuesOf } from '../../kernels/conv2dGradInput.ts'
import type { ConvShape } from '../../kernels/convShape.ts'
import type { Kernels } from '../../kernels/index.ts'
import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'
import { gatherProduct, stepsOf, tableOf, UNITS } from './gatherProduct.ts'
import { type Border, borderArguments, layoutOf, paddedPictures } from './paddedPictures.ts'

/** A pair of residues that has pixels: see kernels/conv2dGradInput.ts. */
interface Phase {
  readonly vertical: Residue
  readonly horizontal: Residue
}

/** The gradient of a convolution with respect to its input: products over the bordered output gradient. */
export function bindConvolutionGradInput(simd: Simd<SimdExports>) {
  const { memory } = simd
  return {
    conv2dGradInput(gradOut, weight, shape, gradX) {
      memory.beginCall()
      const args = [memory.input(gradOut), memory.input(weight), shape, memory.output(gradX)] as const
      const { phases, isComplete } = phasesOf(shape)
      if (!isComplete) new Float32Array(memory.memory.buffer, args[3], gradX.length).fill(0)
      const { groups, channels, outChannels } = shape
      if (groups > 1 && groups === channels && groups === outChannels) depthwise(simd, phases, ...args)
      else product(simd, phases, ...args)
      memory.endCall()
    },
  } satisfies Partial<Kernels>
}

/** The phases with taps, and whether they reach every pixel. */
function phasesOf(shape: ConvShape): { phases: Phase[]; isComplete: boolean } {
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = shape
  const vertical = residuesOf(shape.height, shape.padTop, strideHeight, dilationHeight, shape.kernelHeight)
  const horizontal = residuesOf(shape.width, shape.padLeft, strideWidth, dilationWidth, shape.kernelWidth)
  const isPixels = ({ pixels }: Residue): boolean => pixels.length > 0
  const all = vertical
    .filter(isPixels)
    .flatMap((v) => horizontal.filter(isPixels).map((h) => ({ vertical: v, horizontal: h })))
  const phases = all.filter((phase) => phase.vertical.kernel.length * phase.horizontal.kernel.length > 0)
  return { phases, isComplete: phases.length === all.length }
}

/** The output gradient, with a border as wide as a tap looks back, and as far as the last pixel looks. */
function borderOf(shape: ConvShape): Border {
  const top = Math.floor(((shape.kernelHeight - 1) * shape.dilationHeight) / shape.strideHeight)
  const left = Math.floor(((shape.kernelWidth - 1) * shape.dilationWidth) / shape.strideWidth)
  return {
    planes: shape.batch * shape.outChannels,
    height: shape.outHeight,
    width: shape.outWidth,
    top,
    left,
    paddedHeight: top + Math.floor((shape.height - 1 + shape.padTop) / shape.strideHeight) + 1,
    paddedWidth: left + Math.floor((shape.width - 1 + shape.padLeft) / shape.strideWidth) + 1,
    strideHeight: 1,
    strideWidth: 1,
    reachHeight: top,
    reachWidth: left,
  }
}

/**
 * Where the taps of a phase lie, as byte offsets, in ascending oc and descending kh and kw: in the weight from
 * `channels * kernel` floats a channel of the output, and in pictures of the given plane and line from the border on.
 */
function tapTables(
  simd: Simd<SimdExports>,
  { vertical, horizontal }: Phase,
  shape: ConvShape,
  outChannels: number,
  weightStep: number,
  plane: number,
  line: number,
  { top, left }: Border,
): { taps: number; weightTaps: number; depth: number } {
  const depth = outChannels * vertical.kernel.length * horizontal.kernel.length
  const taps = tableOf(simd, depth)
  const weightTaps = tableOf(simd, depth)
  let i = 0
  for (let oc = 0; oc < outChannels; oc++) {
    vertical.kernel.forEach((kh, v) => {
      horizontal.kernel.forEach((kw, h) => {
        weightTaps.table[i] = 4 * (oc * weightStep + kh * shape.kernelWidth + kw)
        taps.table[i++] = 4 * (oc * plane + (top + vertical.shift[v]) * line + left + horizontal.shift[h])
      })
    })
  }
  return { taps: taps.pointer, weightTaps: weightTaps.pointer, depth }
}

function product(
  simd: Simd<SimdExports>,
  phases: readonly Phase[],
  gradOut: number,
  weight: number,
  shape: ConvShape,
  gradX: number,
): void {
  const { batch, groups, height, width } = shape
  const channels = shape.channels / groups
  const outChannels = shape.outChannels / groups
  const kernel = shape.kernelHeight * shape.kernelWidth
  const border = borderOf(shape)
  const pictures = paddedPictures(simd, gradOut, border)
  const { plane, line } = pictures
  for (const phase of phases) {
    const { vertical, horizontal } = phase
    const tables = tapTables(simd, phase, shape, outChannels, channels * kernel, plane, line, border)
    for (let g = 0; g < groups; g++) {
      const corner = vertical.origin[0] * line + horizontal.origin[0]
      const pixel = vertical.pixels[0] * width + horizontal.pixels[0]
      gatherProduct(
        simd,
        {
          pointer: weight + 4 * g * outChannels * channels * kernel,
          row: kernel,
          count: channels,
          taps: tables.weightTaps,
          consecutive: false,
        },
        {
          pictures: batch,
          lines: vertical.pixels.length,
          width: horizontal.pixels.length,
          from: {
            pointer: pictures.pointer + 4 * (g * outChannels * plane + corner),
            picture: shape.outChannels * plane,
            line,
            column: 1,
          },
          to: {
            pointer: gradX + 4 * (g * channels * height * width + pixel),
            picture: shape.channels * height * width,
            line: shape.strideHeight * width,
            column: shape.strideWidth,
          },
          row: height * width,
          taps: tables.taps,
          consecutive: false,
        },
        tables.depth,
        0,
      )
    }
  }
}

function depthwise(
  simd: Simd<SimdExports>,
  phases: readonly Phase[],
  gradOut: number,
  weight: number,
  shape: ConvShape,
  gradX: number,
): void {
  const { memory, dispatch } = simd
  const { batch, channels, height, width } = shape
  const kernel = shape.kernelHeight * shape.kernelWidth
  const border = borderOf(shape)
  const picture = layoutOf(border)
  const total = batch * channels
  const planes = Math.ceil(total / UNITS)
  const units = total === 0 ? 0 : Math.ceil(total / planes)
  const slot = 4 * (kernel + picture.plane + height * width) + 64
  const scratch = memory.allocate(units * slot)
  for (const phase of phases) {
    const { vertical, horizontal } = phase
    // The corner is part of the taps here: a call knows the picture, but not where a phase begins in it.
    const corner = { ...border, top: border.top + vertical.origin[0], left: border.left + horizontal.origin[0] }
    const tables = tapTables(simd, phase, shape, 1, 0, 0, picture.line, corner)
    const lines = vertical.pixels.length
    const columns = horizontal.pixels.length
    dispatch('depthwise', units, 2 * total * lines * columns * tables.depth, [
      gradOut,
      border.height,
      border.width,
      ...borderArguments(border, picture),
      weight,
      4 * kernel,
      tables.weightTaps,
      stepsOf(simd, tables.taps, tables.depth),
      tables.depth,
      4 * picture.line,
      0,
      channels,
      1,
      gradX + 4 * (vertical.pixels[0] * width + horizontal.pixels[0]),
      4 * height * width,
      4 * shape.strideHeight * width,
      4 * shape.strideWidth,
      lines,
      columns,
      total,
      planes,
      scratch,
      slot,
    ])
  }
}
