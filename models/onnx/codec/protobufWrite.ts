/**
 * Writing protocol buffers, as protobuf's own writers do: varints as short as they go, fields in the order of their table. The
 * same code runs twice, first to count (a length comes before what it measures), then to write into exactly enough memory.
 */

import { UsageError } from '../../../engine/base/errors.ts'
import { bytesOf, type Draft, LENGTH, type MessageTable, type ScalarKind, wireType } from './protobuf.ts'

interface Writer {
  /** null while counting. */
  readonly view: DataView | null
  at: number
  /** The lengths in the order in which they are met: noted while counting, used while writing. */
  readonly lengths: number[]
  nextLength: number
}

/** A varint of 64 bits in two halves. */
function writeVarint(writer: Writer, low: number, high: number): void {
  let rest = low >>> 0
  let above = high >>> 0
  while (rest > 0x7f || above !== 0) {
    writeByte(writer, (rest & 0x7f) | 0x80)
    rest = ((rest >>> 7) | (above << 25)) >>> 0
    above >>>= 7
  }
  writeByte(writer, rest)
}

function writeByte(writer: Writer, byte: number): void {
  writer.view?.setUint8(writer.at, byte)
  writer.at++
}

/** Writes the length of what `body` writes, then that. */
function writeMeasured(writer: Writer, body: () => void): void {
  const { view, lengths } = writer
  if (view !== null) {
    const length = lengths[writer.nextLength++]
    writeVarint(writer, length, length / 4294967296)
    body()
    return
  }
  const slot = lengths.push(0) - 1
  const start = writer.at
  body()
  const length = writer.at - start
  lengths[slot] = length
  writeVarint(writer, length, length / 4294967296)
}

function writeScalar(writer: Writer, kind: ScalarKind, value: unknown, what: string): void {
  switch (kind) {
    case 'float':
      writer.view?.setFloat32(writer.at, value as number, true)
      writer.at += 4
      return
    case 'double':
      writer.view?.setFloat64(writer.at, value as number, true)
      writer.at += 8
      return
    case 'string':
    case 'bytes': {
      const content = kind === 'string' ? bytesOf(value as string) : (value as Uint8Array)
      writeVarint(writer, content.length, content.length / 4294967296)
      if (writer.view !== null) new Uint8Array(writer.view.buffer).set(content, writer.at)
      writer.at += content.length
      return
    }
    case 'bigint64':
    case 'biguint64': {
      const integer = value as bigint
      if (integer !== (kind === 'bigint64' ? BigInt.asIntN(64, integer) : BigInt.asUintN(64, integer))) {
        throw new UsageError(`protobuf: ${what} is ${integer}; wanted an integer of 64 bits`)
      }
      writeVarint(writer, Number(BigInt.asUintN(32, integer)), Number(BigInt.asUintN(32, integer >> 32n)))
      return
    }
    default: {
      const integer = value as number
      if (!Number.isSafeInteger(integer) || (kind === 'int32' && integer !== (integer | 0))) {
        throw new UsageError(`protobuf: ${what} is ${integer}; wanted an integer of ${kind === 'int32' ? 32 : 53} bits`)
      }
      // A negative number has its sign in all of the upper half.
      writeVarint(writer, integer, Math.floor(integer / 4294967296))
    }
  }
}

function writeMessage(writer: Writer, table: MessageTable, message: Readonly<Record<string, unknown>>): void {
  for (const [name, { number, kind, occurs }] of Object.entries(table.fields)) {
    const content = message[name]
    if (content === undefined) continue
    const what = `${table.name}.${name}`
    if (occurs === 'data') {
      const data = content as ArrayLike<unknown>
      if (data.length === 0) continue
      writeVarint(writer, (number << 3) | LENGTH, 0)
      writeMeasured(writer, () => {
        for (let i = 0; i < data.length; i++) writeScalar(writer, kind as ScalarKind, data[i], what)
      })
      continue
    }
    for (const value of occurs === 'many' ? (content as readonly unknown[]) : [content]) {
      writeVarint(writer, (number << 3) | wireType(kind), 0)
      if (typeof kind === 'string') writeScalar(writer, kind, value, what)
      else writeMeasured(writer, () => writeMessage(writer, kind, value as Readonly<Record<string, unknown>>))
    }
  }
}

/** The bytes of a message. Throws `UsageError` for an integer that its field cannot hold. */
export function encodeMessage<T extends MessageTable>(table: T, message: Draft<T>): Uint8Array {
  const counter: Writer = { view: null, at: 0, lengths: [], nextLength: 0 }
  writeMessage(counter, table, message)
  const bytes = new Uint8Array(counter.at)
  const writer: Writer = { view: new DataView(bytes.buffer), at: 0, lengths: counter.lengths, nextLength: 0 }
  writeMessage(writer, table, message)
  return bytes
}
