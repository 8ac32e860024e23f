import { type ConvShape, paddedExtents } from '../../kernels/convShape.ts'
import type { Kernels } from '../../kernels/index.ts'
import type { SimdExports } from '../exports.ts'
import type { Simd } from '../simd.ts'
import { bindConvolutionGradInput } from './convolutionGradInput.ts'
import {
  gatherProduct,
  type PackedRows,
  packRows,
  type Rows,
  stepsOf,
  stepTable,
  tableOf,
  UNITS,
} from './gatherProduct.ts'
import { type Border, borderArguments, columnOffset, type Layout, layoutOf, paddedPictures } from './paddedPictures.ts'

/** Vectors of pixels in a panel of `laneProduct`: long, as sums wait between two blocks, but rows stay in a second-level cache. */
const BLOCK = 512
/** How many units `laneProduct` is cut into at least, where there are as many panels. */
const LANE_UNITS = 16
/** Bytes of sums that a unit of `laneProduct` keeps, at most if it can. */
const SUMS = 2 ** 18

/** Convolutions and their gradients. */
export function bindConvolutions(simd: Simd<SimdExports>) {
  const { memory, dispatch } = simd
  return {
    addChannelBias(x, bias, batch, channels, plane, out) {
      memory.beginCall()
      const from = memory.input(x)
      const args = [from, memory.input(bias), channels, plane, x === out ? memory.update(out) : memory.output(out)]
      dispatch('addChannelBias', batch * channels, out.length, args)
      memory.endCall()
    },
    conv2d(x, weight, bias, shape, out) {
      memory.beginCall()
      const biasPointer = bias === null ? 0 : memory.input(bias)
      const [from, to] = [memory.input(x), memory.output(out)]
      if (isDepthwise(shape)) depthwise(simd, from, memory.input(weight), biasPointer, shape, to)
      else product(simd, from, weight, biasPointer, shape, to)
      memory.endCall()
    },
    ...bindConvolutionGradInput(simd),
    conv2dGradWeight(x, gradOut, shape, gradWeight) {
      memory.beginCall()
      const args = [memory.input(x), memory.input(gradOut), shape, memory.output(gradWeight)] as const
      if (isDepthwise(shape)) depthwiseGradWeight(simd, ...args)
      else laneProduct(simd, ...args)
      memory.endCall()
    },
  } satisfies Partial<Kernels>
}

function isDepthwise({ groups, channels }: ConvShape): boolean {
  return groups > 1 && groups === channels
}

function borderOf(shape: ConvShape): Border {
  const [paddedHeight, paddedWidth] = paddedExtents(shape)
  const { height, width, padTop: top, padLeft: left, strideHeight, strideWidth } = shape
  const reachHeight = (shape.kernelHeight - 1) * shape.dilationHeight
  const reachWidth = (shape.kernelWidth - 1) * shape.dilationWidth
  const planes = shape.batch * shape.channels
  return {
    planes,
    height,
    width,
    top,
    left,
    paddedHeight,
    paddedWidth,
    strideHeight,
    strideWidth,
    reachHeight,
    reachWidth,
  }
}

/** Where the taps of one group lie in its bordered pictures, as byte offsets, in ascending (ic, kh, kw). */
function tapTable(simd: Simd<SimdExports>, shape: ConvShape, channels: number, pictures: Layout): number {
  const { kernelHeight, kernelWidth, dilationHeight, dilationWidth } = shape
  const { pointer, table } = tableOf(simd, channels * kernelHeight * kernelWidth)
  const columns = Array.from({ length: kernelWidth }, (_, kw) => 4 * columnOffset(pictures, kw * dilationWidth))
  let i = 0
  for (let ic = 0; ic < channels; ic++) {
    for (let kh = 0; kh < kernelHeight; kh++) {
      const line = 4 * (ic * pictures.plane + kh * dilationHeight * pictures.line)
      for (let kw = 0; kw < kernelWidth; kw++) table[i++] = line + columns[kw]
    }
  }
  return pointer
}

/** The weights of each group as rows of a product: `count` of `depth` indices. Kept ones are packed once and for all. */
function weightRows(
  simd: Simd<SimdExports>,
  weight: Float32Array,
  groups: number,
  count: number,
  depth: number,
): (Rows | PackedRows)[] {
  const { memory } = simd
  const group = 4 * count * depth
  const asGiven = (): Rows[] => {
    const pointer = memory.input(weight)
    const taps = stepTable(simd, depth, 1)
    const rows = { row: depth, count, taps, consecutive: true }
    return Array.from({ length: groups }, (_, g) => ({ ...rows, pointer: pointer + g * group }))
  }
  // An odd number of rows takes more room than the weights themselves.
  if (count % 2 === 1) return asGiven()
  const form = memory.keptForm(weight, `${count} rows of ${depth}`, (to) => {
    for (const [g, rows] of asGiven().entries()) packRows(simd, rows, depth, to + g * group)
  })
  return form === null ? asGiven() : Array.from({ length: groups }, (_, g) => ({ packed: form + g * group, count }))
}

