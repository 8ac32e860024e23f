import { ShapeError } from '../engine/base/errors.ts'
import type { CodeTensor, FloatArray } from '../quant/integer/session.ts'

/** The arrays that tensors of each type hold. */
export interface TensorData {
  readonly float32: Float32Array
  readonly int8: Int8Array
  readonly uint8: Uint8Array
  readonly int16: Int16Array
  readonly uint16: Uint16Array
}

/** The types of elements, as ONNX Runtime names them. */
export type TensorType = keyof TensorData

/**
 * What goes in and comes out: a tensor of ONNX Runtime, or a plain object like one. `data` is row-major, `dims` begin with the batch.
 * Example: { type: 'float32', data: new Float32Array(784), dims: [1, 1, 28, 28] }.
 */
export type Tensor = {
  readonly [T in TensorType]: { readonly type: T; readonly data: TensorData[T]; readonly dims: readonly number[] }
}[TensorType]

const arrays = {
  float32: Float32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
} satisfies { [T in TensorType]: { from(values: Int32Array): TensorData[T] } }

/** The narrowest type of codes. Example: 0 ... 255 is 'uint8', -8 ... 7 'int8'. */
export function typeOfCodes({ qmin, qmax }: { readonly qmin: number; readonly qmax: number }): TensorType {
  if (qmin < 0) return qmin >= -128 && qmax <= 127 ? 'int8' : 'int16'
  return qmax <= 255 ? 'uint8' : 'uint16'
}

/** Codes as a tensor of a type that holds them. Example: [3, 255] as 'uint8'. */
export function codesAsTensor({ shape, data }: CodeTensor, type: TensorType): Tensor {
  return { type, data: arrays[type].from(data), dims: shape } as Tensor
}

/** Real numbers as a tensor. Example: type 'float32', dims [1, 10]. */
export function realsAsTensor({ shape, data }: FloatArray): Tensor {
  return { type: 'float32', data, dims: shape }
}

/** Throws `ShapeError` unless a value from outside is a tensor of one of `types`. Example: an array of numbers is refused. */
export function checkTensor(name: string, value: Tensor, types: readonly TensorType[]): void {
  const { type, data, dims } = value ?? {}
  const problem = !types.includes(type)
    ? `is of type '${type}'`
    : !(data instanceof arrays[type])
      ? `of type '${type}' holds ${Object.prototype.toString.call(data)}`
      : !Array.isArray(dims) || !dims.every((extent) => Number.isInteger(extent) && extent >= 0)
        ? 'has no dims'
        : null
  if (problem === null) return
  const wanted = types.map((type) => `'${type}'`).join(' or ')
  throw new ShapeError(`session: input '${name}' ${problem}; wanted { type: ${wanted}, data, dims }`)
}
