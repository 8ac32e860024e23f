import type { CodeTarget, RequantiserTable } from '../requantise/requantiser.ts'
import { storeRow } from '../requantise/storeRow.ts'
import { type PairSaturation, saturationOf } from './saturation.ts'

/** A convolution made ready for `convolve`. */
export interface ConvolutionPlan {
  /** Pairs of an image, and of a group of it, in `packed`. */
  readonly imagePairs: number
  readonly groupPairs: number
  /** Byte offset of the first pair of every four outputs of a row, row-major; the last of a row may have fewer. */
  readonly quads: Int32Array
  readonly quadsPerRow: number
  /** Rows of outputs that are computed for every channel before the next, chosen for the cache. */
  readonly rowsPerBlock: number
  /** Byte offset of each pair of taps from the pair of an output. */
  readonly offsets: Int32Array
  /** Pairs as `packWeights` lays them out. */
  readonly weights: Int16Array
  readonly bias: Int32Array
  /** null: sums are exact. */
  readonly saturation: PairSaturation | null
  readonly groups: number
  /** Output channels of a group. */
  readonly groupOut: number
  readonly outH: number
  readonly outW: number
  readonly requantiser: RequantiserTable
  readonly target: CodeTarget
  /** Sums that a unit of work needs: four channels of a block. */
  readonly slot: number
}

/**
 * Integer convolution on codes from `packPlanes`, requantised to `out` [images, groups * groupOut, outH, outW]:
 *
 *     acc = bias + sum over pairs k of first * w[k].first + second * w[k].second
 *
 * and what saturation adds to it, see `saturationOf`. Real numbers are written where `out` is a Float32Array (`storeRow`). int32
 * arithmetic that wraps; lowering has proved that it never does. Order is free, since the sum is exact.
 * Example: pairs (1, 2) and (3, 0), weights (10, 1) and (2, 7), bias 5: 5 + 12 + 6 = 23.
 */
export function convolve(
  packed: Int16Array,
  images: number,
  plan: ConvolutionPlan,
  sums: Int32Array,
  out: Int8Array | Float32Array,
): void {
  const { groups, groupOut, outH, outW, bias, saturation, requantiser, target, imagePairs, groupPairs } = plan
  const fours = groupOut - (groupOut % 4)
  const channels = groups * groupOut
  for (let image = 0; image < images; image++) {
    for (let c = 0; c < channels; ) {
      const group = Math.floor(c / groupOut)
      const width = c % groupOut < fours ? 4 : 1
      const from = 2 * (image * imagePairs + group * groupPairs)
      for (let y = 0; y < outH; y++) {
        if (width === 4) dotFour(packed, from, plan, y, c, bias, sums)
        else dotOne(packed, from, plan, y, c, bias, sums)
        for (let j = 0; j < width; j++) {
          if (saturation !== null) saturateRow(packed, from, plan, saturation, y, c + j, sums, j * outW)
          const to = ((image * channels + c + j) * outH + y) * outW
          storeRow(requantiser, c + j, sums, j * outW, outW, target, to, 1, out)
        }
      }
      c += width
    }
  }
}

/** One row of outputs of four channels: weights interleaved, eight a pair of taps. */
function dotFour(
  packed: Int16Array,
  from: number,
  { quads, quadsPerRow, offsets, weights, outW }: ConvolutionPlan,
  y: number,
  channel: number,
  bias: Int32Array,
  sums: Int32Array,
): void {
  const taps = offsets.length
  const b0 = bias[channel]
  const b1 = bias[channel + 1]
  const b2 = bias[channel + 2]
  const b3 = bias[channel + 3]
  for (let ox = 0; ox < outW; ox++) {
    const base = from + (quads[y * quadsPerRow + (ox >> 2)] >> 1) + 2 * (ox & 3)
    let a0 = b0
    let a1 = b1
    let a2 = b2
    let a3 = b3
    let w = channel * taps * 2
    for (let k = 0; k < taps; k++) {
      const at = base + (offsets[k] >> 1)
      const first = packed[at]
      const second = packed[at + 1]
      a0 = (a0 + Math.imul(first, weights[w]) + Math.imul(second, weights[w + 1])) | 0
      a1 = (a1 + Math.imul(first, weights[w + 2]) + Math.imul(second, weights[w + 3])) | 0
      a2 = (a2 + Math.imul(first, weights[w + 4]) + Math.imul(second, weights[w + 5])) | 0
      a3 = (a3 + Math.imul(first, weights[w + 6]) + Math.imul(second, weights[w + 7])) | 0
      w += 8
    }
    sums[ox] = a0
    sums[outW + ox] = a1
    sums[2 * outW + ox] = a2
    sums[3 * outW + ox] = a3
  }
}

/** One row of outputs of one channel: depthwise convolutions, and what is left of a channel count not divisible by 4. */
function dotOne(
  packed: Int16Array,
  from: number,
  { quads, quadsPerRow, offsets, weights, outW }: ConvolutionPlan,
  y: number,
  channel: number,
  bias: Int32Array,
  sums: Int32Array,
): void {
  const taps = offsets.length
  for (let ox = 0; ox < outW; ox++) {
    const base = from + (quads[y * quadsPerRow + (ox >> 2)] >> 1) + 2 * (ox & 3)
    let sum = bias[channel]
    let w = channel * taps * 2
    for (let k = 0; k < taps; k++) {
      const at = base + (offsets[k] >> 1)
      sum = (sum + Math.imul(packed[at], weights[w]) + Math.imul(packed[at + 1], weights[w + 1])) | 0
      w += 2
    }
    sums[ox] = sum
  }
}

/** What saturation adds to one row of outputs of one channel. */
function saturateRow(
  packed: Int16Array,
  from: number,
  { quads, quadsPerRow, outW }: ConvolutionPlan,
  saturation: PairSaturation,
  y: number,
  channel: number,
  sums: Int32Array,
  start: number,
): void {
  for (let ox = 0; ox < outW; ox++) {
    const base = from + (quads[y * quadsPerRow + (ox >> 2)] >> 1) + 2 * (ox & 3)
    sums[start + ox] += saturationOf(packed, base, 2, saturation, channel)
  }
}
