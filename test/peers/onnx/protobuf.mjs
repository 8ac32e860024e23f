// Writes the protobuf wire format: what the few messages of onnx/model.mjs need. A message is the list of its fields,
// each already encoded; absent values are simply not put in the list.

const VARINT = 0
const BYTES = 2
const FLOAT = 5

/** An unsigned integer in groups of seven bits, least significant first. Negative int64 values take ten bytes. */
function varint(value) {
  const bytes = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

const key = (field, wireType) => varint(field * 8 + wireType)

/** An integer, enum or boolean field. */
export function integer(field, value) {
  return concat([key(field, VARINT), varint(value)])
}

/** A float field. */
export function float(field, value) {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return concat([key(field, FLOAT), bytes])
}

/** A bytes field, a string (as UTF-8) or an encoded message. */
export function bytes(field, value) {
  const content = typeof value === 'string' ? new TextEncoder().encode(value) : value
  return concat([key(field, BYTES), varint(content.length), content])
}

/** A message field, from the fields of the message. */
export function message(field, fields) {
  return bytes(field, concat(fields))
}

/** One array from several. */
export function concat(parts) {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
