/**
 * Protocol buffers (protobuf.dev, "Encoding"), driven by tables: a message is a table of its fields, and the tables of
 * `schema.ts` are all that knows ONNX. Fields that no table names are skipped when reading, not kept. No table contains
 * itself, so that messages nest as deep as the tables and no deeper, whatever a file says.
 */

/**
 * What a field holds. `int64` is a number and must lie within ±(2^53 - 1); `bigint64` and `biguint64` are exact; `int32` takes
 * the low 32 bits of what the file has, as protobuf defines it.
 */
export type ScalarKind = 'int32' | 'int64' | 'bigint64' | 'biguint64' | 'float' | 'double' | 'string' | 'bytes'

/** The typed arrays of `data` fields. */
export interface DataArrays {
  int32: Int32Array
  bigint64: BigInt64Array
  biguint64: BigUint64Array
  float: Float32Array
  double: Float64Array
}
export type DataKind = keyof DataArrays

/**
 * How often a field occurs. `many` is an array, written one element a tag; `data` is a typed array, written packed, for what
 * may have millions of elements. Both forms are read either way.
 */
export type Occurrence = 'once' | 'many' | 'data'

/** One field of a message. */
export interface Field<
  K extends ScalarKind | MessageTable = ScalarKind | MessageTable,
  O extends Occurrence = Occurrence,
> {
  readonly number: number
  readonly kind: K
  readonly occurs: O
}

type Fields = Readonly<Record<string, Field>>

/** A message: its name as errors print it, its fields by name and by number. */
export interface MessageTable<F extends Fields = Fields> {
  readonly name: string
  readonly fields: F
  readonly byNumber: ReadonlyMap<number, readonly [name: string, field: Field]>
}

/** A table of the fields given. They are written in the order given: that of their numbers, as protobuf's own writers do. */
export function messageTable<F extends Fields>(name: string, fields: F): MessageTable<F> {
  return { name, fields, byNumber: new Map(Object.entries(fields).map((entry) => [entry[1].number, entry])) }
}

type Value<K, M extends 'read' | 'write'> = K extends 'int32' | 'int64' | 'float' | 'double'
  ? number
  : K extends 'bigint64' | 'biguint64'
    ? bigint
    : K extends 'string'
      ? string
      : K extends 'bytes'
        ? Uint8Array
        : K extends MessageTable
          ? M extends 'read'
            ? Message<K>
            : Draft<K>
          : never

type Content<F, M extends 'read' | 'write'> =
  F extends Field<infer K, infer O>
    ? O extends 'once'
      ? Value<K, M> | (M extends 'read' ? undefined : never)
      : O extends 'many'
        ? readonly Value<K, M>[]
        : K extends DataKind
          ? DataArrays[K]
          : never
    : never

/** A message that was read: lists are there, if empty; what occurs once is undefined where the file does not have it. */
export type Message<T extends MessageTable> = { readonly [N in keyof T['fields']]: Content<T['fields'][N], 'read'> }

/** A message to write; what is left out or undefined is not written. */
export type Draft<T extends MessageTable> = {
  readonly [N in keyof T['fields']]?: Content<T['fields'][N], 'write'> | undefined
}

export const VARINT = 0
export const FIXED64 = 1
export const LENGTH = 2
export const FIXED32 = 5

/** The wire type of one value: `VARINT`, `FIXED64`, `FIXED32`, or `LENGTH` where a length comes first. */
export function wireType(kind: Field['kind']): number {
  switch (kind) {
    case 'int32':
    case 'int64':
    case 'bigint64':
    case 'biguint64':
      return VARINT
    case 'double':
      return FIXED64
    case 'float':
      return FIXED32
    default:
      return LENGTH
  }
}

// A byte order mark is part of a string.
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8Encoder = new TextEncoder()

/** The text of UTF-8 bytes, or null where they are none. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8Decoder.decode(bytes)
  } catch {
    return null
  }
}

/** The UTF-8 bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return utf8Encoder.encode(text)
}
