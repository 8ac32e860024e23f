import type { Requantiser, RequantiserKind } from '../../../quant/integer/requantise/requantiser.ts'
import { divideHalfAway, divideHalfEven, double, exactly, rounded, single } from './oracle.ts'

/** What a sum becomes before the clamp, the zero point added. */
export type Definition = (x: number) => bigint

/**
 * Every kind of requantiser, entry 0, in exact integer arithmetic straight from its definition; no floating point beyond
 * taking the bits of the scale.
 */
const definitions: {
  readonly [K in RequantiserKind]: (r: Extract<Requantiser, { kind: K }>, zeroPoint: number) => Definition
} = {
  'q31-single':
    ({ multiplier, shift }, zeroPoint) =>
    (x) =>
      single(x, multiplier[0], shift[0]) + BigInt(zeroPoint),
  'q31-double':
    ({ multiplier, shift }, zeroPoint) =>
    (x) =>
      double(x, multiplier[0], shift[0]) + BigInt(zeroPoint),
  'q31-vector': ({ multiplier, shift }, zeroPoint) => {
    const [left, right] = [BigInt(Math.max(shift[0], 0)), BigInt(Math.max(-shift[0], 0))]
    const [m, z] = [BigInt(multiplier[0]), BigInt(zeroPoint)]
    const half = (1n << right) >> 1n
    return (x) => (((((BigInt(x) << left) * m + (1n << 30n)) >> 31n) + half) >> right) + z
  },
  rndnu: ({ multiplier, shift }, zeroPoint) => {
    const [m, s, z] = [BigInt(multiplier[0]), BigInt(shift[0]), BigInt(zeroPoint)]
    const half = 1n << (s - 1n)
    return (x) => ((BigInt(x) * m + half) >> s) + z
  },
  'shift-half-up': ({ shift }, zeroPoint) => {
    const [s, z] = [BigInt(shift[0]), BigInt(zeroPoint)]
    const half = (1n << s) >> 1n
    return (x) => ((BigInt(x) + half) >> s) + z
  },
  'f64-half-away': ({ scale }, zeroPoint) => {
    const { numerator, shift } = exactly(scale[0])
    const z = BigInt(zeroPoint)
    return (x) => divideHalfAway(rounded(BigInt(x) * numerator, 53), shift) + z
  },
  'f64-half-even-zero-inside': ({ scale }, zeroPoint) => {
    const { numerator, shift } = exactly(scale[0])
    const z = BigInt(zeroPoint) << BigInt(shift)
    return (x) => divideHalfEven(rounded(rounded(BigInt(x) * numerator, 53) + z, 53), shift)
  },
  'f32-half-even': ({ scale, offset }, zeroPoint) => {
    const { numerator, shift } = exactly(scale[0])
    const z = BigInt(zeroPoint)
    if (offset !== undefined) {
      const added = exactly(offset[0])
      const common = Math.max(shift, added.shift)
      const up = (n: bigint, from: number): bigint => n << BigInt(common - from)
      return (x) => {
        const scaled = rounded(rounded(BigInt(x), 24) * numerator, 24)
        return divideHalfEven(rounded(up(scaled, shift) + up(added.numerator, added.shift), 24), common) + z
      }
    }
    return (x) => divideHalfEven(rounded(rounded(BigInt(x), 24) * numerator, 24), shift) + z
  },
}

/** The definition of a requantiser's first entry. */
export function definitionOf(r: Requantiser, zeroPoint = 0): Definition {
  return (definitions[r.kind] as (r: Requantiser, zeroPoint: number) => Definition)(r, zeroPoint)
}
