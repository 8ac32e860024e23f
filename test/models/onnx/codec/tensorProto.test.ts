import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, ShapeError, UnsupportedError, UsageError } from '../../../../engine/base/errors.ts'
import { decodeTensor } from '../../../../models/onnx/codec/decode.ts'
import { encodeTensor } from '../../../../models/onnx/codec/encode.ts'
import type { OnnxTensor } from '../../../../models/onnx/model.ts'
import { messageOf } from '../../../support/messageOf.ts'
import { block, int, varint } from './wire.ts'

const test = suite('TensorProto')

const bytesOf = (dims: number[], type: number, ...rest: number[][]): Uint8Array =>
  Uint8Array.from([...dims.flatMap((extent) => int(1, extent)), ...int(2, type), ...rest.flat()])
const read = (...message: Parameters<typeof bytesOf>): OnnxTensor => decodeTensor(bytesOf(...message)).tensor
const refused = (...message: Parameters<typeof bytesOf>): string => messageOf(FormatError, () => read(...message))
const unsupported = (...message: Parameters<typeof bytesOf>): string =>
  messageOf(UnsupportedError, () => read(...message))
const raw = (...bytes: number[]): number[] => block(9, bytes)

// Type number, bytes by hand (little-endian; below 8 bits from the lowest bits up), what they are.
const rawCases: [number, number[], OnnxTensor][] = [
  [1, [0, 0, 0xc0, 0x3f, 0, 0, 0, 0x80], { type: 'float32', dims: [2], data: Float32Array.of(1.5, -0) }],
  [2, [255, 0], { type: 'uint8', dims: [2], data: Uint8Array.of(255, 0) }],
  [3, [255, 128], { type: 'int8', dims: [2], data: Int8Array.of(-1, -128) }],
  [4, [1, 2, 255, 255], { type: 'uint16', dims: [2], data: Uint16Array.of(513, 65535) }],
  [5, [1, 2, 0, 128], { type: 'int16', dims: [2], data: Int16Array.of(513, -32768) }],
  [6, [4, 3, 2, 1, 0, 0, 0, 128], { type: 'int32', dims: [2], data: Int32Array.of(0x01020304, -2147483648) }],
  [7, [0, 0, 0, 0, 0, 0, 0, 128], { type: 'int64', dims: [1], data: BigInt64Array.of(-(2n ** 63n)) }],
  [9, [1, 0], { type: 'bool', dims: [2], data: Uint8Array.of(1, 0) }],
  [10, [1, 0x3c, 0, 0xfc], { type: 'float16', dims: [2], data: Float32Array.of(1 + 2 ** -10, -Infinity) }],
  [11, [0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f], { type: 'float64', dims: [1], data: Float64Array.of(0.1) }],
  [12, [255, 255, 255, 255], { type: 'uint32', dims: [1], data: Uint32Array.of(4294967295) }],
  [13, new Array(8).fill(255), { type: 'uint64', dims: [1], data: BigUint64Array.of(2n ** 64n - 1n) }],
  [16, [0xc0, 0x3f, 0x80, 0x7f], { type: 'bfloat16', dims: [2], data: Float32Array.of(1.5, Infinity) }],
  [17, [0x7e, 0x81], { type: 'float8e4m3fn', dims: [2], data: Float32Array.of(448, -(2 ** -9)) }],
  [18, [0x7f, 0x01], { type: 'float8e4m3fnuz', dims: [2], data: Float32Array.of(240, 2 ** -10) }],
  [19, [0x7b, 0xfc], { type: 'float8e5m2', dims: [2], data: Float32Array.of(57344, -Infinity) }],
  [20, [0x7f, 0x01], { type: 'float8e5m2fnuz', dims: [2], data: Float32Array.of(57344, 2 ** -17) }],
  [21, [0xf1, 0x08], { type: 'uint4', dims: [3], data: Uint8Array.of(1, 15, 8) }],
  [22, [0xf1, 0x08], { type: 'int4', dims: [3], data: Int8Array.of(1, -1, -8) }],
  [23, [0xf1, 0x07], { type: 'float4e2m1', dims: [3], data: Float32Array.of(0.5, -6, 6) }],
  [25, [0b11100100, 0b10], { type: 'uint2', dims: [5], data: Uint8Array.of(0, 1, 2, 3, 2) }],
  [26, [0b11100100, 0b10], { type: 'int2', dims: [5], data: Int8Array.of(0, 1, -2, -1, -2) }],
]

