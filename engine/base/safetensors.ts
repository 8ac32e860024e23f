/**
 * The safetensors format (https://github.com/huggingface/safetensors), on bytes: the length of the header as 8 bytes,
 * little endian; the header, JSON, padded with spaces; then the tensors' elements, little endian, without gaps. Typed
 * arrays have the host's byte order, which is little endian wherever JavaScript engines run today.
 */

import { allocate, bytesPerElement, type DType, type TypedArray } from './dtype.ts'
import { FormatError, UsageError } from './errors.ts'
import { findDuplicateKey } from './jsonKeys.ts'
import { formatShape, type Shape, sizeOf } from './shape.ts'

/** The reference implementation refuses longer headers too. */
const MAX_HEADER = 100_000_000
const MAX_ELEMENTS = 0x7fffffff

// Also the order in which the reference implementation writes tensors: by falling rank of the dtype, then by name.
const DTYPES: readonly (readonly [code: string, dtype: DType])[] = [
  ['F32', 'float32'],
  ['I32', 'int32'],
  ['U16', 'uint16'],
  ['I16', 'int16'],
  ['I8', 'int8'],
  ['U8', 'uint8'],
]
const codes = new Map(DTYPES.map(([code, dtype]) => [dtype, code]))
const dtypes = new Map(DTYPES)
const ranks = new Map(DTYPES.map(([, dtype], rank) => [dtype, rank]))

/** A tensor as a file holds it; a `Tensor` is one. `data` holds elements of `dtype`, row-major. */
export interface StoredTensor {
  readonly dtype: DType
  readonly shape: Shape
  readonly data: TypedArray
}

/** One tensor as the header describes it, checked. Offsets are in bytes from the end of the header. */
interface Entry {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

/** Orders strings as their UTF-8 bytes: by code point, where `<` orders by UTF-16 unit. */
function compareUtf8(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i]
  return a.length - b.length
}

/**
 * The bytes of a safetensors file. Equal content gives equal bytes, whatever the order in the map: tensors come in the
 * reference implementation's order (largest elements first, so that each is aligned, then by name), metadata by key.
 * Throws `UsageError` for a tensor named `__metadata__` or a header beyond the format's 100 MB.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  if (tensors.has('__metadata__')) throw new UsageError("safetensors: no tensor may be named '__metadata__'")
  const encoder = new TextEncoder()
  const order = [...tensors]
    .map(([name, value]) => ({ name, value, rank: ranks.get(value.dtype) as number, key: encoder.encode(name) }))
    .sort((a, b) => a.rank - b.rank || compareUtf8(a.key, b.key))

  // Written by hand: an object would move keys that look like integers to the front.
  const fields: string[] = []
  const keys = Object.keys(metadata).sort()
  if (keys.length > 0) {
    const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`)
    fields.push(`"__metadata__":{${pairs.join(',')}}`)
  }
  let offset = 0
  for (const { name, value } of order) {
    const end = offset + value.data.byteLength
    const entry = { dtype: codes.get(value.dtype), shape: value.shape, data_offsets: [offset, end] }
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`)
    offset = end
  }
  const json = encoder.encode(`{${fields.join(',')}}`)
  const headerLength = Math.ceil(json.length / 8) * 8
  if (headerLength > MAX_HEADER) {
    throw new UsageError(`safetensors: the header takes ${headerLength} bytes, the format allows ${MAX_HEADER}`)
  }

  const bytes = new Uint8Array(8 + headerLength + offset)
  new DataView(bytes.buffer).setUint32(0, headerLength, true)
  bytes.set(json, 8)
  bytes.fill(0x20, 8 + json.length, 8 + headerLength)
  let at = 8 + headerLength
  for (const { data } of order.map(({ value }) => value)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return bytes
}

/**
 * Reads a safetensors file, in the order in which it stores the tensors. The bytes are not trusted: everything is
 * checked before anything is allocated. Throws `FormatError` for a header that is too long, truncated, not JSON or with
 * duplicate keys; for dtypes other than F32, I32, I16, U16, I8, U8; and for tensors whose offsets overlap, leave holes,
 * leave the file or do not match their shapes. `maximumHeader` is the longest header that is read, in bytes.
 */
