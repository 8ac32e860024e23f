import { type CodeTarget, type RequantiserTable, requantiseRow } from './requantiser.ts'
import { toReal } from './toReal.ts'

/**
 * `requantiseRow`, or `toReal` where `out` is a Float32Array: with the table's scale and offset, limited to the target's
 * low ... high, which are real numbers then. Example: scale 0.5, offset 0.25: the sum 3 becomes 1.75, or with 'f32-half-even' the code 2.
 */
export function storeRow(
  table: RequantiserTable,
  c: number,
  acc: Int32Array,
  accStart: number,
  count: number,
  target: CodeTarget,
  outStart: number,
  outStride: number,
  out: Int8Array | Float32Array,
): void {
  if (out instanceof Float32Array) {
    const { scale, offset } = table
    toReal(acc, accStart, count, scale[c], offset?.[c] ?? 0, target.low, target.high, outStart, outStride, out)
  } else requantiseRow(table, c, acc, accStart, count, target, outStart, outStride, out)
}
