/**
 * How a session keeps codes: as int8. A value with codes of 0 ... 255 is kept less 128, with its zero point and bounds moved
 * alike, so that one type serves all. Every step but one depends on differences of codes only and never notices.
 */

import { FormatError } from '../../engine/base/errors.ts'
import type { ProgramValue } from './program.ts'
import type { CodeTarget } from './requantise/requantiser.ts'

/** A value as a session keeps it: the code is what is kept plus `offset`; zeroPoint, qmin and qmax are moved by it. */
export interface StoredValue extends ProgramValue {
  readonly offset: number
}

/** Example: uint8 with zero point 131: offset 128, zero point 3, -128 ... 127. Throws `FormatError` for codes wider than 8 bits. */
export function storedValue(value: ProgramValue): StoredValue {
  const { name, zeroPoint, qmin, qmax } = value
  const offset = qmin >= -128 && qmax <= 127 ? 0 : 128
  if (qmin - offset < -128 || qmax - offset > 127) {
    throw new FormatError(`program: value '${name}' has codes ${qmin} ... ${qmax}; a session keeps 8 bits`)
  }
  return { ...value, offset, zeroPoint: zeroPoint - offset, qmin: qmin - offset, qmax: qmax - offset }
}

/**
 * The target of a step that limits its codes to low ... high, moved to where the output is kept and narrowed to its codes.
 * Example: low 131 of the value above: 3.
 */
export function storedTarget(
  { zeroPoint, offset, qmin, qmax }: StoredValue,
  { low, high }: { readonly low: number; readonly high: number },
): CodeTarget {
  return { zeroPoint, low: Math.max(low - offset, qmin), high: Math.min(high - offset, qmax) }
}
