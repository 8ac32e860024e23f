import { NumericError } from '../../../engine/base/errors.ts'
import { roundHalfAway } from '../../../engine/base/rounding.ts'

/** A real multiplier as TFLite stores it: `multiplier / 2^31 * 2^shift`, multiplier in [2^30, 2^31) or 0. */
export interface Q31 {
  readonly multiplier: number
  readonly shift: number
}

const scratch = new DataView(new ArrayBuffer(8))

/**
 * TFLite's QuantizeMultiplier (`quantization_util.cc`): real = q * 2^shift with q in [1/2, 1), multiplier =
 * RHA(q * 2^31). A mantissa that rounds up to 2^31 becomes (2^30, shift + 1); a shift below -31 becomes (0, 0), and one
 * above 30 (2^31 - 1, 30). All steps are exact in a double.
 * Examples: 0.1 -> (1717986918, -3); 0.5 -> (2^30, 0); 1 -> (2^30, 1); 3.7 -> (1986422374, 2); 2^-40 -> (0, 0).
 * Throws `NumericError` unless `real` is finite and not negative.
 */
export function quantiseMultiplier(real: number): Q31 {
  if (!(real >= 0) || real === Infinity) {
    throw new NumericError(
      `quantiseMultiplier: ${real} is not a finite number from 0 on; check the scales it came from`,
    )
  }
  if (real === 0) return { multiplier: 0, shift: 0 }
  scratch.setFloat64(0, real)
  const exponent = (scratch.getUint16(0) >> 4) - 1022
  // Subnormal doubles lie far below 2^-32, where the answer is (0, 0) anyway.
  if (exponent < -32) return { multiplier: 0, shift: 0 }
  let multiplier = roundHalfAway(real * 2 ** (31 - exponent))
  let shift = exponent
  if (multiplier === 2147483648) {
    multiplier = 1073741824
    shift++
  }
  if (shift < -31) return { multiplier: 0, shift: 0 }
  if (shift > 30) return { multiplier: 2147483647, shift: 30 }
  return { multiplier, shift }
}