test('raw data of every type, both ways', () => {
  for (const [code, bytes, tensor] of rawCases) {
    assert.equal(read([...tensor.dims], code, raw(...bytes)), tensor, tensor.type)
    const message = bytesOf([...tensor.dims], code, block(8, 'name'), raw(...bytes))
    assert.equal(encodeTensor('name', tensor), message, tensor.type)
    const { name } = decodeTensor(message)
    assert.is(name, 'name')
  }
})

test('raw data whose address is not aligned, and its own memory', () => {
  const bytes = bytesOf([2], 11, block(8, 'odd'), raw(...new Array(16).fill(0)))
  const { tensor } = decodeTensor(bytes)
  bytes.fill(255)
  assert.equal([...tensor.data], [0, 0])
})

test('a view into a larger array is written as what it shows', () => {
  const data = Int16Array.of(9, 1, 2, 9).subarray(1, 3)
  assert.equal(encodeTensor('', { type: 'int16', dims: [2], data }), bytesOf([2], 5, raw(1, 0, 2, 0)))
})

test('the typed fields, packed and not', () => {
  const packed = (number: number, ...values: (number | bigint)[]): number[] =>
    block(
      number,
      values.flatMap((value) => varint(BigInt.asUintN(64, BigInt(value)))),
    )
  const cases: [number, number[], OnnxTensor][] = [
    [1, block(4, [0, 0, 0xc0, 0x3f]), { type: 'float32', dims: [1], data: Float32Array.of(1.5) }],
    [1, [0x25, 0, 0, 0xc0, 0x3f], { type: 'float32', dims: [1], data: Float32Array.of(1.5) }],
    [2, packed(5, 0, 255), { type: 'uint8', dims: [2], data: Uint8Array.of(0, 255) }],
    [3, packed(5, -128, 127), { type: 'int8', dims: [2], data: Int8Array.of(-128, 127) }],
    [4, packed(5, 0, 65535), { type: 'uint16', dims: [2], data: Uint16Array.of(0, 65535) }],
    [5, packed(5, -32768, 32767), { type: 'int16', dims: [2], data: Int16Array.of(-32768, 32767) }],
    [6, packed(5, -(2 ** 31), 7), { type: 'int32', dims: [2], data: Int32Array.of(-(2 ** 31), 7) }],
    [6, [...int(5, -5), ...int(5, 6)], { type: 'int32', dims: [2], data: Int32Array.of(-5, 6) }],
    [7, packed(7, -(2n ** 63n), 1), { type: 'int64', dims: [2], data: BigInt64Array.of(-(2n ** 63n), 1n) }],
    [9, packed(5, 1, 0), { type: 'bool', dims: [2], data: Uint8Array.of(1, 0) }],
    [10, packed(5, 0x3c01, 0xfc00), { type: 'float16', dims: [2], data: Float32Array.of(1 + 2 ** -10, -Infinity) }],
    [11, block(10, [0, 0, 0, 0, 0, 0, 0xf8, 0x3f]), { type: 'float64', dims: [1], data: Float64Array.of(1.5) }],
    [12, packed(11, 2 ** 32 - 1), { type: 'uint32', dims: [1], data: Uint32Array.of(2 ** 32 - 1) }],
    [13, packed(11, 2n ** 64n - 1n), { type: 'uint64', dims: [1], data: BigUint64Array.of(2n ** 64n - 1n) }],
    [16, packed(5, 0x3fc0), { type: 'bfloat16', dims: [1], data: Float32Array.of(1.5) }],
    [17, packed(5, 0x7e), { type: 'float8e4m3fn', dims: [1], data: Float32Array.of(448) }],
    [21, packed(5, 0xf1, 0x08), { type: 'uint4', dims: [3], data: Uint8Array.of(1, 15, 8) }],
    [22, packed(5, 0xf1, 0x08), { type: 'int4', dims: [3], data: Int8Array.of(1, -1, -8) }],
    // The packed byte 0xf1, widened as a signed one.
    [22, packed(5, -15, 0x08), { type: 'int4', dims: [3], data: Int8Array.of(1, -1, -8) }],
    [23, packed(5, 0xf1), { type: 'float4e2m1', dims: [2], data: Float32Array.of(0.5, -6) }],
    [26, packed(5, 0b11100100), { type: 'int2', dims: [4], data: Int8Array.of(0, 1, -2, -1) }],
  ]
  for (const [code, field, tensor] of cases) {
    assert.equal(read([...tensor.dims], code, field), tensor, `${tensor.type}: ${field}`)
  }
})

