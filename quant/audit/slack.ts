import type { AddArithmetic, AverageArithmetic } from '../integer/program.ts'
import { channelsOf, type Requantiser, realMultiplier } from '../integer/requantise/requantiser.ts'

/** What the double arithmetic of a simulation itself may be off by, in codes. */
const NOISE = 1e-9

/**
 * How far, in codes, integer arithmetic may be from the real number `v` (output codes, zero point removed) that it rounds,
 * its last rounding excepted. Where that rounding decides otherwise than the nearest integer of v, v lies this close to a tie.
 * - Q31: the multiplier is off by at most 1 in m; 'q31-double' first rounds to 2^e of a code, so by 2^(e-1).
 * - 'shift-half-up': exact. 'f64-half-away': two roundings of 2^-53. 'f32-half-even': four of 2^-24.
 * `bias` is the magnitude of the bias in codes: in f32 its scale is rounded too.
 * Example: 'q31-double', e = -9, v = 0.3: 2^-10 and 6e-10 for the multiplier.
 */
export function requantiserSlack(r: Requantiser, c: number, v: number, bias: number): number {
  const i = channelsOf(r) === 1 ? 0 : c
  const size = Math.abs(v)
  switch (r.kind) {
    case 'q31-single':
      return NOISE + (r.multiplier[i] === 0 ? size : size / r.multiplier[i])
    case 'q31-double':
      return (
        NOISE + (r.multiplier[i] === 0 ? size : size / r.multiplier[i]) + (r.shift[i] < 0 ? 2 ** (r.shift[i] - 1) : 0)
      )
    case 'shift-half-up':
      return NOISE
    case 'f64-half-away':
      return NOISE + size * 2 ** -51
    case 'f32-half-even':
      return NOISE + (size + bias) * 2 ** -22
  }
}

/**
 * The same for an addition of terms of magnitude `a` and `b`, in output codes. 'q31' rounds each scaled input to an
 * integer twice, each at most half a unit of m_out / 2^31 * 2^e_out codes. Example: 'shift' is exact.
 */
export function addSlack(arithmetic: AddArithmetic, a: number, b: number): number {
  const size = a + b
  switch (arithmetic.kind) {
    case 'q31': {
      const { outputMultiplier, outputShift } = arithmetic
      const last: Requantiser = { kind: 'q31-double', multiplier: [outputMultiplier], shift: [outputShift] }
      return requantiserSlack(last, 0, size, 0) + 2 * realMultiplier(last, 0) + size * 2 ** -29
    }
    case 'shift':
      return NOISE
    case 'f64':
      return NOISE + size * 2 ** -51
    case 'qdq':
      return NOISE + size * 2 ** -21
  }
}

/**
 * The same for a mean of n codes, `v` in output codes and `size` the mean of the magnitudes. 'qdq' rounds each of n terms,
 * n sums and two quotients to f32. Example: 'raw-half-away' is exact.
 */
export function averageSlack(arithmetic: AverageArithmetic, n: number, v: number, size: number): number {
  switch (arithmetic.kind) {
    case 'raw-half-away':
      return NOISE
    case 'requantise':
      return requantiserSlack(arithmetic.requantiser, arithmetic.counts.indexOf(n), v, 0)
    case 'qdq':
      return NOISE + size * (n + 4) * 2 ** -24
  }
}
