import { NumericError } from '../../../engine/base/errors.ts'

/** The e with 2^e <= x < 2^(e + 1), of a positive number; 0 of Infinity. Example: 0.3 -> -2. */
export function floatExponent(x: number): number {
  let exponent = 0
  let rest = x
  for (; rest >= 2 && rest < Infinity; exponent++) rest /= 2
  for (; rest < 1 && rest > 0; exponent--) rest *= 2
  return exponent
}

/** The e of a scale 2^e. Throws `NumericError` for a number that is no power of two. Example: 0.125 -> -3. */
export function exponentOf(scale: number): number {
  const exponent = floatExponent(scale)
  if (scale !== 2 ** exponent) throw new NumericError(`lowering: ${scale} is not a power of two; this back end shifts`)
  return exponent
}
