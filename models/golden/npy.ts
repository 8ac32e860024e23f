/**
 * NumPy's .npy files (numpy/lib/format.py documents them): the magic "\x93NUMPY", a version, the length of a header, the header
 * (a Python dictionary in ASCII, padded so that the elements start at a multiple of 64), the elements. Read are versions 1 and
 * 2, little-endian, in C order; written is version 1, byte for byte as NumPy 2 does. Bytes are treated as hostile: what the
 * header says is checked against the length before anything is allocated.
 */

import { FormatError, ShapeError, UnsupportedError } from '../../engine/base/errors.ts'
import { formatShape, sizeOf } from '../../engine/base/shape.ts'
import { typeInfo } from '../onnx/codec/types.ts'
import type { OnnxTensor, OnnxType } from '../onnx/model.ts'

const descriptors = {
  float32: '<f4',
  float64: '<f8',
  int8: '|i1',
  uint8: '|u1',
  int16: '<i2',
  uint16: '<u2',
  int32: '<i4',
  uint32: '<u4',
  int64: '<i8',
  uint64: '<u8',
  bool: '|b1',
} satisfies { [T in OnnxType]?: string }

/** An element type that .npy files hold here. */
export type NpyType = keyof typeof descriptors

/** A tensor of such a type. */
export type NpyTensor = Extract<OnnxTensor, { readonly type: NpyType }>

const typeByDescriptor = new Map(Object.entries(descriptors).map(([type, name]) => [name, type as NpyType]))

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
const ALIGNMENT = 64
const GROWTH_DIGITS = 21
/** NumPy's own greatest rank. */
const RANK_LIMIT = 64

const asciiOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** Where the elements start and the header between; `source` names the file in messages. */
function readHeader(bytes: Uint8Array, source: string): { header: string; start: number } {
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new FormatError(
      `npy: ${source} does not start with the magic \\x93NUMPY, a version and a length: is it another file?`,
    )
  }
  const version = bytes[6]
  if (version !== 1 && version !== 2) {
    throw new UnsupportedError(`npy: ${source} has version ${version}.${bytes[7]}; versions 1 and 2 are read`)
  }
  const prefix = version === 1 ? 10 : 12
  if (bytes.length < prefix) throw new FormatError(`npy: ${source} is cut short in the length of its header`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > bytes.length - prefix) {
    throw new FormatError(
      `npy: ${source} says its header has ${length} bytes, ${bytes.length - prefix} are left: it is cut short`,
    )
  }
  // A header for numbers has some hundred bytes; NumPy refuses more than 10,000, too.
  if (length > 10000) throw new FormatError(`npy: the header of ${source} has ${length} bytes; at most 10000 are read`)
  return { header: asciiOf(bytes.subarray(prefix, prefix + length)), start: prefix + length }
}

