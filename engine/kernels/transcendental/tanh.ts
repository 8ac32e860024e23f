import { exp } from './exp.ts'

/**
 * tanh(x), double in and out. Below 1/16 its Taylor series to x^9, which keeps the sign of zero; from there on
 * 1 - 2 / (e^2|x| + 1) with the sign of x. Relative error below 1e-13.
 */
export function tanh(x: number): number {
  const a = Math.abs(x)
  if (a < 0.0625) {
    const z = x * x
    let sum = 62 / 2835
    sum = sum * z - 17 / 315
    sum = sum * z + 2 / 15
    sum = sum * z - 1 / 3
    return x * (1 + sum * z)
  }
  const y = 1 - 2 / (exp(2 * a) + 1)
  return x < 0 ? -y : y
}
