import { exp } from './exp.ts'
import { log1p } from './log1p.ts'

/**
 * log(1 + e^x) = max(x, 0) + log1p(e^-|x|), double in and out: neither overflows nor loses the negative tail (which is
 * e^x). Relative error below 1e-14 down to x = -708, where the result becomes 0.
 */
export function softplus(x: number): number {
  return Math.max(x, 0) + log1p(exp(-Math.abs(x)))
}
