import { roundHalfAway, roundHalfEven } from '../../../engine/base/rounding.ts'
import type { CodeTarget, RequantiserTable } from './requantiser.ts'

/** The kinds whose arithmetic takes sums of any size. */
const wideKinds: readonly string[] = ['f32-half-even', 'f64-half-away', 'f64-half-even-zero-inside']

/** Whether a requantiser can take sums beyond int32. Example: 'q31-single' cannot. */
export function takesWideSums({ kind }: { readonly kind: string }): boolean {
  return wideKinds.includes(kind)
}

/**
 * `requantiseRow` for sums that are integers in doubles, exact below 2^53, to codes of up to 16 bits: the formulas of f32HalfEven.ts,
 * f64HalfAway.ts and f64HalfEvenZeroInside.ts. Example: 'f64-half-away', scale 2^-20, sum 3 * 2^31: 6144.
 */
export function requantiseWide(
  { kind, scale }: RequantiserTable,
  c: number,
  sums: Float64Array,
  count: number,
  { zeroPoint, low, high }: CodeTarget,
  outStart: number,
  outStride: number,
  out: Int8Array | Int16Array,
): void {
  const s = scale[c]
  for (let i = 0; i < count; i++) {
    const sum = sums[i]
    const q =
      kind === 'f64-half-away'
        ? roundHalfAway(sum * s) + zeroPoint
        : kind === 'f32-half-even'
          ? roundHalfEven(Math.fround(Math.fround(sum) * s)) + zeroPoint
          : roundHalfEven(sum * s + zeroPoint)
    out[outStart + i * outStride] = Math.min(Math.max(q, low), high)
  }
}
