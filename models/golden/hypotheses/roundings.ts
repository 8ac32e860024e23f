/** How a real number of output steps becomes a code: rounding, zero point inside or outside of it. */

import { roundHalfAway, roundHalfEven, roundHalfUp } from '../../../engine/base/rounding.ts'

/** A rounding of one step, by its rule for ties; the last two are no nearest integers. */
export type Tie = 'half-even' | 'half-away' | 'half-up' | 'half-down' | 'floor' | 'truncate'

/** The functions. Example: -2.5 gives -2, -3, -2, -3, -3, -2 in the order of `Tie`. */
export const tieRules: { readonly [T in Tie]: (v: number) => number } = {
  'half-even': roundHalfEven,
  'half-away': roundHalfAway,
  'half-up': roundHalfUp,
  'half-down': (v) => -roundHalfUp(-v),
  floor: Math.floor,
  truncate: Math.trunc,
}

/** Where the output's zero point is added. */
export type ZeroPlace = 'outside' | 'inside'

/** The places, the usual one first. */
export const zeroPlaces: readonly ZeroPlace[] = ['outside', 'inside']

/** The rules' names. */
export const ties = Object.keys(tieRules) as readonly Tie[]

const tiePhrases: { readonly [T in Tie]: string } = {
  'half-even': 'ties to even',
  'half-away': 'ties away from zero',
  'half-up': 'ties towards plus infinity',
  'half-down': 'ties towards minus infinity',
  floor: 'rounded down (no rounding to nearest)',
  truncate: 'truncated towards zero',
}

/** A rounding in words. Example: 'half-away' -> 'ties away from zero'. */
export function describeTie(tie: Tie): string {
  return tiePhrases[tie]
}

/** The same of the zero point's place. */
export function describeZero(place: ZeroPlace): string {
  return place === 'inside' ? 'zero point inside the rounding' : 'zero point outside the rounding'
}

/**
 * A number of steps, rounded, the zero point added; not limited to any range. `isSingle`: a sum with the zero point is rounded to f32 first.
 * Example: 0.5, z = 1, 'half-even': outside 1, inside RNE(1.5) = 2.
 */
export function roundedCode(v: number, zeroPoint: number, tie: Tie, place: ZeroPlace, isSingle: boolean): number {
  const round = tieRules[tie]
  if (place === 'outside') return round(v) + zeroPoint
  return round(isSingle ? Math.fround(v + zeroPoint) : v + zeroPoint)
}
