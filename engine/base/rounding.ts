/**
 * Rounding to an integer, by its rule for ties. All take and return doubles and are exact for |x| < 2^51, which covers
 * every f32 and every product this library rounds. None returns -0 for a positive argument; a result of -0 for a
 * negative one compares equal to 0 and becomes 0 in any integer array.
 */

/** How a tie is settled. */
export type RoundingMode = 'half-even' | 'half-away' | 'half-up' | 'floor'

// 1.5 * 2^52: adding it pushes the fraction out of the double's mantissa, and the addition itself rounds half to even.
const MAGIC = 6755399441055744

/** Nearest, ties to even: 0.5 -> 0, 1.5 -> 2, -2.5 -> -2. (IEEE 754 roundTiesToEven; ONNX QuantizeLinear.) */
export function roundHalfEven(x: number): number {
  return x + MAGIC - MAGIC
}

/** Nearest, ties away from zero: 0.5 -> 1, -0.5 -> -1. (C `round`; `Math.round` differs on negative ties.) */
export function roundHalfAway(x: number): number {
  // Rare, so predictable: comparing the fraction with 1/2 instead is a coin toss for the processor.
  const even = x + MAGIC - MAGIC
  return Math.abs(x - even) === 0.5 ? x + (x < 0 ? -0.5 : 0.5) : even
}

/** Nearest, ties towards plus infinity: 0.5 -> 1, -0.5 -> 0. (floor(x + 1/2), without its error just below 1/2.) */
export function roundHalfUp(x: number): number {
  const even = x + MAGIC - MAGIC
  return x - even === 0.5 ? even + 1 : even
}

const byMode: { readonly [M in RoundingMode]: (x: number) => number } = {
  'half-even': roundHalfEven,
  'half-away': roundHalfAway,
  'half-up': roundHalfUp,
  floor: Math.floor,
}

/**
 * Rounds by a mode. For loops: the functions are called by name, which the compiler inlines, and that is several times
 * as fast as a call of what `roundingOf` returns.
 */
export function roundAs(x: number, mode: RoundingMode): number {
  if (mode === 'half-even') return roundHalfEven(x)
  if (mode === 'half-away') return roundHalfAway(x)
  return mode === 'half-up' ? roundHalfUp(x) : Math.floor(x)
}

/** The rounding function of a mode. Look it up outside loops. */
export function roundingOf(mode: RoundingMode): (x: number) => number {
  return byMode[mode]
}
