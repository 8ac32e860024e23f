/**
 * Reading protocol buffers. The bytes are treated as hostile: every length is checked against the end of the message that
 * holds it, and every count against the bytes that are there, before anything is allocated.
 */

import { FormatError, UnsupportedError } from '../../../engine/base/errors.ts'
import {
  type DataArrays,
  type DataKind,
  FIXED32,
  FIXED64,
  LENGTH,
  type Message,
  type MessageTable,
  type ScalarKind,
  textOf,
  VARINT,
  wireType,
} from './protobuf.ts'

/** What reading may use up. */
export interface WireLimits {
  /** Fields, apart from the elements of `data` fields: each costs memory beyond its bytes in the file. */
  readonly fields: number
  /** Bytes of one string. */
  readonly stringBytes: number
}

type DataArray = DataArrays[DataKind]

const dataConstructors = {
  int32: Int32Array,
  bigint64: BigInt64Array,
  biguint64: BigUint64Array,
  float: Float32Array,
  double: Float64Array,
} satisfies { [K in DataKind]: new (length: number) => DataArrays[K] }

// Two halves of 64 bits as one integer. Typed arrays are little-endian wherever this library runs.
const halves = new Uint32Array(2)
const signed = new BigInt64Array(halves.buffer)
const unsigned = new BigUint64Array(halves.buffer)

interface Reader {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly limits: WireLimits
  at: number
  fieldsLeft: number
}

function damaged(reader: Reader, at: number, what: string): FormatError {
  return new FormatError(
    `protobuf: byte ${at} of ${reader.bytes.length}: ${what}: the file is cut short, damaged or of another kind; fetch or export it again`,
  )
}

/** Reads a varint into `halves`. */
function readVarint(reader: Reader, end: number): void {
  const start = reader.at
  let low = 0
  let high = 0
  for (let shift = 0; shift < 70; shift += 7) {
    if (reader.at >= end) throw damaged(reader, start, 'an integer runs past the end of its message')
    const byte = reader.bytes[reader.at++]
    if (shift === 63 && byte > 1) break
    if (shift < 32) low |= (byte & 0x7f) << shift
    if (shift === 28) high = (byte & 0x7f) >>> 4
    else if (shift > 28) high |= (byte & 0x7f) << (shift - 32)
    if (byte < 0x80) {
      halves[0] = low
      halves[1] = high
      return
    }
  }
  throw damaged(reader, start, 'an integer has more than 64 bits')
}

/** The number in `halves` as a signed 64-bit integer; not exact beyond 2^53. */
function halvesAsNumber(): number {
  return (halves[1] | 0) * 4294967296 + halves[0]
}

/** Reads a length and returns where what it measures ends; nothing is allocated for it before that is known to exist. */
function readLength(reader: Reader, end: number, what: string): number {
  const start = reader.at
  readVarint(reader, end)
  const length = halves[1] * 4294967296 + halves[0]
  if (length > end - reader.at) {
    throw damaged(reader, start, `${what} says it has ${length} bytes, ${end - reader.at} are left`)
  }
  return reader.at + length
}

function take(reader: Reader, count: number, end: number): number {
  const start = reader.at
  if (count > end - start) throw damaged(reader, start, `a value of ${count} bytes, ${end - start} are left`)
  reader.at += count
  return start
}

function skip(reader: Reader, wire: number, end: number): void {
  if (wire === VARINT) readVarint(reader, end)
  else if (wire === FIXED64) take(reader, 8, end)
  else if (wire === FIXED32) take(reader, 4, end)
  else reader.at = readLength(reader, end, 'a field')
}

function readScalar(
  reader: Reader,
  kind: ScalarKind,
  end: number,
  what: string,
): number | bigint | string | Uint8Array {
  switch (kind) {
    case 'float':
      return reader.view.getFloat32(take(reader, 4, end), true)
    case 'double':
      return reader.view.getFloat64(take(reader, 8, end), true)
    case 'string':
    case 'bytes': {
      const stop = readLength(reader, end, what)
      const start = reader.at
      reader.at = stop
      const content = reader.bytes.subarray(start, stop)
      if (kind === 'bytes') return content
      if (content.length > reader.limits.stringBytes) {
        throw new UnsupportedError(
          `protobuf: ${what} has ${content.length} bytes; the limit is ${reader.limits.stringBytes}: raise limits.stringBytes if the file is trusted`,
        )
      }
      const text = textOf(content)
      if (text === null) throw damaged(reader, start, `${what} is no UTF-8 text`)
      return text
    }
  }
  const start = reader.at
  readVarint(reader, end)
  if (kind === 'int32') return halves[0] | 0
  if (kind === 'bigint64') return signed[0]
  if (kind === 'biguint64') return unsigned[0]
  const value = halvesAsNumber()
  if (!Number.isSafeInteger(value)) throw damaged(reader, start, `${what} is ${signed[0]}, beyond 2^53`)
  return value
}

