import { roundHalfAway } from '../../../engine/base/rounding.ts'
import type { AverageArithmetic } from '../arithmetic.ts'
import type { ProgramValue } from '../program.ts'
import { type Q31, quantiseMultiplier } from '../requantise/quantiseMultiplier.ts'
import type { Requantiser } from '../requantise/requantiser.ts'
import type { AverageRule } from '../rules.ts'
import { requantiserFor } from './multiplier.ts'

/** Whether a mean hands on its input's quantiser. */
export function sharesAverageQuantiser({ kind }: AverageRule): boolean {
  return kind === 'raw-half-away' || kind === 'tosa-pool'
}

/**
 * TFLite's MEAN: (m, e) = QuantizeMultiplier(s_in / s_out); k = min(floor(log2 n), 32, 31 + e); then
 * (floor(m * 2^k / n), e - k). Example: s_in = s_out, n = 49: m = 2^30, e = 1, k = 5, so (701219150, -4).
 */
function meanMultiplier(ratio: number, n: number): Q31 {
  const { multiplier, shift } = quantiseMultiplier(ratio)
  const k = Math.min(31 - Math.clz32(n), 32, 31 + shift)
  // m * 2^k may have 62 bits; a BigInt keeps the integer division exact.
  return { multiplier: Number((BigInt(multiplier) << BigInt(k)) / BigInt(n)), shift: shift - k }
}

/**
 * TOSA's reciprocal_scale: k = 32 - clz(n - 1), m = floor((2^30 + 1) * 2^k / n), shift 30 + k, which is Q31 with e = 1 - k.
 * Example: n = 4: k = 2, m = 2^30 + 1, e = -1.
 */
function reciprocalScale(n: number): Q31 {
  const k = 32 - Math.clz32(n - 1)
  return { multiplier: Number((BigInt(2 ** 30 + 1) << BigInt(k)) / BigInt(n)), shift: 1 - k }
}

function q31(kind: 'q31-single' | 'q31-double', entries: readonly Q31[]): Requantiser {
  return { kind, multiplier: entries.map(({ multiplier }) => multiplier), shift: entries.map(({ shift }) => shift) }
}

/** XNNPACK's MEAN of n codes: f32(f32(s_in / s_out) * f32(1 / n)), and f32(z_out - f32(f32(n * z_in) * it)). */
function f32Mean(input: ProgramValue, output: ProgramValue, n: number): { scale: number; offset: number } {
  const scale = Math.fround(Math.fround(input.scale / output.scale) * Math.fround(1 / n))
  const offset = Math.fround(output.zeroPoint - Math.fround(Math.fround(n * input.zeroPoint) * scale))
  return { scale, offset }
}

/**
 * The constants of a mean, one entry for each window size of `counts`.
 * Example: 'reciprocal' in f64, 0.5 to 0.25, counts [4], kind 'f64-half-away': scale [0.5].
 */
export function averageArithmetic(
  rule: AverageRule,
  input: ProgramValue,
  output: ProgramValue,
  counts: readonly number[],
): AverageArithmetic {
  switch (rule.kind) {
    case 'raw-half-away':
      return { kind: rule.kind }
    case 'tosa-pool':
      return { kind: 'requantise', counts, requantiser: q31('q31-single', counts.map(reciprocalScale)) }
    case 'tflite-mean': {
      const entries = counts.map((n) => meanMultiplier(input.scale / output.scale, n))
      return { kind: 'requantise', counts, requantiser: q31(rule.requantiser, entries) }
    }
    case 'tflite-mean-optimised': {
      const shifted = Math.fround(Math.fround(input.zeroPoint * input.scale) / output.scale)
      const entries = counts.map((n) => quantiseMultiplier(Math.fround(input.scale / Math.fround(n * output.scale))))
      const bias = output.zeroPoint - roundHalfAway(shifted)
      return { kind: 'requantise-raw', counts, requantiser: q31('q31-double', entries), bias }
    }
    case 'reciprocal': {
      const real = (n: number): number =>
        rule.product === 'f64'
          ? input.scale / (output.scale * n)
          : Math.fround(input.scale / Math.fround(output.scale * n))
      return { kind: 'requantise', counts, requantiser: requantiserFor(rule.requantiser, counts.map(real)) }
    }
    case 'f32-zero-inside': {
      const entries = counts.map((n) => f32Mean(input, output, n))
      const scales = entries.map(({ scale }) => scale)
      return { kind: rule.kind, counts, scales, offsets: entries.map(({ offset }) => offset) }
    }
    case 'qdq':
    case 'qdq-zero-inside':
      return { kind: rule.kind, scale: input.scale, outputScale: output.scale }
  }
}
