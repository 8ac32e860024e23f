/**
 * Shapes that are known in part. An exported model computes the argument of a Reshape from the shape of a tensor whose batch is
 * unknown; such a vector is a constant all the same, in which this number stands for each unknown extent. Operators that
 * only move elements may take it; all others see that it is partial and leave it alone.
 */

import { FormatError } from '../../../engine/base/errors.ts'
import type { SymbolicShape } from '../../../engine/base/shape.ts'
import { int64Tensor } from '../elements.ts'
import type { OnnxTensor } from '../model.ts'

// No extent and no index that a file could mean.
const UNKNOWN = -(2n ** 62n)

/** Whether an element of an int64 tensor stands for an unknown extent. */
export function isUnknown(element: bigint): boolean {
  return element === UNKNOWN
}

/** Whether a tensor holds an unknown extent. */
export function isPartial(tensor: OnnxTensor): boolean {
  return tensor.type === 'int64' && tensor.data.includes(UNKNOWN)
}

/** A shape as an int64 vector. */
export function shapeTensor(shape: SymbolicShape): OnnxTensor {
  return int64Tensor(shape.map((extent) => (extent === null ? UNKNOWN : BigInt(extent))))
}

/** An integer within ±2^53 as a number; int64's extremes, which ONNX uses for "to the end", as ±2^53. */
export function toSafe(element: number | bigint): number {
  const value = Number(element)
  if (!Number.isInteger(value)) throw new FormatError(`wanted an integer, got ${element}`)
  return Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
}