export function decodeSafetensors(
  bytes: Uint8Array,
  maximumHeader = MAX_HEADER,
): {
  tensors: Map<string, StoredTensor>
  metadata: Record<string, string>
} {
  const { header, dataStart } = readHeader(bytes, maximumHeader)
  const { __metadata__: metadata = {}, ...described } = header
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    throw new FormatError('safetensors: __metadata__ is not an object of strings')
  }
  const entries = Object.entries(described).map(([name, value]) => readEntry(name, value))
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end)
  let expected = 0
  for (const { name, begin, end } of entries) {
    if (begin !== expected) {
      throw new FormatError(
        `safetensors: tensor '${name}' begins at byte ${begin} of the data, wanted ${expected}: ${begin < expected ? 'it overlaps the one before' : 'there is a hole before it'}`,
      )
    }
    expected = end
  }
  const available = bytes.length - dataStart
  if (expected !== available) {
    throw new FormatError(`safetensors: the header describes ${expected} bytes of data, the file holds ${available}`)
  }

  const tensors = new Map<string, StoredTensor>()
  for (const { name, dtype, shape, begin, end } of entries) {
    const data = allocate(dtype, sizeOf(shape))
    new Uint8Array(data.buffer).set(bytes.subarray(dataStart + begin, dataStart + end))
    tensors.set(name, { dtype, shape, data })
  }
  return { tensors, metadata: metadata as Record<string, string> }
}

/** The header as JSON, and where the data begin. */
function readHeader(bytes: Uint8Array, maximum: number): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) {
    throw new FormatError(`safetensors: ${bytes.length} bytes are too few; a file begins with 8 bytes of header length`)
  }
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
  if (length > maximum) {
    throw new FormatError(
      `safetensors: a header of ${length} bytes; at most ${maximum} are allowed. Is this the format?`,
    )
  }
  const dataStart = 8 + length
  if (dataStart > bytes.length) {
    throw new FormatError(`safetensors: the header takes ${length} bytes, the file has ${bytes.length - 8} more`)
  }
  let text: string
  let header: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, dataStart))
    header = JSON.parse(text)
  } catch (cause) {
    throw new FormatError(`safetensors: the header is not JSON: ${(cause as Error).message}`, { cause })
  }
  if (!isRecord(header)) throw new FormatError('safetensors: the header is not a JSON object')
  const duplicate = findDuplicateKey(text)
  if (duplicate !== null) throw new FormatError(`safetensors: the header has '${duplicate}' twice in one object`)
  return { header, dataStart }
}

/** One tensor's description, checked but for its neighbours. */
function readEntry(name: string, value: unknown): Entry {
  const fail = (problem: string): FormatError => new FormatError(`safetensors: tensor '${name}': ${problem}`)
  if (!isRecord(value)) throw fail('it is not described by an object')
  const { dtype: code, shape, data_offsets: offsets } = value
  const dtype = typeof code === 'string' ? dtypes.get(code) : undefined
  if (dtype === undefined) {
    throw fail(`its dtype is ${JSON.stringify(code)}; wanted one of ${[...dtypes.keys()].join(', ')}`)
  }
  if (!isCounts(shape)) throw fail('its shape is not an array of integers from 0 on')
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw fail('its data_offsets are not two rising integers from 0 on')
  }
  // Element by element: a product of hostile extents may pass 2^53 before a 0 comes.
  let size = 1
  for (const extent of shape) {
    size *= extent
    if (size > MAX_ELEMENTS) throw fail(`shape ${formatShape(shape)} holds more than ${MAX_ELEMENTS} elements`)
  }
  const [begin, end] = offsets
  if (end - begin !== size * bytesPerElement(dtype)) {
    throw fail(
      `${code} ${formatShape(shape)} takes ${size * bytesPerElement(dtype)} bytes, its data_offsets span ${end - begin}`,
    )
  }
  return { name, dtype, shape, begin, end }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0)
}
