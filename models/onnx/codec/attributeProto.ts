/** AttributeProto to and from `OnnxAttribute`. */

import { FormatError, UnsupportedError, UsageError } from '../../../engine/base/errors.ts'
import type { OnnxAttribute } from '../model.ts'
import type { OnnxLimits } from './limits.ts'
import { bytesOf, type Draft, type Message, textOf } from './protobuf.ts'
import type { AttributeProto } from './schema.ts'
import { tensorMessage, tensorOf } from './tensorProto.ts'

/** AttributeProto.AttributeType. */
const codes = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const

/** The names in onnx.proto of the kinds that are not read. */
const unread = new Map([
  [5, 'GRAPH'],
  [9, 'TENSORS'],
  [10, 'GRAPHS'],
  [11, 'SPARSE_TENSOR'],
  [12, 'SPARSE_TENSORS'],
  [13, 'TYPE_PROTO'],
  [14, 'TYPE_PROTOS'],
])

/** Whether an attribute is a graph or a list of graphs: a body that ONNX control flow (If, Loop, Scan) runs. */
export function isSubgraph(attribute: OnnxAttribute): boolean {
  return attribute.kind === 'unsupported' && (attribute.value === 'GRAPH' || attribute.value === 'GRAPHS')
}

const unsupported = (value: string): OnnxAttribute => ({ kind: 'unsupported', value })
const isExact = (value: bigint): boolean => Number.isSafeInteger(Number(value))

/**
 * The attribute of a message; `what` is what errors call it. What is legal but cannot be held (graphs, a tensor of strings, an
 * integer beyond 2^53, text that is no UTF-8) becomes `unsupported` with a few words on what it is, so that the rest of the
 * model can be read and whatever needs the attribute can refuse it. Throws `FormatError` for an attribute without a type or
 * without its value. Numbers, integers and texts that are absent are 0, 0 and '', as protobuf has it.
 */
export function attributeOf(message: Message<typeof AttributeProto>, what: string, limits: OnnxLimits): OnnxAttribute {
  if (message.ref_attr_name) return unsupported(`a reference to attribute '${message.ref_attr_name}' of a function`)
  switch (message.type) {
    case codes.float:
      return { kind: 'float', value: message.f ?? 0 }
    case codes.floats:
      return { kind: 'floats', value: message.floats }
    case codes.int: {
      const value = message.i ?? 0n
      return isExact(value) ? { kind: 'int', value: Number(value) } : unsupported(`INT ${value}, beyond 2^53`)
    }
    case codes.ints: {
      const wide = message.ints.find((value) => !isExact(value))
      return wide === undefined
        ? { kind: 'ints', value: message.ints.map(Number) }
        : unsupported(`INTS with ${wide}, beyond 2^53`)
    }
    case codes.string: {
      const value = textOf(message.s ?? new Uint8Array(0))
      return value === null ? unsupported('STRING that is no UTF-8') : { kind: 'string', value }
    }
    case codes.strings: {
      const value = message.strings.map(textOf)
      return value.every((text) => text !== null)
        ? { kind: 'strings', value }
        : unsupported('STRINGS that are no UTF-8')
    }
    case codes.tensor: {
      if (message.t === undefined) throw new FormatError(`${what} has type TENSOR and no tensor: the file is damaged`)
      try {
        return { kind: 'tensor', value: tensorOf(message.t, what, limits) }
      } catch (error) {
        if (error instanceof UnsupportedError) return unsupported(`TENSOR: ${error.message}`)
        throw error
      }
    }
  }
  const name = unread.get(message.type ?? 0)
  if (name === undefined) throw new FormatError(`${what} has type ${message.type ?? 0}, which onnx.proto does not have`)
  return unsupported(name)
}

function bigint(value: number, what: string): bigint {
  if (!Number.isSafeInteger(value)) throw new UsageError(`${what}: ${value} came; wanted an integer within ±2^53`)
  return BigInt(value)
}

/**
 * The message of an attribute; `what` is what errors call it. Floats are rounded to f32. Throws `UsageError` for an integer that
 * is none and `UnsupportedError` for kind `unsupported`, whose content was not kept.
 */
export function attributeMessage(name: string, attribute: OnnxAttribute, what: string): Draft<typeof AttributeProto> {
  if (attribute.kind === 'unsupported') {
    throw new UnsupportedError(`${what} is ${attribute.value}, which is not kept and cannot be written`)
  }
  const type = codes[attribute.kind]
  switch (attribute.kind) {
    case 'float':
      return { name, f: attribute.value, type }
    case 'floats':
      return { name, floats: attribute.value, type }
    case 'int':
      return { name, i: bigint(attribute.value, what), type }
    case 'ints':
      return { name, ints: attribute.value.map((value) => bigint(value, what)), type }
    case 'string':
      return { name, s: bytesOf(attribute.value), type }
    case 'strings':
      return { name, strings: attribute.value.map(bytesOf), type }
    case 'tensor':
      return { name, t: tensorMessage(attribute.value, ''), type }
  }
}
