import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, UnsupportedError, UsageError } from '../../../../engine/base/errors.ts'
import { type Field, messageTable } from '../../../../models/onnx/codec/protobuf.ts'
import { decodeMessage } from '../../../../models/onnx/codec/protobufRead.ts'
import { encodeMessage } from '../../../../models/onnx/codec/protobufWrite.ts'
import { messageOf } from '../../../support/messageOf.ts'
import { block, int, varint } from './wire.ts'

const test = suite('protobuf')

const field = <K extends Field['kind'], O extends Field['occurs']>(
  number: number,
  kind: K,
  occurs: O,
): Field<K, O> => ({
  number,
  kind,
  occurs,
})
const Inner = messageTable('Inner', { a: field(1, 'int32', 'once') })
const All = messageTable('All', {
  a: field(1, 'int32', 'once'),
  b: field(2, 'string', 'once'),
  c: field(3, Inner, 'once'),
  d: field(4, 'int64', 'many'),
  e: field(5, 'float', 'data'),
  f: field(6, 'bigint64', 'data'),
  g: field(7, 'biguint64', 'data'),
  h: field(8, 'double', 'data'),
  i: field(9, 'int32', 'data'),
  j: field(10, 'bytes', 'many'),
  k: field(11, Inner, 'many'),
  l: field(12, 'float', 'many'),
  m: field(100, 'int64', 'once'),
})
const limits = { fields: 1000, stringBytes: 100 }
const decode = (...bytes: number[]) => decodeMessage(Uint8Array.from(bytes), All, limits)
const refused = (...bytes: number[]): string => messageOf(FormatError, () => decode(...bytes))

test('the examples of the encoding guide', () => {
  // protobuf.dev/programming-guides/encoding: 150, "testing", a message that holds 150, packed 3, 270, 86942.
  const bytes = [0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67, 0x1a, 0x03, 0x08, 0x96, 0x01]
  const message = decode(...bytes)
  assert.is(message.a, 150)
  assert.is(message.b, 'testing')
  assert.equal(message.c, { a: 150 })
  assert.equal([...encodeMessage(All, { a: 150, b: 'testing', c: { a: 150 } })], bytes)
  const packed = [0x4a, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05]
  assert.equal([...decode(...packed).i], [3, 270, 86942])
  assert.equal([...encodeMessage(All, { i: Int32Array.of(3, 270, 86942) })], packed)
})

test('an empty message has empty lists', () => {
  const message = decode()
  assert.is(message.a, undefined)
  assert.is(message.c, undefined)
  assert.equal(message.d, [])
  assert.equal(message.e, new Float32Array(0))
  assert.is(encodeMessage(All, {}).length, 0)
  assert.is(encodeMessage(All, { e: new Float32Array(0), d: [] }).length, 0)
})

test('integers at the ends of their ranges', () => {
  for (const value of [0, 1, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35, 2 ** 53 - 1]) {
    for (const signed of [value, -value]) {
      const bytes = int(100, signed)
      assert.is(decode(...bytes).m, signed === 0 ? 0 : signed)
      assert.equal([...encodeMessage(All, { m: signed })], bytes)
    }
  }
  const wide = [0n, -1n, 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n, -(2n ** 31n), 2n ** 56n]
  const content = wide.flatMap((value) => varint(BigInt.asUintN(64, value)))
  assert.equal([...decode(...block(6, content)).f], wide)
  assert.equal([...encodeMessage(All, { f: BigInt64Array.from(wide) })], block(6, content))
  assert.equal(
    [...decode(...block(7, content)).g],
    wide.map((value) => BigInt.asUintN(64, value)),
  )
  assert.match(refused(...int(100, 2n ** 53n)), /All\.m is 9007199254740992, beyond 2\^53/)
  // A 32-bit field takes the low half, as protobuf defines it; longer forms than needed are legal.
  assert.is(decode(...int(1, 2n ** 32n + 5n)).a, 5)
  assert.is(decode(...int(1, -7)).a, -7)
  assert.is(decode(0x08, 0x85, 0x80, 0x80, 0x00).a, 5)
})

test('packed and single elements are read, also mixed', () => {
  const one = [0, 0, 0x80, 0x3f]
  const two = [0, 0, 0, 0x40]
  assert.equal([...decode(0x2d, ...one, ...block(5, [...two, ...one]), 0x2d, ...two).e], [1, 2, 1, 2])
  assert.equal(decode(...block(12, [...two, ...one]), 0x65, ...two).l, [2, 1, 2])
  assert.equal(decode(...int(4, 300), ...block(4, [1, 0xac, 0x02]), ...int(4, -1)).d, [300, 1, 300, -1])
  assert.equal(decode(...block(4, [])).d, [])
  assert.equal(encodeMessage(All, { d: [300, -1] }), Uint8Array.from([...int(4, 300), ...int(4, -1)]))
  const singles = Array.from({ length: 100 }, (_, i) => int(9, i * i))
  assert.equal(
    [...decode(...singles.flat()).i],
    Array.from({ length: 100 }, (_, i) => i * i),
  )
})

test('floats and doubles keep their bits', () => {
  const e = Float32Array.of(1.5, -0, Infinity, NaN, 1.401298464324817e-45)
  const h = Float64Array.of(0.1, -0, -Infinity, NaN, 5e-324)
  const message = decodeMessage(encodeMessage(All, { e, h }), All, limits)
  assert.equal([...message.e], [...e])
  assert.equal([...message.h], [...h])
  assert.ok(Object.is(message.e[1], -0) && Object.is(message.h[1], -0))
  // 0.1 by IEEE 754.
  assert.is(decode(0x41, 0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f).h[0], 0.1)
})

