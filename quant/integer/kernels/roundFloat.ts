import type { FloatFormat } from '../program.ts'

/** The bits of an infinite f32; those of NaN are above. */
const INFINITE = 0x7f800000
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
  const bits = new Int32Array(x.buffer, x.byteOffset, x.length)
  // The magnitude counts up with its bits, so a carry into the exponent is right.
  if (format === 'bf16') {
    for (let i = 0; i < bits.length; i++) {
      const b = bits[i]
      if ((b & 0x7fffffff) <= INFINITE) bits[i] = (b + 0x7fff + ((b >>> 16) & 1)) & -0x10000
    }
  } else if (format === 'f16') {
    for (let i = 0; i < x.length; i++) {
      const v = x[i]
      if (Number.isNaN(v)) continue
      if (Math.abs(v) < HALF_NORMAL) {
        // The sum of a negative number and its opposite is +0; the sign of what rounds to 0 is kept.
        const rounded = v + HALF_MAGIC - HALF_MAGIC
        x[i] = rounded === 0 ? v * 0 : rounded
        continue
      }
      bits[i] = (bits[i] + 0xfff + ((bits[i] >>> 13) & 1)) & -0x2000
      if (Math.abs(x[i]) > HALF_MAXIMUM) x[i] = v < 0 ? -Infinity : Infinity
    }
  }
}