test('scalars, and tensors without elements', () => {
  assert.equal(read([], 6, raw(5, 0, 0, 0)), { type: 'int32', dims: [], data: Int32Array.of(5) })
  for (const rest of [[], raw(), block(4, [])]) {
    assert.equal(read([2, 0, 3], 1, rest), { type: 'float32', dims: [2, 0, 3], data: new Float32Array(0) })
  }
  assert.equal(read([0], 22), { type: 'int4', dims: [0], data: new Int8Array(0) })
  // An empty raw_data beside the field that has the values, as some writers leave it.
  assert.is(read([1], 6, block(5, [3]), raw()).data[0], 3)
  // A product that overflows before it meets the 0.
  assert.is(read([...new Array<number>(25).fill(2 ** 52), 0], 1).data.length, 0)
  // dims, packed.
  const bytes = Uint8Array.from([...block(1, [2, 1]), ...int(2, 2), ...raw(7, 8)])
  assert.equal(decodeTensor(bytes).tensor, { type: 'uint8', dims: [2, 1], data: Uint8Array.of(7, 8) })
})

test('dimensions and values that do not agree', () => {
  assert.match(refused([3], 1, raw(0, 0, 0, 0)), /float32\[3\] takes 12 bytes, 4 are there/)
  assert.match(refused([3], 22, raw(0)), /int4\[3\] takes 2 bytes, 1 are there/)
  assert.match(refused([3], 6, block(5, [1, 2])), /int32\[3\] takes 3 numbers, 2 are there/)
  assert.match(refused([3], 22, block(5, [1, 2, 3])), /int4\[3\] takes 2 numbers, 3 are there/)
  assert.match(refused([], 1), /float32\[\] takes 1 numbers, 0 are there/)
  assert.match(refused([0], 1, raw(0, 0, 0, 0)), /takes 0 bytes, 4 are there/)
})

test('hostile dimensions', () => {
  assert.match(refused([1e9], 1), /takes 1000000000 numbers, 0 are there/)
  assert.match(refused([1e9, 1e9, 1e9], 2, raw(1)), /takes 1e\+27 bytes, 1 are there/)
  assert.match(refused([65536, 65536], 2, raw()), /takes 4294967296 (bytes|numbers), 0/)
  assert.match(refused([-1], 1), /\[-1\] is not a shape/)
  assert.match(refused([-1, -4], 2, raw(1, 2, 3, 4)), /not a shape/)
  assert.match(unsupported(new Array(33).fill(1), 2, raw(1)), /33 dimensions; the limit is 32/)
  const message = bytesOf([4], 2, raw(1, 2, 3, 4))
  assert.match(
    messageOf(UnsupportedError, () => decodeTensor(message, { elements: 3 })),
    /4 elements; the limit is 3/,
  )
  assert.match(
    messageOf(UnsupportedError, () => decodeTensor(message, { bytes: 9 })),
    /has 10 bytes; the limit is 9/,
  )
})

