import type { FloatFormat } from '../program.ts'

/** The greatest finite binary16; what rounds beyond it is infinite. */
const HALF_MAXIMUM = 65504
/** Below this, binary16 numbers are multiples of 2^-24. */
const HALF_NORMAL = 2 ** -14
/** Adding and subtracting it rounds a double of at most 2^27 to a multiple of 2^-24, ties to even. */
const HALF_MAGIC = 1.5 * 2 ** 28

/**
 * Rounds f32 numbers to a format, in place, ties to even; NaN stays NaN. bf16 drops 16 bits of the f32, f16 keeps 10 bits behind
 * the first (fewer below 2^-14) and becomes infinite from 65520 on.
 * Example: 1.005859375 as bf16 is 1.0078125, 2049 as f16 is 2048.
 */
export function roundFloat(x: Float32Array, format: FloatFormat): void {
  if (format === 'f32') return
  const dropped = format === 'bf16' ? 16 : 13
  const below = 2 ** (dropped - 1) - 1
  const mask = -(2 ** dropped)
  const bits = new Int32Array(x.buffer, x.byteOffset, x.length)
  for (let i = 0; i < x.length; i++) {
    const v = x[i]
    if (Number.isNaN(v)) continue
    if (format === 'f16' && Math.abs(v) < HALF_NORMAL) {
      // The sum of a negative number and its opposite is +0; the sign of what rounds to 0 is kept.
      const rounded = v + HALF_MAGIC - HALF_MAGIC
      x[i] = rounded === 0 ? v * 0 : rounded
      continue
    }
    // The magnitude counts up with its bits, so a carry into the exponent is right.
    bits[i] = (bits[i] + below + ((bits[i] >>> dropped) & 1)) & mask
    if (format === 'f16' && Math.abs(x[i]) > HALF_MAXIMUM) x[i] = v < 0 ? -Infinity : Infinity
  }
}
