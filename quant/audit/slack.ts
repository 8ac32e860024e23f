import type {
  AddArithmetic,
  AverageArithmetic,
  MulArithmetic,
  RescaleArithmetic,
  SoftmaxArithmetic,
} from '../integer/arithmetic.ts'
import { channelsOf, type Requantiser, realMultiplier } from '../integer/requantise/requantiser.ts'

/** What the double arithmetic of a simulation itself may be off by, in codes. */
const NOISE = 1e-9

/**
 * How far, in codes, integer arithmetic may be from the real number `v` (output codes, zero point removed) that it rounds,
 * its last rounding excepted. Where that rounding decides otherwise than the nearest integer of v, v lies this close to a tie.
 * - Q31: the multiplier is off by at most 1 in m; 'q31-double' and 'q31-vector' first round to 2^e of a code, so by 2^(e-1).
 * - 'shift-half-up': exact. 'f64-half-away': two roundings of 2^-53. 'f32-half-even': four of 2^-24, of which 'rndnu' and
 *   'f64-half-even-zero-inside' have the three that form the scale.
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
    case 'q31-vector':
      return (
        NOISE + (r.multiplier[i] === 0 ? size : size / r.multiplier[i]) + (r.shift[i] < 0 ? 2 ** (r.shift[i] - 1) : 0)
      )
    case 'shift-half-up':
      return NOISE
    case 'f64-half-away':
      return NOISE + size * 2 ** -51
    case 'f64-half-even-zero-inside':
    case 'f32-half-even':
    case 'rndnu':
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
    case 'q31':
    case 'q31-single': {
      const { outputMultiplier, outputShift } = arithmetic
      const last: Requantiser = { kind: 'q31-double', multiplier: [outputMultiplier], shift: [outputShift] }
      return requantiserSlack(last, 0, size, 0) + 2 * realMultiplier(last, 0) + size * 2 ** -29
    }
    case 'shift':
      return NOISE
    case 'f64':
      return NOISE + size * 2 ** -51
    case 'multiply-shift':
      return NOISE + size * 2 ** -20 + 2 ** (8 - arithmetic.shift)
    case 'qdq':
      return NOISE + size * 2 ** -21
    case 'qdq-zero-inside':
      return NOISE + (size + 256) * 2 ** -21
    case 'fma':
      // Zero points are inside: raw codes of up to 255 steps are rounded, and cancel.
      return NOISE + 512 * (arithmetic.ratios[0] + arithmetic.ratios[1] + 1) * 2 ** -23
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
    case 'requantise-raw':
      // The zero points' part is rounded by itself.
      return 0.5 + requantiserSlack(arithmetic.requantiser, arithmetic.counts.indexOf(n), Math.abs(v) + 256, 0)
    case 'f32-zero-inside':
      return NOISE + 1024 * (arithmetic.scales[arithmetic.counts.indexOf(n)] * n + 1) * 2 ** -22
    case 'qdq':
      return NOISE + size * (n + 4) * 2 ** -24
    case 'qdq-zero-inside':
      return NOISE + (size * (n + 4) + 256) * 2 ** -23
  }
}

/** The same for a product of size `v` in output codes. Example: 'requantise' by 'shift-half-up' is exact. */
export function mulSlack(arithmetic: MulArithmetic, v: number): number {
  if (arithmetic.kind === 'requantise') return requantiserSlack(arithmetic.requantiser, 0, v, 0)
  return NOISE + (Math.abs(v) + 256) * 2 ** -21
}

/** The same for a change of quantiser. 'multiply-shift' rounds the ratio to 8 bits behind the point: half of one a step. */
export function rescaleSlack(arithmetic: RescaleArithmetic, offset: number, v: number): number {
  switch (arithmetic.kind) {
    case 'requantise':
      return requantiserSlack(arithmetic.requantiser, 0, v, 0)
    case 'multiply-shift':
      return NOISE + Math.abs(offset) * 2 ** -(arithmetic.shift + 1) + Math.abs(v) * 2 ** -22
    case 'qdq':
      return NOISE + Math.abs(v) * 2 ** -21
  }
}

/**
 * The same for an entry of a table, by the rule it was made by; `x` is the argument in output codes. gemmlowp's polynomials are good to a hundredth of a code;
 * LeakyRelu's short multipliers are off by half of 2^-8 a step.
 */
export function tableSlack(rule: string, offset: number, v: number, x: number): number {
  if (rule === 'fixed-point') return 0.02
  // Double rounding: the first one is to 2^-1 of a code, or finer.
  if (rule === 'requantise') return 0.25 + NOISE
  const f32 = NOISE + (Math.abs(v) + Math.abs(x) + 256) * 2 ** -21
  return rule === 'multiply-shift' ? f32 + Math.abs(offset) * 2 ** -9 : f32
}

/** The same for a softmax. 'multiplier' drops the fraction of 1 / s_out. */
export function softmaxSlack(arithmetic: SoftmaxArithmetic, v: number, outputScale: number): number {
  if (arithmetic.kind === 'fixed-point') return 0.02
  const f32 = NOISE + (v + 1) * 2 ** -16
  return arithmetic.output.kind === 'multiplier' ? f32 + v * (1 - arithmetic.output.multiplier * outputScale) : f32
}
