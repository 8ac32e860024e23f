/**
 * TensorProto, ONNX's tensor in a file, to and from `OnnxTensor`. Read are all the ways in which the values may be stored
 * inside the file (raw_data and the typed fields); written is raw_data, little-endian, sub-byte elements packed from the lowest
 * bits up, the last byte filled with zeros.
 */

import { FormatError, ShapeError, UnsupportedError, UsageError } from '../../../engine/base/errors.ts'
import { formatShape, sizeOf } from '../../../engine/base/shape.ts'
import { decodeSmallFloat, encodeSmallFloat, isSmallFloat } from '../../../engine/base/smallFloat.ts'
import type { OnnxTensor, OnnxType } from '../model.ts'
import type { OnnxLimits } from './limits.ts'
import type { Draft, Message } from './protobuf.ts'
import type { TensorProto } from './schema.ts'
import { nameOfCode, typeInfo, typeOfCode } from './types.ts'

const typedFields = ['float_data', 'int32_data', 'int64_data', 'double_data', 'uint64_data'] as const
type TypedField = (typeof typedFields)[number]

/** The typed field for the elements of a type, by onnx.proto. */
function typedFieldOf(type: OnnxType): TypedField {
  switch (type) {
    case 'float32':
      return 'float_data'
    case 'float64':
      return 'double_data'
    case 'int64':
      return 'int64_data'
    case 'uint32':
    case 'uint64':
      return 'uint64_data'
    default:
      return 'int32_data'
  }
}

const isSigned = (type: OnnxType): boolean => type.startsWith('int')

/** Unpacks `count` integers of `bits` < 8 bits, the first in the lowest bits of the first byte. */
function unpack(
  bytes: ArrayLike<number>,
  out: Int8Array | Uint8Array | Float32Array,
  bits: number,
  signed: boolean,
): void {
  const perByte = 8 / bits
  const mask = (1 << bits) - 1
  for (let i = 0; i < out.length; i++) {
    const element = (bytes[Math.floor(i / perByte)] >>> ((i % perByte) * bits)) & mask
    out[i] = signed ? (element << (32 - bits)) >> (32 - bits) : element
  }
}

/** The elements of raw_data: a copy, since those in the file need not be aligned. Its length is right. */
function fromRaw(type: OnnxType, raw: Uint8Array, count: number): OnnxTensor['data'] {
  const { bits, array } = typeInfo[type]
  if (bits < 8) {
    const out = new array(count) as Int8Array | Uint8Array | Float32Array
    unpack(raw, out, bits, isSigned(type))
    if (isSmallFloat(type)) for (let i = 0; i < count; i++) out[i] = decodeSmallFloat(out[i], type)
    return out as OnnxTensor['data']
  }
  const buffer = new Uint8Array(raw).buffer
  if (!isSmallFloat(type)) return new array(buffer)
  const patterns = bits === 16 ? new Uint16Array(buffer) : new Uint8Array(buffer)
  const out = new Float32Array(count)
  for (let i = 0; i < count; i++) out[i] = decodeSmallFloat(patterns[i], type)
  return out
}

function integerRange(bits: number, signed: boolean): readonly [number, number] {
  return signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1]
}

/** The least and greatest number that int32_data or uint64_data may have for a type that is narrower. */
function rangeOf(type: OnnxType): readonly [number, number] {
  const { bits } = typeInfo[type]
  if (type === 'bool') return [0, 1]
  // A byte of packed elements may have been widened as a signed one.
  if (bits < 8) return [-128, 255]
  return integerRange(bits, isSigned(type))
}

/** The elements of a typed field, whose length is right. Throws `FormatError` for one that its type does not hold. */
function fromTyped(type: OnnxType, field: ArrayLike<number | bigint>, count: number, what: string): OnnxTensor['data'] {
  const { bits, array } = typeInfo[type]
  if (type === 'float32' || type === 'float64' || type === 'int64' || type === 'uint64' || type === 'int32') {
    return (field as OnnxTensor['data']).slice()
  }
  const [least, greatest] = rangeOf(type)
  const out = new array(bits < 8 ? field.length : count) as { [i: number]: number }
  for (let i = 0; i < field.length; i++) {
    const element = Number(field[i])
    if (element < least || element > greatest) {
      throw new FormatError(`${what}: element ${i} is ${element}; ${type} is stored as ${least} to ${greatest}`)
    }
    out[i] = bits >= 8 && isSmallFloat(type) ? decodeSmallFloat(element, type) : element
  }
  if (bits >= 8) return out as OnnxTensor['data']
  return fromRaw(
    type,
    Uint8Array.from(out as Float32Array, (byte) => byte & 0xff),
    count,
  )
}

/** Checks dimensions; returns the number of elements, which may be far beyond what exists. */
function countElements(dims: readonly number[], limits: OnnxLimits, what: string): number {
  if (dims.length > limits.rank) {
    throw new UnsupportedError(`${what}: it has ${dims.length} dimensions; the limit is ${limits.rank} (limits.rank)`)
  }
  if (dims.some((extent) => extent < 0)) {
    throw new FormatError(`${what}: ${formatShape(dims)} is not a shape: extents are 0 or more`)
  }
  // Asked first: a product that overflows to infinity times 0 would be NaN.
  return dims.includes(0) ? 0 : sizeOf(dims)
}

