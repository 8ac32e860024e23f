import { NumericError } from '../../../engine/base/errors.ts'

/** The e of a scale 2^e. Throws `NumericError` for a number that is no power of two. Example: 0.125 -> -3. */
export function exponentOf(scale: number): number {
  let exponent = 0
  let rest = scale
  for (; rest >= 2; exponent++) rest /= 2
  for (; rest < 1 && rest > 0; exponent--) rest *= 2
  if (rest !== 1) throw new NumericError(`lowering: ${scale} is not a power of two; this back end shifts`)
  return exponent
}
