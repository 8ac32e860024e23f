import { type ConvShape, copyPadded, paddedExtents } from './convShape.ts'
import { gatherProduct } from './gatherProduct.ts'
import { indexTable, latticeTable } from './indexTable.ts'

const f32 = Math.fround
const LANES = 4

/**
 * The gradient of `conv2d` with respect to the weight: gradWeight[oc, ic, kh, kw] = the sum over (n, oy, ox) of
 * gradOut[n, oc, oy, ox] * x[n, ic, oy * stride - padTop + kh * dilation, ox * stride - padLeft + kw * dilation]. Per
 * weight four f32 accumulators from +0: ox goes to accumulator ox mod 4; n, oy and ox ascending, product and sum rounded
 * each; at the end (l0 + l2) + (l1 + l3). A tap in the padding adds g * 0, which for finite g is the same as skipping it.
 */
export function conv2dGradWeight(
  x: Float32Array,
  gradOut: Float32Array,
  shape: ConvShape,
  gradWeight: Float32Array,
): void {
  const { batch, groups, height, width, outHeight, outWidth, kernelHeight, kernelWidth } = shape
  const channels = shape.channels / groups
  const outChannels = shape.outChannels / groups
  const [paddedHeight, paddedWidth] = paddedExtents(shape)
  const plane = paddedHeight * paddedWidth
  const kernel = channels * kernelHeight * kernelWidth

  const padded = new Float32Array(channels * plane)
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = shape
  const columns = latticeTable(channels, kernelHeight, kernelWidth, plane, dilationHeight * paddedWidth, dilationWidth)
  const outColumns = indexTable(kernel, 1)
  // Lane l holds the output columns l, l + 4, ...: its part of the output gradient, and the lattice it meets in x.
  const laneWidths = Array.from({ length: LANES }, (_, lane) => Math.ceil(Math.max(outWidth - lane, 0) / LANES))
  const laneTaps = laneWidths.map((laneWidth, lane) =>
    latticeTable(1, outHeight, laneWidth, 0, strideHeight * paddedWidth, LANES * strideWidth).map(
      (offset) => offset + lane * strideWidth,
    ),
  )
  const laneGrad = new Float32Array(outChannels * outHeight * laneWidths[0])
  const sums = new Float32Array(LANES * gradWeight.length)

  for (let n = 0; n < batch; n++) {
    for (let g = 0; g < groups; g++) {
      const xOffset = (n * groups + g) * channels * height * width
      copyPadded(x, xOffset, channels, height, width, shape.padTop, shape.padLeft, padded, paddedHeight, paddedWidth)
      const gradOffset = (n * groups + g) * outChannels * outHeight * outWidth
      for (let lane = 0; lane < LANES; lane++) {
        const taps = laneTaps[lane]
        copyLane(gradOut, gradOffset + lane, outChannels * outHeight, outWidth, laneWidths[lane], laneGrad)
        const outOffset = lane * gradWeight.length + g * outChannels * kernel
        gatherProduct(laneGrad, 0, taps.length, outChannels, padded, columns, taps, sums, outOffset, kernel, outColumns)
      }
    }
  }
  const length = gradWeight.length
  for (let i = 0; i < length; i++) {
    gradWeight[i] = f32(sums[i] + sums[i + 2 * length]) + f32(sums[i + length] + sums[i + 3 * length])
  }
}

/** Every fourth element of `rows` rows of `width` elements, `laneWidth` a row, from `offset` on. */
function copyLane(
  x: Float32Array,
  offset: number,
  rows: number,
  width: number,
  laneWidth: number,
  out: Float32Array,
): void {
  let i = 0
  for (let row = 0; row < rows; row++) {
    const from = offset + row * width
    for (let q = 0; q < laneWidth; q++) out[i++] = x[from + q * LANES]
  }
}
