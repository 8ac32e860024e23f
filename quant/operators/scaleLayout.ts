/** Which scale belongs to which element of a tensor: ONNX's three granularities as one form. */

import { ShapeError } from '../../engine/base/errors.ts'
import {
  type Dim,
  formatShape,
  normaliseAxis,
  type Shape,
  type SymbolicShape,
  sizeOf,
} from '../../engine/base/shape.ts'
import type { TensorSpec } from '../../engine/ops/op.ts'

/** ONNX's attributes of granularity. */
export interface ScaleAttributes {
  /** The dimension that scales differ along; in [-rank, rank), default 1. Not read with a single scale. */
  readonly axis?: number
  /** How many elements along `axis` share a scale, the last block possibly fewer; default 0: one scale for each index. */
  readonly block_size?: number
}

/** A tensor as [outer, extent, inner]; element (o, a, i) has scale o outerStride + floor(a / block) blockStride + i innerStride. */
export interface ScaleLayout {
  readonly outer: number
  readonly extent: number
  readonly inner: number
  readonly block: number
  readonly outerStride: number
  readonly blockStride: number
  readonly innerStride: number
}

/** Whether a shape is that of one value: [] or [1]. */
export function isSingle(shape: SymbolicShape): boolean {
  return shape.length === 0 || (shape.length === 1 && shape[0] === 1)
}

/** Whether two extents may be equal. */
function agree(a: Dim, b: Dim): boolean {
  return a === null || b === null || a === b
}

/**
 * Checks a scale and its optional zero point against the tensor `x` that they quantise: a float32 scale that is single,
 * [D] for D = the extent of `axis`, or, with a block size B, of x's shape but ceil(D / B) on `axis`; a zero point of the
 * same shape and of `zeroPointType`. Throws `ShapeError`. Example: x [2, 5], axis 1, block_size 2: scale [2, 3].
 */
export function checkScale(
  x: SymbolicShape,
  scale: TensorSpec,
  zeroPoint: TensorSpec | null,
  zeroPointType: string,
  attributes: ScaleAttributes,
  operation: string,
): void {
  if (scale.dtype !== 'float32') throw new ShapeError(`${operation}: wanted a float32 scale, got ${scale.dtype}`)
  if (zeroPoint !== null) {
    if (zeroPoint.dtype !== zeroPointType) {
      throw new ShapeError(`${operation}: the zero point is ${zeroPoint.dtype}, wanted ${zeroPointType}`)
    }
    const single = isSingle(scale.shape) && isSingle(zeroPoint.shape)
    if (!single && !matches(zeroPoint.shape, scale.shape)) {
      throw new ShapeError(
        `${operation}: the scale is ${formatShape(scale.shape)}, the zero point ${formatShape(zeroPoint.shape)}; they must have the same shape`,
      )
    }
  }
  if (isSingle(scale.shape)) return
  const { axis = 1, block_size = 0 } = attributes
  if (!Number.isInteger(block_size) || block_size < 0) {
    throw new ShapeError(`${operation}: block_size is ${block_size}; wanted an integer from 0 on`)
  }
  const at = normaliseAxis(axis, x.length, operation)
  const extent = x[at]
  const blocks = extent === null || block_size === 0 ? extent : Math.ceil(extent / block_size)
  const wanted = block_size === 0 ? [extent] : x.map((length, i) => (i === at ? blocks : length))
  if (matches(scale.shape, wanted)) return
  throw new ShapeError(
    `${operation}: x is ${formatShape(x)}, the scale ${formatShape(scale.shape)}; wanted one scale or, with axis ${axis}${block_size === 0 ? '' : ` in blocks of ${block_size}`}, ${formatShape(wanted)}`,
  )
}

function matches(shape: SymbolicShape, wanted: SymbolicShape): boolean {
  return shape.length === wanted.length && shape.every((extent, i) => agree(extent, wanted[i]))
}

/** How checked scales lie over a tensor. Example: x [2, 5, 3], scale [5], axis 1: outer 2, extent 5, inner 3, strides 0, 1, 0. */
export function scaleLayout(x: Shape, scale: Shape, { axis = 1, block_size = 0 }: ScaleAttributes): ScaleLayout {
  if (isSingle(scale)) {
    return { outer: 1, extent: 1, inner: sizeOf(x), block: 1, outerStride: 0, blockStride: 0, innerStride: 0 }
  }
  const at = normaliseAxis(axis, x.length, 'scale')
  const inner = sizeOf(x.slice(at + 1))
  const view = { outer: sizeOf(x.slice(0, at)), extent: x[at], inner }
  if (block_size === 0) return { ...view, block: 1, outerStride: 0, blockStride: 1, innerStride: 0 }
  return { ...view, block: block_size, outerStride: scale[at] * inner, blockStride: inner, innerStride: 1 }
}
