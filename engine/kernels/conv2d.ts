import { addChannelBias } from './addChannelBias.ts'
import { type ConvShape, copyPadded, paddedExtents } from './convShape.ts'
import { gatherProduct } from './gatherProduct.ts'
import { indexTable, latticeTable } from './indexTable.ts'

/**
 * out[n, oc, oy, ox] = bias[oc] + sum over (ic, kh, kw) of
 * x[n, ic, oy * stride - padTop + kh * dilation, ox * stride - padLeft + kw * dilation] * weight[oc, ic, kh, kw],
 * ic running over the channels of oc's group. Per output one f32 accumulator from +0, taps in ascending (ic, kh, kw),
 * product and sum rounded each; then the bias in one more rounding. A tap in the padding adds 0 * w, which for finite w
 * is the same as skipping it (the accumulator is never -0).
 */
export function conv2d(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array | null,
  shape: ConvShape,
  out: Float32Array,
): void {
  const { batch, groups, height, width, outHeight, outWidth, kernelHeight, kernelWidth } = shape
  const channels = shape.channels / groups
  const outChannels = shape.outChannels / groups
  const [paddedHeight, paddedWidth] = paddedExtents(shape)
  const plane = paddedHeight * paddedWidth
  const outPlane = outHeight * outWidth
  const depth = channels * kernelHeight * kernelWidth

  const padded = new Float32Array(channels * plane)
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = shape
  const columns = latticeTable(1, outHeight, outWidth, 0, strideHeight * paddedWidth, strideWidth)
  const taps = latticeTable(channels, kernelHeight, kernelWidth, plane, dilationHeight * paddedWidth, dilationWidth)
  const outColumns = indexTable(outPlane, 1)

  out.fill(0)
  for (let n = 0; n < batch; n++) {
    for (let g = 0; g < groups; g++) {
      const xOffset = (n * groups + g) * channels * height * width
      copyPadded(x, xOffset, channels, height, width, shape.padTop, shape.padLeft, padded, paddedHeight, paddedWidth)
      const aOffset = g * outChannels * depth
      const outOffset = (n * groups + g) * outChannels * outPlane
      gatherProduct(weight, aOffset, depth, outChannels, padded, columns, taps, out, outOffset, outPlane, outColumns)
    }
  }
  if (bias !== null) addChannelBias(out, bias, batch, shape.outChannels, outPlane, out)
}
