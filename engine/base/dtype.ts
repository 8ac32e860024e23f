/** Element types, named as in ONNX Runtime, and the typed arrays that hold them. */

export interface DTypeArrays {
  float32: Float32Array
  int32: Int32Array
  int16: Int16Array
  uint16: Uint16Array
  int8: Int8Array
  uint8: Uint8Array
}

/** An element type; a string literal as in ONNX Runtime. */
export type DType = keyof DTypeArrays
/** Any typed array that a tensor may hold. */
export type TypedArray = DTypeArrays[DType]

interface ArrayConstructor<A> {
  new (length: number): A
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A
}

const constructors: { [D in DType]: ArrayConstructor<DTypeArrays[D]> } = {
  float32: Float32Array,
  int32: Int32Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
}

/** A zero-filled array of `length` elements of `dtype`. */
export function allocate<D extends DType>(dtype: D, length: number): DTypeArrays[D] {
  return new constructors[dtype](length)
}

/** `length` elements of `dtype` over existing memory, from `byteOffset` on. */
export function viewOf<D extends DType>(
  dtype: D,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): DTypeArrays[D] {
  return new constructors[dtype](buffer, byteOffset, length)
}

/** Whether `array` holds elements of `dtype`. */
export function holds<D extends DType>(dtype: D, array: TypedArray | undefined): array is DTypeArrays[D] {
  return array instanceof constructors[dtype]
}

/** Bytes that one element of `dtype` takes. */
export function bytesPerElement(dtype: DType): number {
  switch (dtype) {
    case 'float32':
    case 'int32':
      return 4
    case 'int16':
    case 'uint16':
      return 2
    case 'int8':
    case 'uint8':
      return 1
  }
}
