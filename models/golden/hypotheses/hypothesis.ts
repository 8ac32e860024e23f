/** What may be otherwise in the software that a candidate comes from. */

import { FormatError, NumericError, ShapeError, UnsupportedError } from '../../../engine/base/errors.ts'
import type { OperationCall } from '../operation.ts'

/** Other semantics of operations. */
export interface Hypothesis {
  /** Short, such as 'ties away from zero'. */
  readonly name: string
  /** What the software would do, in one sentence. */
  readonly sentence: string
  /** How much it assumes at a time: reports name the least first. */
  readonly changes: number
  /** The codes that the operation would give, or null where the hypothesis does not concern it. */
  run(call: OperationCall): Int32Array | null
}

/** `body()`, or null where the arithmetic that it asks for cannot be formed for these scales and shapes. */
export function unlessImpossible(body: () => Int32Array | null): Int32Array | null {
  try {
    return body()
  } catch (error) {
    if ([FormatError, NumericError, ShapeError, UnsupportedError].some((kind) => error instanceof kind)) return null
    throw error
  }
}

/** How many codes differ. Arrays of different lengths differ everywhere. */
export function countDifferent(a: Int32Array, b: Int32Array): number {
  if (a.length !== b.length) return Math.max(a.length, b.length)
  let count = 0
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) count++
  return count
}
