import { exponentOf, powerOfTwo } from './doubleBits.ts'

const LN2 = Math.LN2
const SQRT2 = Math.SQRT2
const SMALLEST_NORMAL = 2.2250738585072014e-308
const TWO_54 = 18014398509481984

/**
 * The natural logarithm, double in and out, with + - * / and the exponent's bits only. x = 2^k m with m in
 * [sqrt 1/2, sqrt 2], then log m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172, by its series to s^17. Relative error
 * below 2e-15, also next to 1. log(0) is -Infinity; of a negative number, NaN.
 */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN
  if (x === Number.POSITIVE_INFINITY) return x
  let k = 0
  if (x < SMALLEST_NORMAL) {
    x *= TWO_54
    k = -54
  }
  const exponent = exponentOf(x)
  k += exponent
  let m = x * powerOfTwo(-exponent)
  if (m > SQRT2) {
    m *= 0.5
    k += 1
  }
  const s = (m - 1) / (m + 1)
  const z = s * s
  let sum = 1 / 17
  sum = sum * z + 1 / 15
  sum = sum * z + 1 / 13
  sum = sum * z + 1 / 11
  sum = sum * z + 1 / 9
  sum = sum * z + 1 / 7
  sum = sum * z + 1 / 5
  sum = sum * z + 1 / 3
  sum = sum * z + 1
  return k * LN2 + 2 * s * sum
}
