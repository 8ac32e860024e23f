/**
 * S of one value: (x * m + 2^(30 - e)) >> (31 - e), one rounding, ties towards plus infinity; see requantise/q31Single.ts for the
 * definition and for how it stays exact. x an int32, 0 <= m < 2^31, -31 <= e <= 14.
 * Example, m = 2^30, e = -9 (2^-10): 511 -> 0, 512 -> 1, -512 -> 0.
 */
export function multiplyQ31Single(x: number, multiplier: number, shift: number): number {
  const mh = Math.floor(multiplier / 65536)
  const ml = multiplier - 65536 * mh
  return Math.floor((x * mh + Math.floor((x * ml) / 65536) + 2 ** (14 - shift)) * 2 ** (shift - 15))
}