function product(
  simd: Simd<SimdExports>,
  x: number,
  weight: Float32Array,
  bias: number,
  shape: ConvShape,
  out: number,
): void {
  const { batch, groups, outHeight, outWidth } = shape
  const channels = shape.channels / groups
  const outChannels = shape.outChannels / groups
  const depth = channels * shape.kernelHeight * shape.kernelWidth
  const outPlane = outHeight * outWidth
  const pictures = paddedPictures(simd, x, borderOf(shape))
  const taps = tapTable(simd, shape, channels, pictures)
  weightRows(simd, weight, groups, outChannels, depth).forEach((rows, g) => {
    gatherProduct(
      simd,
      rows,
      {
        pictures: batch,
        lines: outHeight,
        width: outWidth,
        from: {
          pointer: pictures.pointer + 4 * g * channels * pictures.plane,
          picture: shape.channels * pictures.plane,
          line: pictures.windowLine,
          column: 1,
        },
        to: {
          pointer: out + 4 * g * outChannels * outPlane,
          picture: shape.outChannels * outPlane,
          line: outWidth,
          column: 1,
        },
        row: outPlane,
        taps,
        consecutive: false,
      },
      depth,
      bias === 0 ? 0 : bias + 4 * g * outChannels,
    )
  })
}

function laneProduct(simd: Simd<SimdExports>, x: number, gradOut: number, shape: ConvShape, gradWeight: number): void {
  const { memory, dispatch } = simd
  const { batch, groups, outHeight, outWidth } = shape
  const channels = shape.channels / groups
  const outChannels = shape.outChannels / groups
  const columns = channels * shape.kernelHeight * shape.kernelWidth
  const outPlane = outHeight * outWidth
  const depth = batch * outHeight * Math.ceil(outWidth / 4)
  if (depth === 0) {
    new Float32Array(memory.memory.buffer, gradWeight, shape.outChannels * columns).fill(0)
    return
  }
  const pairs = Math.ceil(outChannels / 2)
  const panels = Math.ceil(columns / 4)
  const panelsPerUnit = Math.max(1, Math.min(Math.floor(SUMS / (128 * pairs)), Math.ceil(panels / LANE_UNITS)))
  const units = Math.ceil(panels / panelsPerUnit)
  const slot = 68 * BLOCK + 128 * panelsPerUnit * pairs

  const pictures = paddedPictures(simd, x, borderOf(shape))
  const taps = tapTable(simd, shape, channels, pictures)
  const packed = memory.allocate(32 * pairs * depth)
  const scratch = memory.allocate(units * slot)
  for (let g = 0; g < groups; g++) {
    const rows = gradOut + 4 * g * outChannels * outPlane
    const rowArgs = [rows, 4 * shape.outChannels * outPlane, 4 * outPlane, outChannels, batch, outHeight, outWidth]
    dispatch('packLanes', pairs, outChannels * batch * outPlane, [...rowArgs, packed])
    dispatch('laneProduct', units, 2 * outChannels * columns * batch * outPlane, [
      packed,
      outChannels,
      pictures.pointer + 4 * g * channels * pictures.plane,
      taps,
      columns,
      4 * shape.channels * pictures.plane,
      4 * pictures.windowLine,
      batch,
      outHeight,
      outWidth,
      gradWeight + 4 * g * outChannels * columns,
      BLOCK,
      panelsPerUnit,
      scratch,
      slot,
    ])
  }
}

function depthwise(
  simd: Simd<SimdExports>,
  x: number,
  weight: number,
  bias: number,
  shape: ConvShape,
  out: number,
): void {
  const { memory, dispatch } = simd
  const { batch, channels, outChannels, outHeight, outWidth } = shape
  const depth = shape.kernelHeight * shape.kernelWidth
  const border = borderOf(shape)
  const picture = layoutOf(border)
  const total = batch * outChannels
  const planes = Math.ceil(total / UNITS)
  const units = total === 0 ? 0 : Math.ceil(total / planes)
  const slot = 4 * (depth + picture.plane) + 64
  dispatch('depthwise', units, 2 * total * outHeight * outWidth * depth, [
    x,
    border.height,
    border.width,
    ...borderArguments(border, picture),
    weight,
    4 * depth,
    stepTable(simd, depth, 1),
    stepsOf(simd, tapTable(simd, shape, 1, picture), depth),
    depth,
    4 * picture.windowLine,
    bias,
    outChannels,
    outChannels / channels,
    out,
    4 * outHeight * outWidth,
    4 * outWidth,
    4,
    outHeight,
    outWidth,
    total,
    planes,
    memory.allocate(units * slot),
    slot,
  ])
}

function depthwiseGradWeight(
  simd: Simd<SimdExports>,
  x: number,
  gradOut: number,
  shape: ConvShape,
  gradWeight: number,
): void {
  const { memory, dispatch } = simd
  const { batch, channels, outChannels, outHeight, outWidth } = shape
  const depth = shape.kernelHeight * shape.kernelWidth
  const border = borderOf(shape)
  const picture = layoutOf(border)
  const slot = 80 * Math.ceil(depth / 5) + 4 * picture.plane + 64
  dispatch('depthwiseGradWeight', outChannels, 2 * batch * outChannels * outHeight * outWidth * depth, [
    x,
    border.height,
    border.width,
    ...borderArguments(border, picture),
    gradOut,
    batch,
    outHeight,
    outWidth,
    tapTable(simd, shape, 1, picture),
    depth,
    4 * picture.windowLine,
    outChannels,
    outChannels / channels,
    gradWeight,
    memory.allocate(outChannels * slot),
    slot,
  ])
}
