import { type CodeTarget, type RequantiserTable, requantiseRow } from '../requantise/requantiser.ts'

/** A layer whose pairs of products saturate, made ready. A matrix product is a convolution of one pixel. */
export interface SaturatingPlan {
  readonly channels: number
  readonly h: number
  readonly w: number
  /** What a code is more than what is kept, and the zero point of codes as they are outside. */
  readonly offset: number
  readonly zeroPoint: number
  readonly groups: number
  readonly groupOut: number
  readonly outH: number
  readonly outW: number
  readonly strideH: number
  readonly strideW: number
  readonly top: number
  readonly left: number
  /** By k: row, column and channel of the group that the tap reads, from the window's corner. */
  readonly rows: Int32Array
  readonly columns: Int32Array
  readonly planes: Int32Array
  /** [channel][k], an odd k filled up with 0. */
  readonly weights: Int8Array
  /** bias - zeroPoint * sum of the channel's weights. */
  readonly starts: Int32Array
  readonly requantiser: RequantiserTable
  readonly target: CodeTarget
}

/**
 * A convolution as x86 without VNNI sums it (VPMADDUBSW): acc = start + sum over pairs of k of sat16(x[k] w[k] + x[k+1] w[k+1]) on
 * unsigned raw codes x, padding being the zero point; then requantised. `sums` holds one row of outputs.
 * Example: codes 255, 255 by weights 127, 127: 64770 saturates to 32767.
 */
export function saturatingLayer(
  x: Int8Array,
  images: number,
  plan: SaturatingPlan,
  sums: Int32Array,
  out: Int8Array,
): void {
  const { channels, h, w, offset, zeroPoint, groups, groupOut, outH, outW, strideH, strideW, top, left } = plan
  const { rows, columns, planes, weights, starts, requantiser, target } = plan
  const taps = rows.length
  const outChannels = groups * groupOut
  for (let row = 0; row < images * outChannels * outH; row++) {
    const oy = row % outH
    const m = Math.floor(row / outH) % outChannels
    const image = Math.floor(row / (outH * outChannels))
    const plane = image * channels + Math.floor(m / groupOut) * (channels / groups)
    for (let ox = 0; ox < outW; ox++) {
      let sum = starts[m]
      let pending = 0
      for (let k = 0; k < taps; k++) {
        const y = oy * strideH - top + rows[k]
        const column = ox * strideW - left + columns[k]
        const isInside = y >= 0 && y < h && column >= 0 && column < w
        const code = isInside ? x[((plane + planes[k]) * h + y) * w + column] + offset : zeroPoint
        const product = code * weights[m * taps + k]
        if (k % 2 === 0) pending = product
        else sum = (sum + Math.min(Math.max(pending + product, -32768), 32767)) | 0
      }
      sums[ox] = sum
    }
    requantiseRow(requantiser, m, sums, 0, outW, target, row * outW, 1, out)
  }
}
