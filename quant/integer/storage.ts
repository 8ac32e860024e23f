/**
 * How a session keeps tensors. Codes of at most 8 bits as int8: a value with codes of 0 ... 255 is kept less 128, with its zero point and
 * bounds moved alike, so that one type serves all. Every step but one depends on differences of codes only and never notices.
 * Codes of up to 16 bits as int16, moved by 32768 alike; real numbers as float32.
 */

import { FormatError } from '../../engine/base/errors.ts'
import type { FloatValue, ProgramValue } from './program.ts'
import type { CodeTarget } from './requantise/requantiser.ts'

/** An array that holds codes during a run. */
export type CodeArray = Int8Array | Int16Array

/** An array that holds a tensor during a run. */
export type BufferArray = CodeArray | Float32Array

/** The type of such an array. */
export type Storage = 'int8' | 'int16' | 'float32'

/** Bytes of an element. */
export const storageBytes: { readonly [S in Storage]: number } = { int8: 1, int16: 2, float32: 4 }

/** A value as a session keeps it: the code is what is kept plus `offset`; zeroPoint, qmin and qmax are moved by it. */
export interface StoredValue extends ProgramValue {
  readonly storage: 'int8' | 'int16'
  readonly offset: number
}

/** Real numbers as a session keeps them. */
export interface StoredFloat extends FloatValue {
  readonly storage: 'float32'
}

/** Any tensor of a program as a session keeps it. */
export type Stored = StoredValue | StoredFloat

/** Example: uint8 with zero point 131: offset 128, zero point 3, -128 ... 127. Throws `FormatError` for codes wider than 16 bits. */
export function storedValue(value: ProgramValue): StoredValue {
  const { name, zeroPoint, qmin, qmax } = value
  for (const [storage, half] of [
    ['int8', 128],
    ['int16', 32768],
  ] as const) {
    const offset = qmin >= -half && qmax < half ? 0 : half
    if (qmin - offset < -half || qmax - offset >= half) continue
    return { ...value, storage, offset, zeroPoint: zeroPoint - offset, qmin: qmin - offset, qmax: qmax - offset }
  }
  throw new FormatError(`program: value '${name}' has codes ${qmin} ... ${qmax}; a session keeps 16 bits`)
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
