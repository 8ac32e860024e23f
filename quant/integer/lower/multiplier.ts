import { quantiseMultiplier } from '../requantise/quantiseMultiplier.ts'
import type { Requantiser, RequantiserKind } from '../requantise/requantiser.ts'
import { rndnuMultiplier } from '../requantise/rndnu.ts'
import type { LayerRule, ScaleProduct } from '../rules.ts'
import { exponentOf } from './power.ts'

/** A requantiser for the real multipliers `reals`, one a channel; f32 kinds round them to f32. */
export function requantiserFor(kind: RequantiserKind, reals: readonly number[]): Requantiser {
  switch (kind) {
    case 'q31-single':
    case 'q31-double':
    case 'q31-vector': {
      const q31 = reals.map(quantiseMultiplier)
      return { kind, multiplier: q31.map((q) => q.multiplier), shift: q31.map((q) => q.shift) }
    }
    case 'rndnu': {
      const mantissas = reals.map(rndnuMultiplier)
      return { kind, multiplier: mantissas.map((m) => m.multiplier), shift: mantissas.map((m) => m.shift) }
    }
    case 'shift-half-up':
      return { kind, shift: reals.map((real) => -exponentOf(real)) }
    case 'f64-half-away':
    case 'f64-half-even-zero-inside':
      return { kind, scale: reals }
    case 'f32-half-even':
      return { kind, scale: reals.map(Math.fround) }
  }
}

/** s_1 * s_2 / s_out of f32 scales, formed as `product` says. Example, 'f32': 0.5 * 0.25 / 1 = 0.125. */
export function scaleRatio(product: ScaleProduct, first: number, second: number, output: number): number {
  switch (product) {
    case 'f64':
      return (first * second) / output
    case 'f32':
      return Math.fround(Math.fround(first * second) / output)
    case 'f32-f64':
      return Math.fround(first * second) / output
  }
}

/**
 * The requantiser of a layer: s_in * s_w[c] / s_out, one entry for each weight scale.
 * Example: 'f32-half-even', 'f32', s_in = 0.5, s_w = [0.25], s_out = 1: scale [0.125].
 */
export function layerRequantiser(
  { requantiser, product }: LayerRule,
  inputScale: number,
  weightScales: readonly number[],
  outputScale: number,
): Requantiser {
  return requantiserFor(
    requantiser,
    weightScales.map((weightScale) => scaleRatio(product, inputScale, weightScale, outputScale)),
  )
}
