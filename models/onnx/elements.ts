/** What the importer must know of each element type: its kind, its range, and how the engine holds it. */

import { allocate, type DType } from '../../engine/base/dtype.ts'
import { FormatError, UnsupportedError } from '../../engine/base/errors.ts'
import { formatShape } from '../../engine/base/shape.ts'
import { Tensor } from '../../engine/core/tensor.ts'
import { typeInfo } from './codec/types.ts'
import type { OnnxArrays, OnnxTensor, OnnxType } from './model.ts'

/** The data of a tensor of any type. */
export type OnnxData = OnnxArrays[OnnxType]

/** The engine's types that hold the elements of others one by one. */
const engineTypes: Readonly<Partial<Record<OnnxType, DType>>> = {
  float32: 'float32',
  int8: 'int8',
  uint8: 'uint8',
  int16: 'int16',
  uint16: 'uint16',
  int32: 'int32',
  int4: 'int8',
  uint4: 'uint8',
  int2: 'int8',
  uint2: 'uint8',
  bool: 'uint8',
}

/** Whether a type's elements are floating point numbers. */
export function isFloat(type: OnnxType): boolean {
  return type.includes('float')
}

/** Whether a type's elements are integers; bool's are not. */
export function isInteger(type: OnnxType): boolean {
  return type.includes('int')
}

/** Whether a type's elements are BigInt: int64 and uint64. */
export function isBig(type: OnnxType): type is 'int64' | 'uint64' {
  return type === 'int64' || type === 'uint64'
}

/** The engine's type that holds a type's elements one by one, or null. int4 is held in int8, bool in uint8. */
export function engineType(type: OnnxType): DType | null {
  return engineTypes[type] ?? null
}

/** Throws `FormatError` when the shape has more than `limit` elements or is none at all; else their number. */
export function countElements(dims: readonly number[], limit: number, what: string): number {
  let size = 1
  for (const extent of dims) {
    if (!Number.isSafeInteger(extent) || extent < 0) {
      throw new FormatError(`${what}: ${formatShape(dims)} is no shape: extents are integers from 0 on`)
    }
    // 0 ends the product, whatever follows.
    size = Math.min(size * extent, Number.MAX_SAFE_INTEGER)
  }
  if (size <= limit) return size
  throw new FormatError(
    `${what}: ${formatShape(dims)} holds ${size} elements, the limit is ${limit}; raise the option maxElements if the model is trusted`,
  )
}

/** A tensor of a type that is known only at run time; the caller vouches that `data` is that type's array. */
export function onnxTensor(type: OnnxType, dims: readonly number[], data: OnnxData): OnnxTensor {
  return { type, dims, data } as OnnxTensor
}

/** A tensor of zeros. The caller has checked the size with `countElements`. */
export function zeroTensor(type: OnnxType, dims: readonly number[]): OnnxTensor {
  let size = 1
  for (const extent of dims) size *= extent
  return onnxTensor(type, dims, new typeInfo[type].array(size))
}

/** An int64 vector, or with dims [] a scalar. */
export function int64Tensor(values: readonly bigint[], dims: readonly number[] = [values.length]): OnnxTensor {
  return { type: 'int64', dims, data: BigInt64Array.from(values) }
}

/**
 * The tensor as the engine's: the same elements, int64 as int32 where all of them fit. Throws `UnsupportedError` for a
 * type or a value that it does not hold. Copies.
 */
export function toEngine(tensor: OnnxTensor, what: string): Tensor {
  if (tensor.type === 'int64') {
    const data = new Int32Array(tensor.data.length)
    for (let i = 0; i < data.length; i++) {
      data[i] = Number(tensor.data[i])
      if (BigInt(data[i]) === tensor.data[i]) continue
      throw new UnsupportedError(`${what}: its element ${i}, ${tensor.data[i]}, does not fit int32, the widest index`)
    }
    return new Tensor('int32', tensor.dims, data)
  }
  const dtype = engineType(tensor.type)
  if (dtype === null)
    throw new UnsupportedError(`${what}: it is ${tensor.type}, which the engine does not compute with`)
  const data = allocate(dtype, tensor.data.length)
  data.set(tensor.data as ArrayLike<number> as Float32Array)
  return new Tensor(dtype, tensor.dims, data)
}

/** The engine's tensor as one of `type`, which has the same array. Copies. */
export function fromEngine(tensor: Tensor, type: OnnxType): OnnxTensor {
  const result = zeroTensor(type, tensor.shape)
  ;(result.data as Float32Array).set(tensor.data as ArrayLike<number> as Float32Array)
  return result
}
