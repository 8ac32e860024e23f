import type { AverageRule, ScaleProduct } from '../backend.ts'
import { quantiseMultiplier } from '../requantise/quantiseMultiplier.ts'
import type { Requantiser, RequantiserKind } from '../requantise/requantiser.ts'
import { exponentOf } from './power.ts'

/** A requantiser for the real multipliers `reals`, one a channel; f32 kinds round them to f32. */
function requantiserFor(kind: RequantiserKind, reals: readonly number[]): Requantiser {
  switch (kind) {
    case 'q31-single':
    case 'q31-double': {
      const q31 = reals.map(quantiseMultiplier)
      return { kind, multiplier: q31.map((q) => q.multiplier), shift: q31.map((q) => q.shift) }
    }
    case 'shift-half-up':
      return { kind, shift: reals.map((real) => -exponentOf(real)) }
    case 'f64-half-away':
      return { kind, scale: reals }
    case 'f32-half-even':
      return { kind, scale: reals.map(Math.fround) }
  }
}

/**
 * The requantiser of a layer: s_in * s_w[c] / s_out, formed as `product` says, one entry for each weight scale.
 * Example: 'f32-half-even', 'f32', s_in = 0.5, s_w = [0.25], s_out = 1: scale [0.125].
 */
export function layerRequantiser(
  kind: RequantiserKind,
  product: ScaleProduct,
  inputScale: number,
  weightScales: readonly number[],
  outputScale: number,
): Requantiser {
  const real = (weightScale: number): number =>
    product === 'f64'
      ? (inputScale * weightScale) / outputScale
      : Math.fround(Math.fround(inputScale * weightScale) / outputScale)
  return requantiserFor(kind, weightScales.map(real))
}

/**
 * TFLite's MEAN: (m, e) = QuantizeMultiplier(s_in / s_out); k = min(floor(log2 n), 32, 31 + e); then
 * (floor(m * 2^k / n), e - k). Example: s_in = s_out, n = 49: m = 2^30, e = 1, k = 5, so (701219150, -4).
 */
function meanMultiplier(ratio: number, n: number): { multiplier: number; shift: number } {
  const { multiplier, shift } = quantiseMultiplier(ratio)
  const k = Math.min(31 - Math.clz32(n), 32, 31 + shift)
  // m * 2^k may have 62 bits; a BigInt keeps the integer division exact.
  return { multiplier: Number((BigInt(multiplier) << BigInt(k)) / BigInt(n)), shift: shift - k }
}

/** The requantiser of a mean, one entry for each window size of `counts`. 'raw-half-away' and 'qdq' have none. */
export function meanRequantiser(
  rule: Exclude<AverageRule, 'raw-half-away' | 'qdq'>,
  inputScale: number,
  outputScale: number,
  counts: readonly number[],
): Requantiser {
  switch (rule) {
    case 'q31-mean': {
      const q31 = counts.map((n) => meanMultiplier(inputScale / outputScale, n))
      return { kind: 'q31-single', multiplier: q31.map((q) => q.multiplier), shift: q31.map((q) => q.shift) }
    }
    case 'q31-reciprocal':
      return requantiserFor(
        'q31-single',
        counts.map((n) => inputScale / (outputScale * n)),
      )
    case 'f64':
      return requantiserFor(
        'f64-half-away',
        counts.map((n) => inputScale / (outputScale * n)),
      )
  }
}
