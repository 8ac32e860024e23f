import { NumericError } from '../../../engine/base/errors.ts'
import type { Q31 } from './quantiseMultiplier.ts'

/**
 * The right shift with which TOSA's apply_scale_32 states a Q31 multiplier: s = 31 - e, 1.0 = (2^30, 30). Within TOSA's ranges
 * (this one, `tosaLimit` for the sums, 0 <= m < 2^31) a RESCALE with SINGLE_ROUND is 'q31-single', and with DOUBLE_ROUND
 * 'q31-double', bit for bit:
 *
 *     SINGLE: (v * m + 2^(s-1)) >> s, the very formula of S.
 *     DOUBLE: the same with 2^(s-1) + 2^30 for v >= 0 and 2^(s-1) - 2^30 for v < 0 where s > 31. D first makes p =
 *     floor((v * m + 2^30) / 2^31), then adds half of 2^k, k = s - 31, to p (less one unit for p < 0) and drops k bits: floors
 *     of floors are one floor, and 2^31 * 2^(k-1) = 2^(s-1), so the terms are those of TOSA (v < 0 with p = 0 gives 0 in both).
 *     For s <= 31 both round once.
 *
 * Throws `NumericError` unless 2 <= s <= 62, as TOSA requires. Example: (2^30, -9) -> 40; (2^31 - 1, 30) throws.
 */
export function tosaShift({ multiplier, shift }: Q31): number {
  const right = 31 - shift
  if (!(right >= 2 && right <= 62)) {
    throw new NumericError(
      `tosaShift: the multiplier ${multiplier} * 2^${shift - 31} needs a right shift of ${right}, TOSA has 2 ... 62; check the scales it came from`,
    )
  }
  return right
}

/**
 * What TOSA requires of the sums that it rescales with a right shift s: -limit <= v < limit, limit = 2^(s-1). From s = 32 on
 * every int32 will do. Example: s = 20 -> 524288.
 */
export function tosaLimit(right: number): number {
  return 2 ** (right - 1)
}
