import { NumericError } from '../../../engine/base/errors.ts'
import { q31Single } from './q31Single.ts'

/** A real multiplier as XNNPACK's rndnu stores it: `multiplier / 2^shift`, multiplier in [2^23, 2^24), shift in 16 ... 55. */
export interface Rndnu {
  readonly multiplier: number
  readonly shift: number
}

const scratch = new DataView(new ArrayBuffer(4))

/**
 * The mantissa of an f32 scale with its hidden bit, and the right shift 150 - biased exponent: no rounding at all (XNNPACK,
 * `xnn_init_*_rndnu_*_params`). `scale` is rounded to f32 first.
 * Examples: 1 -> (2^23, 23); 2^-10 -> (2^23, 33); f32(0.1) -> (13421773, 27).
 * Throws `NumericError` unless 2^-32 <= scale < 256, XNNPACK's own range.
 */
export function rndnuMultiplier(scale: number): Rndnu {
  const single = Math.fround(scale)
  if (!(single >= 2 ** -32 && single < 256)) {
    throw new NumericError(
      `rndnuMultiplier: ${scale} does not lie in [2^-32, 256), the range of XNNPACK's multipliers; check the scales it came from`,
    )
  }
  scratch.setFloat32(0, single)
  const bits = scratch.getUint32(0)
  return { multiplier: (bits & 0x7fffff) | 0x800000, shift: 150 - (bits >>> 23) }
}

/**
 * Requantiser of XNNPACK's rndnu kernels ("round to nearest, ties up"):
 *
 *     out = clamp(((x * m + 2^(s-1)) >> s) + zeroPoint, low, high)
 *
 * One rounding, ties towards plus infinity. x is an int32, 2^23 <= m < 2^24, 16 <= s <= 55. This is S of q31Single with the
 * same number written as m * 2^7 / 2^(s+7): its numerator and denominator have the common factor 2^7, so no bit differs.
 * Example, m = 2^23, s = 33 (2^-10): 511 -> 0, 512 -> 1, -512 -> 0, -513 -> -1, 2560 -> 3.
 */
export function rndnu(
  acc: Int32Array,
  accStart: number,
  count: number,
  multiplier: number,
  shift: number,
  zeroPoint: number,
  low: number,
  high: number,
  outStart: number,
  outStride: number,
  out: Int8Array | Int32Array,
): void {
  const m = multiplier * 128
  q31Single(acc, accStart, count, m, 24 - shift, zeroPoint, low, high, outStart, outStride, out)
}
