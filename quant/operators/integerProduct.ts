/** What MatMulInteger and QLinearMatMul share: shapes as in NumPy's matmul, values per row or column, the int32 product. */

import { ShapeError } from '../../engine/base/errors.ts'
import { broadcastShapes, formatShape, type Shape, type SymbolicShape, sizeOf } from '../../engine/base/shape.ts'
import type { Tensor } from '../../engine/core/tensor.ts'
import type { TensorSpec } from '../../engine/ops/op.ts'
import { isSingle } from './scaleLayout.ts'

/** The sides of a product: a's values may differ by row, b's by column. */
export type Side = 'a' | 'b'

/** Throws `ShapeError` unless the operand holds int8 or uint8 codes. */
export function checkCodes(operand: TensorSpec, name: string, operation: string): void {
  if (operand.dtype === 'int8' || operand.dtype === 'uint8') return
  throw new ShapeError(`${operation}: wanted ${name} as int8 or uint8, got ${operand.dtype}`)
}

/** A vector on the left as a row, on the right as a column; anything else as it is. */
function asMatrices<S extends SymbolicShape>(shape: S, side: Side): S {
  if (shape.length !== 1) return shape
  return (side === 'a' ? [1, shape[0]] : [shape[0], 1]) as SymbolicShape as S
}

/**
 * The shape of a [..., m, k] times b [..., k, n], leading extents broadcast; the extent that a vector operand lacks is left
 * out. Throws `ShapeError`. Example: [2, 1, 3, 4] and [5, 4, 6] give [2, 5, 3, 6].
 */
export function productShape(a: SymbolicShape, b: SymbolicShape, operation: string): SymbolicShape {
  if (a.length === 0 || b.length === 0) {
    throw new ShapeError(`${operation}: wanted vectors or matrices, got ${formatShape(a)} and ${formatShape(b)}`)
  }
  const k = a[a.length - 1]
  const depth = b[Math.max(b.length - 2, 0)]
  if (k !== null && depth !== null && k !== depth) {
    throw new ShapeError(
      `${operation}: ${formatShape(a)} and ${formatShape(b)} do not multiply: ${k} columns on the left, ${depth} rows on the right`,
    )
  }
  const batch = broadcastShapes(a.slice(0, -2), b.slice(0, -2), operation)
  return [...batch, ...a.slice(0, -1).slice(-1), ...(b.length > 1 ? b.slice(-1) : [])]
}

/**
 * Throws `ShapeError` unless `values` is one value, or one for each row of a (column of b): [M] for a matrix [M, K],
 * [..., M, 1] for any operand of that rank. For b: [N] or [..., 1, N].
 */
export function checkPerLine(
  values: SymbolicShape,
  operand: SymbolicShape,
  side: Side,
  name: string,
  operation: string,
): void {
  const shape = asMatrices(operand, side)
  const kept = side === 'a' ? shape.length - 2 : shape.length - 1
  const lines = shape.map((extent, axis) => (axis >= shape.length - 2 && axis !== kept ? 1 : extent))
  const wanted = values.length === 1 && shape.length === 2 ? [shape[kept]] : lines
  const fits = values.length === wanted.length && values.every((v, i) => (v ?? wanted[i]) === (wanted[i] ?? v))
  if (isSingle(values) || fits) return
  throw new ShapeError(
    `${operation}: ${side} is ${formatShape(operand)}, ${name} ${formatShape(values)}; wanted one value or ${formatShape(lines)}, one for each ${side === 'a' ? 'row' : 'column'}`,
  )
}

/** Checked values, one for each row of every matrix of a (column of b), in order; absent ones are 0. Example: 3 -> [3, 3]. */
export function perLine(values: Tensor | null, operand: Shape, side: Side): Float32Array {
  const shape = asMatrices(operand, side)
  const kept = side === 'a' ? shape.length - 2 : shape.length - 1
  const count = sizeOf(shape.slice(0, -2)) * shape[kept]
  if (values === null) return new Float32Array(count)
  return isSingle(values.shape) ? new Float32Array(count).fill(values.data[0]) : Float32Array.from(values.data)
}

/** The matrices of a product: product i takes matrix `aIndex[i]` [m, k] of a and `bIndex[i]` [k, n] of b. */
export interface ProductPlan {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly aIndex: Int32Array
  readonly bIndex: Int32Array
}

/** The plan of two operands whose shapes multiply. */
export function productPlan(a: Shape, b: Shape, operation: string): ProductPlan {
  const left = asMatrices(a, 'a')
  const right = asMatrices(b, 'b')
  const batch = broadcastShapes(left.slice(0, -2), right.slice(0, -2), operation) as Shape
  const [m, k] = left.slice(-2)
  const n = right[right.length - 1]
  return { m, n, k, aIndex: batchIndex(left.slice(0, -2), batch), bIndex: batchIndex(right.slice(0, -2), batch) }
}

/** Which matrix of an operand with these leading extents each one of the broadcast result uses. */
function batchIndex(extents: Shape, batch: Shape): Int32Array {
  const index = new Int32Array(sizeOf(batch))
  const missing = batch.length - extents.length
  for (let i = 0; i < index.length; i++) {
    let rest = i
    let stride = 1
    for (let axis = batch.length - 1; axis >= missing; axis--) {
      const extent = extents[axis - missing]
      if (extent !== 1) index[i] += (rest % batch[axis]) * stride
      stride *= extent
      rest = Math.floor(rest / batch[axis])
    }
  }
  return index
}

/**
 * out[i, r, c] = sum over p of (a[r, p] - aZero[r]) (b[p, c] - bZero[c]), int32 that wraps. A term is below 2^18, so every
 * step is exact before it wraps. Example: a [[2, 4]] with zero point 1, b [[3], [5]] with 0: 1 * 3 + 3 * 5 = 18.
 */
export function integerProduct(
  { m, n, k, aIndex, bIndex }: ProductPlan,
  a: Tensor,
  aZero: Float32Array,
  b: Tensor,
  bZero: Float32Array,
  out: Int32Array,
): void {
  const left = a.data
  const right = b.data
  let at = 0
  for (let i = 0; i < aIndex.length; i++) {
    const bStart = bIndex[i] * k * n
    for (let r = 0; r < m; r++) {
      const row = aIndex[i] * m + r
      for (let c = 0; c < n; c++) {
        const zero = bZero[bIndex[i] * n + c]
        let sum = 0
        for (let p = 0; p < k; p++) {
          sum = (sum + (left[row * k + p] - aZero[row]) * (right[bStart + p * n + c] - zero)) | 0
        }
        out[at++] = sum
      }
    }
  }
}
