import { exp } from './exp.ts'
import { log } from './log.ts'

/**
 * x^y for float32 values held in doubles, the sign and every special case as C's powf: x^0 and 1^y are 1 even for NaN,
 * (-1)^(+-Infinity) is 1, a negative finite base wants an integer exponent (else NaN), and the result has the sign of x where
 * the exponent is odd, else none. The magnitude is e^(y log |x|): relative error below 1e-12 within the range of float32, so
 * that one rounding leaves at most 0.5001 ulp. The square, of all exponents the most common, is one exact product.
 */
export function pow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1
  if (y === 2) return x * x
  const base = Math.abs(x)
  // At base 1 an infinite y would make the product with log 1 = 0 a NaN.
  const magnitude = base === 1 && !Number.isNaN(y) ? 1 : exp(y * log(base))
  if (x > 0 || (x === 0 && 1 / x > 0)) return magnitude
  if (x < 0 && base !== Number.POSITIVE_INFINITY && Math.floor(y) !== y) return Number.NaN
  const isOdd = y - 2 * Math.floor(y / 2) === 1
  return isOdd ? -magnitude : magnitude
}
