import { powerOfTwo } from './doubleBits.ts'

const LOG2_E = Math.LOG2E
// ln 2 in two parts. The first has 32 significant bits, so n * LN2_HIGH is exact for |n| < 2^21.
const LN2_HIGH = 0.6931471803691238
const LN2_LOW = 1.9082149292705877e-10
// 1.5 * 2^52: adding and subtracting it rounds to the nearest integer, ties to even.
const MAGIC = 6755399441055744

/**
 * e^x, double in and out, with + - * and one power of two only. x = n ln 2 + r with |r| <= ln 2 / 2, then the Taylor
 * series of e^r to r^11. Relative error below 1e-14, so that one rounding to float32 leaves at most 0.501 ulp.
 * Above 709 the result is Infinity and below -708 it is 0 (double's own limits are 709.78 and -745.13; float32's are
 * 88.72 and -103.97). NaN gives NaN.
 */
export function exp(x: number): number {
  if (x > 709) return Number.POSITIVE_INFINITY
  if (x < -708) return 0
  const n = x * LOG2_E + MAGIC - MAGIC
  const r = x - n * LN2_HIGH - n * LN2_LOW
  let sum = 1 / 39916800
  sum = sum * r + 1 / 3628800
  sum = sum * r + 1 / 362880
  sum = sum * r + 1 / 40320
  sum = sum * r + 1 / 5040
  sum = sum * r + 1 / 720
  sum = sum * r + 1 / 120
  sum = sum * r + 1 / 24
  sum = sum * r + 1 / 6
  sum = sum * r + 1 / 2
  sum = sum * r + 1
  sum = sum * r + 1
  return sum * powerOfTwo(n)
}