/**
 * The tensor of a message. `name` is what errors call it. Throws `FormatError` where the dimensions and the values do not
 * agree, before anything is allocated, and `UnsupportedError` for a type that `OnnxType` lacks, for values in another file, for
 * a segment, and beyond the limits.
 */
export function tensorOf(message: Message<typeof TensorProto>, name: string, limits: OnnxLimits): OnnxTensor {
  const what = `ONNX tensor '${name}'`
  const code = message.data_type ?? 0
  const type = typeOfCode(code)
  if (type === null) {
    const known = nameOfCode(code)
    if (known === null) throw new FormatError(`${what}: its type is ${code}, which onnx.proto does not have`)
    throw new UnsupportedError(`${what}: type ${known} is not supported; wanted numbers of another type`)
  }
  const { dims } = message
  const count = countElements(dims, limits, what)
  if ((message.data_location ?? 0) !== 0 || message.external_data.length > 0) {
    const location = message.external_data.find(({ key }) => key === 'location')?.value ?? '?'
    throw new UnsupportedError(
      `${what}: its values are in another file ('${location}'); save the model as one file first: onnx.save(onnx.load(path), 'one.onnx', save_as_external_data=False)`,
    )
  }
  if (message.segment !== undefined) {
    throw new UnsupportedError(
      `${what}: it is a segment of a larger tensor, or a sequence and no tensor; save whole tensors`,
    )
  }
  const field = typedFieldOf(type)
  const filled = typedFields.filter((candidate) => message[candidate].length > 0)
  const { bits } = typeInfo[type]
  const raw = message.raw_data
  const isRaw = raw !== undefined && (raw.length > 0 || filled.length === 0)
  const stored = isRaw ? [...filled, 'raw_data'] : filled
  const wrong = isRaw ? filled[0] : filled.find((candidate) => candidate !== field)
  if (wrong !== undefined || message.string_data.length > 0) {
    const all = message.string_data.length > 0 ? [...stored, 'string_data'] : stored
    throw new FormatError(
      `${what}: its values are in ${all.join(' and ')}; ${type} is stored in raw_data or in ${field}`,
    )
  }
  const bytes = Math.ceil((count * bits) / 8)
  const present = isRaw ? raw.length : message[field].length
  const wanted = isRaw || bits < 8 ? bytes : count
  if (present !== wanted) {
    throw new FormatError(
      `${what}: ${type}${formatShape(dims)} takes ${wanted} ${isRaw ? 'bytes' : 'numbers'}, ${present} are there: the file is cut short or damaged`,
    )
  }
  if (count > limits.elements) {
    throw new UnsupportedError(`${what}: it has ${count} elements; the limit is ${limits.elements} (limits.elements)`)
  }
  const data = isRaw ? fromRaw(type, raw, count) : fromTyped(type, message[field], count, what)
  if (type === 'bool') {
    const odd = (data as Uint8Array).findIndex((element) => element > 1)
    if (odd >= 0) throw new FormatError(`${what}: element ${odd} is ${data[odd]}; bool is 0 or 1`)
  }
  return { type, dims, data } as OnnxTensor
}

/**
 * The bytes of a tensor as raw_data holds them; they share the memory of its values where those lie as in the file. Throws
 * `UsageError` for an integer of less than 8 bits outside its range.
 */
export function rawBytesOf({ type, data }: OnnxTensor): Uint8Array {
  const { bits } = typeInfo[type]
  if (bits >= 8 && !isSmallFloat(type)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const numbers = data as Float32Array | Int8Array | Uint8Array
  if (isSmallFloat(type) && bits >= 8) {
    const patterns = bits === 16 ? new Uint16Array(numbers.length) : new Uint8Array(numbers.length)
    for (let i = 0; i < numbers.length; i++) patterns[i] = encodeSmallFloat(numbers[i], type)
    return new Uint8Array(patterns.buffer)
  }
  const perByte = 8 / bits
  const [least, greatest] = isSmallFloat(type) ? [0, 2 ** bits - 1] : integerRange(bits, isSigned(type))
  const bytes = new Uint8Array(Math.ceil(numbers.length / perByte))
  for (let i = 0; i < numbers.length; i++) {
    const element = isSmallFloat(type) ? encodeSmallFloat(numbers[i], type) : numbers[i]
    if (element < least || element > greatest) {
      throw new UsageError(`ONNX tensor: element ${i} is ${element}; ${type} is ${least} to ${greatest}`)
    }
    bytes[Math.floor(i / perByte)] |= (element & ((1 << bits) - 1)) << ((i % perByte) * bits)
  }
  return bytes
}

/**
 * The message of a tensor; `name` '' is not written. Throws `ShapeError` where the dimensions and the number of values do not
 * agree and `UsageError` for an integer of less than 8 bits outside its range. A float16 (or smaller) that is none is rounded.
 */
export function tensorMessage(tensor: OnnxTensor, name: string): Draft<typeof TensorProto> {
  if (tensor.data.length !== sizeOf(tensor.dims)) {
    throw new ShapeError(
      `ONNX tensor '${name}': ${formatShape(tensor.dims)} holds ${sizeOf(tensor.dims)} elements, ${tensor.data.length} came`,
    )
  }
  return {
    dims: tensor.dims,
    data_type: typeInfo[tensor.type].code,
    name: name === '' ? undefined : name,
    raw_data: rawBytesOf(tensor),
  }
}