test('text', () => {
  for (const text of ['', 'Grüße', '\ufeffx', '𝄞', 'a\0b']) {
    assert.is(decode(...block(2, text)).b, text)
    assert.equal([...encodeMessage(All, { b: text })], block(2, text))
  }
  assert.match(refused(0x12, 1, 0xff), /All\.b is no UTF-8/)
  assert.match(
    messageOf(UnsupportedError, () => decode(...block(2, 'x'.repeat(101)))),
    /All\.b has 101 bytes; the limit is 100.*limits\.stringBytes/,
  )
})

test('fields that no table has are skipped, with every wire type', () => {
  const unknown = [...int(50, 7), ...varint(51 * 8 + 1), ...new Array(8).fill(255), ...block(52, [255, 255])]
  const fixed32 = [...varint(53 * 8 + 5), 255, 255, 255, 255]
  assert.is(decode(...unknown, ...fixed32, ...int(1, 3)).a, 3)
  assert.match(refused(...block(52, [1, 2]).slice(0, -1)), /a field says it has 2 bytes, 1 are left/)
  assert.match(refused(...fixed32.slice(0, -1)), /a value of 4 bytes, 3 are left/)
})

test('groups, unknown wire types and field 0', () => {
  for (const wire of [3, 4, 6, 7]) assert.match(refused(8 + wire), new RegExp(`wire type ${wire}; wanted 0, 1, 2 or 5`))
  for (const wire of [3, 4, 6, 7]) assert.match(refused(...varint(50 * 8 + wire)), /field 50 of All/)
  assert.match(refused(0, 1), /no valid number/)
  assert.match(refused(...varint(2n ** 32n + 8n), 1), /no valid number/)
})

test('a known field with the wrong wire type', () => {
  assert.match(refused(0x0d, 0, 0, 0, 0), /All\.a has wire type 5; wanted 0/)
  assert.match(refused(...int(2, 1)), /All\.b has wire type 0; wanted 2/)
  assert.match(refused(...block(1, [1])), /All\.a has wire type 2; wanted 0/)
})

test('integers that are too long or cut short', () => {
  const ones = new Array<number>(9).fill(0xff)
  assert.is(decode(0xa0, 0x06, ...ones, 1).m, -1)
  assert.match(refused(0xa0, 0x06, ...ones, 2), /more than 64 bits/)
  assert.match(refused(0xa0, 0x06, ...ones, 0x81, 0), /more than 64 bits/)
  assert.match(refused(...new Array<number>(11).fill(0xff)), /byte 0 of 11.*more than 64 bits/)
  assert.match(refused(0x08, 0x80), /byte 1 of 2: an integer runs past the end/)
})

test('lengths past the end of the message that holds them', () => {
  assert.match(refused(0x12, 5, 1), /All\.b says it has 5 bytes, 1 are left/)
  assert.match(refused(0x12, ...varint(2n ** 63n)), /says it has 9223372036854776000 bytes, 0 are left/)
  // The text would fit the file, but not the inner message: c has 3 bytes, its unknown field 2 says 5.
  assert.match(refused(0x1a, 3, 0x12, 5, 0, 0, 0, 0, 0, 0), /says it has 5 bytes, 1 are left/)
  assert.match(refused(0x1a, 1, 0x08, 0x05), /runs past the end of its message/)
  assert.match(refused(...block(5, [0, 0, 0])), /All\.e has 3 bytes, no multiple of 4/)
  assert.match(refused(...block(9, [1, 0x80])), /last element of All\.i is cut short/)
  assert.match(refused(...block(4, [1, 0x80])), /runs past the end/)
})

test('a message that occurs twice, and too many fields', () => {
  assert.match(refused(...block(3, []), ...block(3, [])), /All\.c occurs twice/)
  assert.is(decode(...int(1, 1), ...int(1, 2)).a, 2)
  const many = Array.from({ length: 1001 }, () => block(11, [])).flat()
  assert.match(
    messageOf(UnsupportedError, () => decode(...many)),
    /more than 1000 fields; raise limits\.fields/,
  )
})

test('nesting deeper than the tables is bytes', () => {
  let bomb: number[] = []
  for (let i = 0; i < 2000; i++) bomb = block(3, bomb)
  assert.equal(decode(...bomb).c, {})
})

test('lengths that take several bytes, in messages that hold messages', () => {
  const text = 'x'.repeat(20000)
  const Outer = messageTable('Outer', { all: field(1, All, 'many') })
  const bytes = encodeMessage(Outer, { all: [{ b: text, c: { a: -1 } }, {}] })
  assert.equal([...bytes], [...block(1, [...block(2, text), ...block(3, int(1, -1))]), ...block(1, [])])
})

test('integers that do not fit', () => {
  assert.match(
    messageOf(UsageError, () => encodeMessage(All, { a: 2 ** 31 })),
    /All\.a is 2147483648; wanted an integer of 32 bits/,
  )
  assert.match(
    messageOf(UsageError, () => encodeMessage(All, { m: 1.5 })),
    /All\.m is 1\.5/,
  )
  const Wide = messageTable('Wide', { a: field(1, 'bigint64', 'once'), b: field(2, 'biguint64', 'once') })
  assert.match(
    messageOf(UsageError, () => encodeMessage(Wide, { a: 2n ** 63n })),
    /Wide\.a/,
  )
  assert.match(
    messageOf(UsageError, () => encodeMessage(Wide, { b: -1n })),
    /Wide\.b/,
  )
})

test.run()
