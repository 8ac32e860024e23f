/** Shapes: row-major, innermost dimension last. `null` is a dimension that is known only when data arrives (a batch). */

import { ShapeError } from './errors.ts'

/** The extents of a tensor that exists. */
export type Shape = readonly number[]
/** One dimension in a graph: an extent, or `null` where it is known only when data arrives. */
export type Dim = number | null
/** The extents of a tensor in a graph. */
export type SymbolicShape = readonly Dim[]

/** The number of elements; 1 for a scalar (`[]`), 0 where any extent is 0. */
export function sizeOf(shape: Shape): number {
  let size = 1
  for (const extent of shape) size *= extent
  return size
}

/** Row-major strides in elements: `[2, 3, 4]` gives `[12, 4, 1]`. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride
    stride *= shape[i]
  }
  return strides
}

/** Whether two shapes are equal, extent by extent. */
export function sameShape(a: SymbolicShape, b: SymbolicShape): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i])
}

/** `[2, ?, 4]`: the form in which messages print a shape. */
export function formatShape(shape: SymbolicShape): string {
  return `[${shape.map((extent) => extent ?? '?').join(', ')}]`
}

/** An axis in `[-rank, rank)` as one in `[0, rank)`. Throws `ShapeError` outside that range. */
export function normaliseAxis(axis: number, rank: number, operation: string): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(`${operation}: axis ${axis} is outside [${-rank}, ${rank}) of a rank-${rank} tensor`)
  }
  return axis < 0 ? axis + rank : axis
}

/**
 * The shape two operands broadcast to (NumPy's rule: align at the right, an extent of 1 stretches). A `null` stands
 * for a batch: it meets 1 or another `null`. Throws `ShapeError`.
 */
export function broadcastShapes(a: SymbolicShape, b: SymbolicShape, operation: string): Dim[] {
  const rank = Math.max(a.length, b.length)
  const out = new Array<Dim>(rank)
  for (let i = 0; i < rank; i++) {
    const left = a[a.length - rank + i] === undefined ? 1 : a[a.length - rank + i]
    const right = b[b.length - rank + i] === undefined ? 1 : b[b.length - rank + i]
    if (left === right || right === 1) out[i] = left
    else if (left === 1) out[i] = right
    else {
      throw new ShapeError(
        `${operation}: ${formatShape(a)} and ${formatShape(b)} do not broadcast: dimension ${i} is ${left ?? '?'} on one side and ${right ?? '?'} on the other`,
      )
    }
  }
  return out
}

/** Throws `ShapeError` unless every extent is a non-negative integer and the total stays below 2^31 elements. */
export function checkShape(shape: Shape, operation: string): void {
  let size = 1
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0) {
      throw new ShapeError(`${operation}: ${formatShape(shape)} is not a shape: extents are integers from 0 on`)
    }
    size *= extent
  }
  if (size > 0x7fffffff) {
    throw new ShapeError(`${operation}: ${formatShape(shape)} holds ${size} elements; the limit is 2^31 - 1`)
  }
}
