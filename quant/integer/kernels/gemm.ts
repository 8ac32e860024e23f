import type { CodeTarget, RequantiserTable } from '../requantise/requantiser.ts'
import { storeRow } from '../requantise/storeRow.ts'
import { type PairSaturation, saturationOf } from './saturation.ts'

/** A fully connected layer made ready for `gemm`. */
export interface GemmPlan {
  readonly taps: number
  readonly channels: number
  /** Rows that share one pass over the weights; a multiple of 8. */
  readonly rowsPerBlock: number
  /** Pairs as `packWeights` lays them out, channels filled up with zeros to a multiple of 4. */
  readonly weights: Int16Array
  /** Filled up alike. */
  readonly bias: Int32Array
  /** null: sums are exact. */
  readonly saturation: PairSaturation | null
  readonly requantiser: RequantiserTable
  readonly target: CodeTarget
}

/**
 * Codes minus their zero point as int16 pairs along k, the operand of `gemm`: whole tiles of eight rows as [pairs][8][2], the
 * rows left over one by one as [pairs][2]. An odd last k is filled up with 0.
 * Example: one row [3, 5, 4], zero point 3: (0, 2) (1, 0).
 */
export function packRows(x: Int8Array, rows: number, taps: number, zeroPoint: number, packed: Int16Array): void {
  const pairs = (taps + 1) >> 1
  const tiled = rows - (rows % 8)
  for (let row = 0; row < rows; row++) {
    const lane = row < tiled ? row % 8 : 0
    const step = row < tiled ? 16 : 2
    let to = (row - lane) * pairs * 2 + lane * 2
    for (let k = 0; k < taps; k += 2) {
      packed[to] = x[row * taps + k] - zeroPoint
      packed[to + 1] = k + 1 < taps ? x[row * taps + k + 1] - zeroPoint : 0
      to += step
    }
  }
}

/**
 * acc = bias + x w^T on rows from `packRows`, and what saturation adds to it (`saturationOf`), requantised to `out` [rows,
 * channels]; real numbers where `out` is a Float32Array (`storeRow`). int32 arithmetic that wraps; lowering has proved that it
 * never does. Example: row (1, 2), weights (10, 1), bias 5: 17.
 */
export function gemm(
  packed: Int16Array,
  rows: number,
  plan: GemmPlan,
  sums: Int32Array,
  out: Int8Array | Float32Array,
): void {
  const { taps, channels, weights, bias, saturation, requantiser, target, rowsPerBlock } = plan
  const pairs = (taps + 1) >> 1
  const tiled = rows - (rows % 8)
  for (let block = 0; block < rows; block += rowsPerBlock) {
    const count = Math.min(rowsPerBlock, rows - block)
    for (let c = 0; c < channels; c += 4) {
      for (let r = 0; r < count; r++) {
        const row = block + r
        const lane = row < tiled ? row % 8 : 0
        const step = row < tiled ? 16 : 2
        const from = (row - lane) * pairs * 2 + lane * 2
        let at = from
        let w = c * pairs * 2
        let a0 = bias[c]
        let a1 = bias[c + 1]
        let a2 = bias[c + 2]
        let a3 = bias[c + 3]
        for (let k = 0; k < pairs; k++) {
          const first = packed[at]
          const second = packed[at + 1]
          a0 = (a0 + Math.imul(first, weights[w]) + Math.imul(second, weights[w + 1])) | 0
          a1 = (a1 + Math.imul(first, weights[w + 2]) + Math.imul(second, weights[w + 3])) | 0
          a2 = (a2 + Math.imul(first, weights[w + 4]) + Math.imul(second, weights[w + 5])) | 0
          a3 = (a3 + Math.imul(first, weights[w + 6]) + Math.imul(second, weights[w + 7])) | 0
          at += step
          w += 8
        }
        sums[r] = a0
        sums[count + r] = a1
        sums[2 * count + r] = a2
        sums[3 * count + r] = a3
        if (saturation === null) continue
        for (let j = 0; j < 4 && c + j < channels; j++) {
          sums[j * count + r] += saturationOf(packed, from, step, saturation, c + j)
        }
      }
      for (let j = 0; j < 4 && c + j < channels; j++) {
        storeRow(requantiser, c + j, sums, j * count, count, target, block * channels + c + j, channels, out)
      }
    }
  }
}