/** The elements of a packed run [reader.at, stop): a varint ends with each byte below 128. */
function countPacked(reader: Reader, kind: DataKind, stop: number, what: string): number {
  const wire = wireType(kind)
  const length = stop - reader.at
  if (wire !== VARINT) {
    const width = wire === FIXED64 ? 8 : 4
    if (length % width !== 0) throw damaged(reader, reader.at, `${what} has ${length} bytes, no multiple of ${width}`)
    return length / width
  }
  let count = 0
  for (let i = reader.at; i < stop; i++) if (reader.bytes[i] < 0x80) count++
  return count
}

interface Growing {
  array: DataArray
  length: number
}

/** Appends the `count` elements up to `stop`; room grows at least by half, so that single elements cost constant time. */
function append(reader: Reader, list: Growing, kind: DataKind, count: number, stop: number, what: string): void {
  const { array, length } = list
  if (length + count > array.length) {
    const room = new dataConstructors[kind](Math.max(length + count, length + (length >> 1)))
    room.set(array as never)
    list.array = room
  }
  const target = list.array as { [i: number]: unknown }
  for (let i = 0; i < count; i++) target[length + i] = readScalar(reader, kind, stop, what)
  list.length = length + count
}

function readMessage(reader: Reader, table: MessageTable, end: number): Record<string, unknown> {
  const message: Record<string, unknown> = {}
  let growing: Map<string, Growing> | undefined
  for (const [name, field] of table.byNumber.values()) {
    if (field.occurs === 'many') message[name] = []
    else if (field.occurs === 'data') message[name] = new dataConstructors[field.kind as DataKind](0)
  }
  while (reader.at < end) {
    const start = reader.at
    readVarint(reader, end)
    const wire = halves[0] & 7
    const number = halves[0] >>> 3
    if (halves[1] !== 0 || number === 0) throw damaged(reader, start, `a field of ${table.name} has no valid number`)
    if (wire !== VARINT && wire !== FIXED64 && wire !== LENGTH && wire !== FIXED32) {
      throw damaged(reader, start, `field ${number} of ${table.name} has wire type ${wire}; wanted 0, 1, 2 or 5`)
    }
    const known = table.byNumber.get(number)
    if (known === undefined) {
      skip(reader, wire, end)
      continue
    }
    const [name, field] = known
    const what = `${table.name}.${name}`
    const { kind, occurs } = field
    const packed = wire === LENGTH && wireType(kind) !== LENGTH && occurs !== 'once'
    if (wire !== wireType(kind) && !packed) {
      throw damaged(reader, start, `${what} has wire type ${wire}; wanted ${wireType(kind)}`)
    }
    if (occurs === 'data') {
      growing ??= new Map()
      const list = growing.get(name) ?? { array: message[name] as DataArray, length: 0 }
      growing.set(name, list)
      const stop = packed ? readLength(reader, end, what) : end
      const count = packed ? countPacked(reader, kind as DataKind, stop, what) : 1
      append(reader, list, kind as DataKind, count, stop, what)
      if (packed && reader.at !== stop) throw damaged(reader, start, `the last element of ${what} is cut short`)
      continue
    }
    const stop = packed || typeof kind !== 'string' ? readLength(reader, end, what) : end
    do {
      if (packed && reader.at === stop) break
      if (--reader.fieldsLeft < 0) {
        throw new UnsupportedError(
          `protobuf: more than ${reader.limits.fields} fields; raise limits.fields if the file is trusted`,
        )
      }
      const value = typeof kind === 'string' ? readScalar(reader, kind, stop, what) : readMessage(reader, kind, stop)
      if (occurs === 'many') (message[name] as unknown[]).push(value)
      else if (typeof kind !== 'string' && message[name] !== undefined) {
        throw damaged(reader, start, `${what} occurs twice`)
      } else message[name] = value
    } while (packed)
  }
  for (const [name, { array, length }] of growing ?? []) message[name] = array.subarray(0, length)
  return message
}

/**
 * Reads the message that `bytes` are. Byte fields share `bytes`. Throws `FormatError` for what is no message of this table,
 * with the position, and `UnsupportedError` for one beyond the limits.
 */
export function decodeMessage<T extends MessageTable>(bytes: Uint8Array, table: T, limits: WireLimits): Message<T> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const reader: Reader = { bytes, view, limits, at: 0, fieldsLeft: limits.fields }
  return readMessage(reader, table, bytes.length) as Message<T>
}