test('values in the wrong field, in two fields, or out of range', () => {
  assert.match(
    refused([1], 3, block(4, [0, 0, 0, 0])),
    /values are in float_data; int8 is stored in raw_data or in int32_data/,
  )
  assert.match(refused([1], 6, block(5, [1]), raw(1, 0, 0, 0)), /values are in int32_data and raw_data/)
  assert.match(refused([1], 6, block(5, [1]), block(7, [1])), /int32_data and int64_data/)
  assert.match(refused([1], 6, block(6, 'x')), /values are in string_data/)
  assert.match(refused([1], 3, block(5, varint(128))), /element 0 is 128; int8 is stored as -128 to 127/)
  assert.match(refused([1], 4, int(5, -1)), /element 0 is -1; uint16 is stored as 0 to 65535/)
  assert.match(refused([1], 12, block(11, varint(2n ** 32n))), /element 0 is 4294967296; uint32/)
  assert.match(refused([1], 10, block(5, varint(65536))), /element 0 is 65536; float16 is stored as 0 to 65535/)
  assert.match(refused([2], 22, int(5, 256)), /element 0 is 256; int4/)
  assert.match(refused([2], 9, raw(1, 2)), /element 1 is 2; bool is 0 or 1/)
  assert.match(refused([1], 9, int(5, 2)), /element 0 is 2; bool/)
})

test('types that are not read, and that do not exist', () => {
  assert.match(unsupported([1], 8, block(6, 'x')), /type string is not supported/)
  assert.match(unsupported([1], 14, block(4, new Array(8).fill(0))), /type complex64/)
  assert.match(unsupported([1], 15), /type complex128/)
  assert.match(unsupported([1], 24, raw(0)), /type float8e8m0/)
  assert.match(refused([1], 0), /its type is 0, which onnx\.proto does not have/)
  assert.match(refused([1], 99), /its type is 99/)
  assert.match(
    messageOf(FormatError, () => decodeTensor(new Uint8Array(0))),
    /its type is 0/,
  )
})

test('external values and segments', () => {
  const location = block(13, [...block(1, 'location'), ...block(2, 'weights.bin')])
  const message = unsupported([4], 1, location, int(14, 1))
  assert.match(message, /in another file \('weights\.bin'\); save the model as one file first/)
  assert.match(unsupported([4], 1, int(14, 1)), /another file/)
  assert.match(unsupported([4], 1, block(3, [...int(1, 0), ...int(2, 2)])), /segment/)
})

test('what cannot be written', () => {
  const short: OnnxTensor = { type: 'float32', dims: [2, 2], data: new Float32Array(3) }
  assert.match(
    messageOf(ShapeError, () => encodeTensor('w', short)),
    /'w': \[2, 2\] holds 4 elements, 3 came/,
  )
  for (const [tensor, text] of [
    [{ type: 'int4', dims: [1], data: Int8Array.of(8) }, /element 0 is 8; int4 is -8 to 7/],
    [{ type: 'uint4', dims: [2], data: Uint8Array.of(15, 16) }, /element 1 is 16; uint4 is 0 to 15/],
    [{ type: 'int2', dims: [1], data: Int8Array.of(-3) }, /int2 is -2 to 1/],
  ] as [OnnxTensor, RegExp][]) {
    assert.match(
      messageOf(UsageError, () => encodeTensor('w', tensor)),
      text,
    )
  }
  // Rounded, ties to even: 2049 lies between 2048 and 2050.
  assert.equal(
    encodeTensor('', { type: 'float16', dims: [1], data: Float32Array.of(2049) }),
    bytesOf([1], 10, raw(0, 0x68)),
  )
})

test.run()
