/** Element by element on tensors of any numeric type, with NumPy's broadcasting. */

import { ShapeError } from '../../../engine/base/errors.ts'
import { broadcastShapes, type Shape, sizeOf, stridesOf } from '../../../engine/base/shape.ts'
import { countElements, isBig, zeroTensor } from '../elements.ts'
import type { OnnxTensor, OnnxType } from '../model.ts'
import { roundToType } from './convert.ts'

/** For each element of `out`, in order, the position of the element of `shape` that broadcasting puts there. */
export function broadcastPositions(shape: Shape, out: Shape): Int32Array {
  const lead = out.length - shape.length
  const strides = stridesOf(shape)
  const steps = out.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : strides[axis - lead]))
  const positions = new Int32Array(sizeOf(out))
  const index = new Array<number>(out.length).fill(0)
  let at = 0
  for (let i = 0; i < positions.length; i++) {
    positions[i] = at
    for (let axis = out.length - 1; axis >= 0; axis--) {
      at += steps[axis]
      if (++index[axis] < out[axis]) break
      at -= out[axis] * steps[axis]
      index[axis] = 0
    }
  }
  return positions
}

/** A function of two elements, for each of the forms that elements have. */
export interface BinaryRule {
  /** For floating point types and integers up to 32 bits; the result is rounded to the type, integers modulo 2^bits. */
  number(a: number, b: number, type: OnnxType): number
  /** For int64 and uint64; the result is taken modulo 2^64. */
  big(a: bigint, b: bigint): bigint
}

/** `rule` on two tensors of one type. Throws `ShapeError` for unlike types or shapes that do not broadcast. */
export function evaluateBinary(
  a: OnnxTensor,
  b: OnnxTensor,
  rule: BinaryRule,
  maxElements: number,
  operation: string,
): OnnxTensor {
  const { type } = a
  if (b.type !== type) throw new ShapeError(`${operation}: ${type} and ${b.type}; wanted one type`)
  const shape = broadcastShapes(a.dims, b.dims, operation) as number[]
  countElements(shape, maxElements, operation)
  const result = zeroTensor(type, shape)
  const fromA = broadcastPositions(a.dims, shape)
  const fromB = broadcastPositions(b.dims, shape)
  const { length } = result.data
  if (isBig(type)) {
    for (let i = 0; i < length; i++) {
      result.data[i] = rule.big(a.data[fromA[i]] as bigint, b.data[fromB[i]] as bigint)
    }
  } else {
    for (let i = 0; i < length; i++) {
      result.data[i] = roundToType(type, rule.number(a.data[fromA[i]] as number, b.data[fromB[i]] as number, type))
    }
  }
  return result
}