/** The entries of the dictionary as the text of their values. Nothing but the three keys, each once, in any order. */
function parseHeader(header: string, source: string): { descr: string; fortran_order: string; shape: string } {
  const wrong = (): FormatError =>
    new FormatError(
      `npy: ${source}: the header is ${JSON.stringify(header.slice(0, 200))}; wanted {'descr': ..., 'fortran_order': ..., 'shape': ..., }`,
    )
  const body = /^\s*\{(.*)\}\s*$/s.exec(header)?.[1]
  if (body === undefined) throw wrong()
  const entries = new Map<string, string>()
  const entry =
    /\s*['"](descr|fortran_order|shape)['"]\s*:\s*('[^']*'|"[^"]*"|True|False|\([\d,\s]*\)|\[.*\])\s*(,|$)/sy
  while (entry.lastIndex < body.trimEnd().length) {
    const match = entry.exec(body)
    if (match === null || entries.has(match[1])) throw wrong()
    entries.set(match[1], match[2])
  }
  const descr = entries.get('descr')
  const fortran_order = entries.get('fortran_order')
  const shape = entries.get('shape')
  if (descr === undefined || fortran_order === undefined || shape === undefined) throw wrong()
  if (!/^(True|False)$/.test(fortran_order) || !/^\((\s*|\s*\d+\s*,\s*|\s*\d+(\s*,\s*\d+)+\s*,?\s*)\)$/.test(shape))
    throw wrong()
  return { descr, fortran_order, shape }
}

function typeOf(descr: string, source: string): NpyType {
  const name = descr.slice(1, -1)
  // One byte has no byte order; some writers give one all the same.
  const type = typeByDescriptor.get(/^[<=>][iub]1$/.test(name) ? `|${name.slice(1)}` : name)
  if (type !== undefined) return type
  const advice = name.includes('O')
    ? 'Python objects, which are pickled code, are never read: save an array of numbers'
    : name.startsWith('>')
      ? "it is big-endian; save it with array.astype(array.dtype.newbyteorder('<'))"
      : `wanted one of ${Object.values(descriptors).join(', ')}`
  throw new UnsupportedError(`npy: ${source} has element type ${descr}: ${advice}`)
}

/**
 * The tensor in the bytes of a .npy file, which it does not share; `source` names the file in messages. Throws `FormatError`
 * for a damaged file, `UnsupportedError` for element types and orders that are not read.
 * Example: np.save of np.array([[1, 2]], 'int8') gives { type: 'int8', dims: [1, 2], data: Int8Array [1, 2] }.
 */
export function decodeNpy(bytes: Uint8Array, source: string): NpyTensor {
  const { header, start } = readHeader(bytes, source)
  const { descr, fortran_order, shape } = parseHeader(header, source)
  const type = typeOf(descr, source)
  if (fortran_order === 'True') {
    throw new UnsupportedError(`npy: ${source} is in Fortran order; save np.ascontiguousarray of it`)
  }
  const dims = (shape.match(/\d+/g) ?? []).map(Number)
  if (dims.length > RANK_LIMIT) {
    throw new FormatError(`npy: ${source} has ${dims.length} dimensions; NumPy has at most ${RANK_LIMIT}`)
  }
  const { bits, array } = typeInfo[type]
  // A product beyond 2^53 is inexact, but then it is far beyond every length, too.
  const byteLength = dims.includes(0) ? 0 : sizeOf(dims) * (bits / 8)
  if (byteLength !== bytes.length - start || !dims.every(Number.isSafeInteger)) {
    throw new FormatError(
      `npy: ${source} says ${type}${formatShape(dims)}, which takes ${byteLength} bytes, but has ${bytes.length - start}: it is ${byteLength > bytes.length - start ? 'cut short' : 'followed by something else'}`,
    )
  }
  // A copy: the elements in the file need not be aligned.
  const data = new array(new Uint8Array(bytes.subarray(start)).buffer)
  if (type === 'bool') {
    const odd = (data as Uint8Array).findIndex((element) => element > 1)
    if (odd >= 0) throw new FormatError(`npy: ${source}: element ${odd} is ${data[odd]}; bool is 0 or 1`)
  }
  return { type, dims, data } as NpyTensor
}

/**
 * The bytes of a .npy file, version 1; the same tensor always gives the same bytes. Throws `ShapeError` where the dimensions and
 * the number of values do not agree, `UnsupportedError` for a type that NumPy lacks.
 * Example: float32[2] gives a header of 128 bytes with '<f4' and (2,), then 8 bytes.
 */
export function encodeNpy({ type, dims, data }: OnnxTensor): Uint8Array {
  if (!(type in descriptors)) {
    throw new UnsupportedError(
      `npy: type ${type} has no .npy form; convert it to one of ${Object.keys(descriptors).join(', ')}`,
    )
  }
  if (data.length !== sizeOf(dims) || dims.length > RANK_LIMIT) {
    throw new ShapeError(
      `npy: ${formatShape(dims)} has ${dims.length} dimensions (at most ${RANK_LIMIT}) and ${sizeOf(dims)} elements, ${data.length} came`,
    )
  }
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`
  const header = `{'descr': '${descriptors[type as NpyType]}', 'fortran_order': False, 'shape': ${shape}, }`
  // NumPy leaves room for the first dimension to grow to 21 digits in place.
  const room = dims.length === 0 ? 0 : GROWTH_DIGITS - String(dims[0]).length
  const start = Math.ceil((10 + header.length + room + 1) / ALIGNMENT) * ALIGNMENT
  const bytes = new Uint8Array(start + data.byteLength)
  bytes.set([...MAGIC, 1, 0])
  new DataView(bytes.buffer).setUint16(8, start - 10, true)
  bytes.set(new TextEncoder().encode(`${header.padEnd(start - 11)}\n`), 10)
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start)
  return bytes
}
