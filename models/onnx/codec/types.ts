/** ONNX's element types: their numbers in TensorProto.DataType, their width in a file, the arrays that hold them in memory. */

import type { OnnxArrays, OnnxType } from '../model.ts'

interface TypeInfo<A> {
  /** The number in TensorProto.DataType. */
  readonly code: number
  /** Bits of one element in raw_data; below 8, several share a byte, the first in its lowest bits. */
  readonly bits: number
  readonly array: { new (length: number): A; new (buffer: ArrayBuffer): A }
}

/** What a file and memory make of each type. */
export const typeInfo: { readonly [T in OnnxType]: TypeInfo<OnnxArrays[T]> } = {
  float32: { code: 1, bits: 32, array: Float32Array },
  uint8: { code: 2, bits: 8, array: Uint8Array },
  int8: { code: 3, bits: 8, array: Int8Array },
  uint16: { code: 4, bits: 16, array: Uint16Array },
  int16: { code: 5, bits: 16, array: Int16Array },
  int32: { code: 6, bits: 32, array: Int32Array },
  int64: { code: 7, bits: 64, array: BigInt64Array },
  bool: { code: 9, bits: 8, array: Uint8Array },
  float16: { code: 10, bits: 16, array: Float32Array },
  float64: { code: 11, bits: 64, array: Float64Array },
  uint32: { code: 12, bits: 32, array: Uint32Array },
  uint64: { code: 13, bits: 64, array: BigUint64Array },
  bfloat16: { code: 16, bits: 16, array: Float32Array },
  float8e4m3fn: { code: 17, bits: 8, array: Float32Array },
  float8e4m3fnuz: { code: 18, bits: 8, array: Float32Array },
  float8e5m2: { code: 19, bits: 8, array: Float32Array },
  float8e5m2fnuz: { code: 20, bits: 8, array: Float32Array },
  uint4: { code: 21, bits: 4, array: Uint8Array },
  int4: { code: 22, bits: 4, array: Int8Array },
  float4e2m1: { code: 23, bits: 4, array: Float32Array },
  uint2: { code: 25, bits: 2, array: Uint8Array },
  int2: { code: 26, bits: 2, array: Int8Array },
}

const typeByCode = new Map(Object.entries(typeInfo).map(([type, { code }]) => [code, type as OnnxType]))

/** Types that exist in ONNX and that nothing here reads. */
const otherNames = new Map([
  [8, 'string'],
  [14, 'complex64'],
  [15, 'complex128'],
  [24, 'float8e8m0'],
])

/** The type of a TensorProto.DataType, or null where this library has none. */
export function typeOfCode(code: number): OnnxType | null {
  return typeByCode.get(code) ?? null
}

/** A TensorProto.DataType as messages name it, or null where onnx.proto has no such number. */
export function nameOfCode(code: number): string | null {
  return typeByCode.get(code) ?? otherNames.get(code) ?? null
}
