import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, UsageError } from '../../../engine/base/errors.ts'
import { decodeSafetensors, encodeSafetensors } from '../../../engine/base/safetensors.ts'
import { Tensor, tensor } from '../../../engine/core/tensor.ts'

const test = suite('safetensors')

/** A file from a header text and data bytes, put together without the codec. */
function file(header: string, data: readonly number[], length = Buffer.byteLength(header)): Uint8Array {
  const prefix = [0, 8, 16, 24].map((shift) => (length >>> shift) & 0xff)
  return Uint8Array.from([...prefix, 0, 0, 0, 0, ...Buffer.from(header), ...data])
}

/** Checks that decoding is refused with a FormatError whose message matches. */
function refused(bytes: Uint8Array, message: RegExp): void {
  assert.throws(
    () => decodeSafetensors(bytes),
    (error: Error) => {
      assert.instance(error, FormatError)
      assert.match(error.message, message)
      return true
    },
  )
}

const one = '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
// 1.5 = 0x3fc00000, -2 = 0xc0000000, little endian.
const onePointFive = [0, 0, 0xc0, 0x3f]
const minusTwo = [0, 0, 0, 0xc0]

test('bytes written by hand: every dtype, a scalar, an empty tensor, metadata', () => {
  const header =
    '{"__metadata__":{"k":"v","__proto__":"p"},' +
    '"f":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
    '"i":{"dtype":"I32","shape":[],"data_offsets":[8,12]},' +
    '"empty":{"dtype":"I32","shape":[3,0],"data_offsets":[12,12]},' +
    '"u16":{"dtype":"U16","shape":[1,1],"data_offsets":[12,14]},' +
    '"i16":{"dtype":"I16","shape":[1],"data_offsets":[14,16]},' +
    '"i8":{"dtype":"I8","shape":[1],"data_offsets":[16,17]},' +
    '"u8":{"dtype":"U8","shape":[2],"data_offsets":[17,19]}} '
  const data = [...onePointFive, ...minusTwo, 0xfe, 0xff, 0xff, 0xff, 0x34, 0x12, 0xff, 0xff, 0x80, 0xff, 7]
  const { tensors, metadata } = decodeSafetensors(file(header, data))
  assert.equal([...tensors.keys()], ['f', 'i', 'empty', 'u16', 'i16', 'i8', 'u8'])
  const found = [...tensors.values()].map((t) => [t.dtype, t.shape, [...t.data]])
  assert.equal(found, [
    ['float32', [2], [1.5, -2]],
    ['int32', [], [-2]],
    ['int32', [3, 0], []],
    ['uint16', [1, 1], [0x1234]],
    ['int16', [1], [-1]],
    ['int8', [1], [-128]],
    ['uint8', [2], [255, 7]],
  ])
  assert.is(metadata.k, 'v')
  assert.equal(Object.entries(metadata), [
    ['k', 'v'],
    ['__proto__', 'p'],
  ])
})

test('data that are not aligned to their elements, in a view into a larger buffer', () => {
  const header =
    '{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}'
  const bytes = file(header, [9, ...onePointFive])
  const larger = new Uint8Array(bytes.length + 3)
  larger.set(bytes, 3)
  const { tensors } = decodeSafetensors(larger.subarray(3))
  assert.is(tensors.get('b')?.data[0], 9)
  assert.is(tensors.get('a')?.data[0], 1.5)
})

test('the encoder writes these bytes: sorted by dtype, then name; header padded to 8 bytes', () => {
  const tensors = new Map<string, Tensor>([
    ['b', tensor([7], [1], { dtype: 'uint8' })],
    ['z', tensor([1.5])],
    ['s', tensor([-1], [], { dtype: 'int16' })],
    ['a', tensor([-2], [1, 1])],
  ])
  const json =
    '{"__metadata__":{"format":"pt","note":"\\"q\\""},' +
    '"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},' +
    '"z":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},' +
    '"s":{"dtype":"I16","shape":[],"data_offsets":[8,10]},' +
    '"b":{"dtype":"U8","shape":[1],"data_offsets":[10,11]}}'
  const padded = json.padEnd(Math.ceil(json.length / 8) * 8, ' ')
  const expected = file(padded, [...minusTwo, ...onePointFive, 0xff, 0xff, 7])
  assert.equal([...encodeSafetensors(tensors, { note: '"q"', format: 'pt' })], [...expected])
  const reversed = new Map([...tensors].reverse())
  assert.equal([...encodeSafetensors(reversed, { format: 'pt', note: '"q"' })], [...expected])
})

test('names sort by their UTF-8 bytes, and integer-like names do not jump ahead', () => {
  // U+FF61 is below U+1F600 as UTF-8, above its surrogates as UTF-16.
  const names = ['\u{1F600}', '\uFF61', '10', '9', 'a']
  const bytes = encodeSafetensors(new Map(names.map((name) => [name, tensor([1])])))
  assert.equal([...decodeSafetensors(bytes).tensors.keys()], ['10', '9', 'a', '\uFF61', '\u{1F600}'])
})

test('round trip keeps every bit: NaN payloads, -0, subnormals; a file without tensors', () => {
  const bits = Uint32Array.of(0x7fc12345, 0x80000000, 1, 0xff800000)
  const values = new Tensor('float32', [2, 2], new Float32Array(bits.buffer))
  const { tensors, metadata } = decodeSafetensors(encodeSafetensors(new Map([['x', values]]), { a: '' }))
  const back = tensors.get('x') as Tensor<'float32'>
  assert.equal([...new Uint32Array(back.data.buffer)], [...bits])
  assert.equal(back.shape, [2, 2])
  assert.equal(metadata, { a: '' })
  const empty = encodeSafetensors(new Map())
  assert.is(empty.length, 16)
  assert.is(decodeSafetensors(empty).tensors.size, 0)
})

test('only the elements of a view are written', () => {
  const view = new Tensor('float32', [1], new Float32Array([5, 1.5, 6]).subarray(1, 2))
  const { tensors } = decodeSafetensors(encodeSafetensors(new Map([['x', view]])))
  assert.equal([...(tensors.get('x') as Tensor).data], [1.5])
})

test('truncation at every byte, and one byte too many', () => {
  const bytes = encodeSafetensors(
    new Map<string, Tensor>([
      ['a', tensor([1, 2])],
      ['b', tensor([3])],
    ]),
    { k: 'v' },
  )
  decodeSafetensors(bytes)
  for (let length = 0; length < bytes.length; length++) refused(bytes.subarray(0, length), /^safetensors: /)
  refused(Uint8Array.from([...bytes, 0]), /describes 12 bytes of data, the file holds 13/)
})

test('header lengths', () => {
  refused(file(one, onePointFive, 100_000_001), /header of 100000001 bytes; at most 100000000/)
  refused(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 0x7b, 0x7d), /header of 18446744073709552000 bytes/)
  refused(file(one, onePointFive, 99_999_999), /header takes 99999999 bytes, the file has 58 more/)
  refused(file('', []), /not JSON/)
})

test('headers that are not what they should be', () => {
  refused(file('{"a":', []), /not JSON/)
  refused(file('[]', []), /not a JSON object/)
  refused(file('null', []), /not a JSON object/)
  refused(file('\uFEFF{}', []), /not JSON/)
  // {"?":{}} with a byte in the name that is no UTF-8.
  refused(Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0xff, 0x22, 0x3a, 0x7b, 0x7d, 0x7d), /not JSON/)
  refused(file('{"__metadata__":{"k":1}}', []), /__metadata__ is not an object of strings/)
  refused(file('{"__metadata__":null}', []), /__metadata__ is not an object of strings/)
  refused(file('{"a":3}', []), /'a': it is not described by an object/)
  refused(file('{"a":{}}', []), /'a': its dtype is undefined/)
})

test('duplicate keys: tensors, spelled differently, and inside one', () => {
  const entry = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
  refused(file(`{"a":${entry},"b":${entry},"a":${entry}}`, []), /has 'a' twice/)
  refused(file(`{"a":${entry},  "\\u0061"   :${entry}}`, []), /has 'a' twice/)
  refused(file('{"a":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}}', []), /has 'shape' twice/)
  refused(file('{"__metadata__":{"k":"k","k":"v"}}', []), /has 'k' twice/)
  // Values equal to keys, braces and quotes inside strings are no keys.
  const { metadata } = decodeSafetensors(file('{"__metadata__":{"k":"k","l":"k","m":"\\"{\\\\","n":"{\\"k\\":"}}', []))
  assert.equal(metadata, { k: 'k', l: 'k', m: '"{\\', n: '{"k":' })
  assert.equal(decodeSafetensors(file('{"__metadata__" : { "k" :\n "k" } }', [])).metadata, { k: 'k' })
})

test('descriptions that do not fit', () => {
  const entry = (dtype: string, shape: string, offsets: string) =>
    `{"a":{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}}`
  refused(file(entry('"BF16"', '[2]', '[0,4]'), onePointFive), /'a': its dtype is "BF16"; wanted one of F32, I32/)
  refused(file(entry('["F32"]', '[1]', '[0,4]'), onePointFive), /its dtype is \["F32"\]/)
  for (const shape of ['[-1]', '[1.5]', '["1"]', '1', 'null', '[1e300]']) {
    refused(file(entry('"F32"', shape, '[0,4]'), onePointFive), /shape is not an array of integers/)
  }
  for (const offsets of ['[0]', '[0,4,4]', '[4,0]', '[-4,0]', '[0,4.5]', '{}', '[0,"4"]']) {
    refused(file(entry('"F32"', '[1]', offsets), onePointFive), /data_offsets are not two rising integers/)
  }
  refused(file(entry('"F32"', '[2]', '[0,4]'), onePointFive), /F32 \[2\] takes 8 bytes, its data_offsets span 4/)
  refused(file(entry('"F32"', '[1]', '[0,8]'), onePointFive), /F32 \[1\] takes 4 bytes, its data_offsets span 8/)
  refused(file(entry('"F32"', '[65536,65536]', '[0,4]'), onePointFive), /more than 2147483647 elements/)
  refused(
    file(entry('"F32"', '[2147483647]', '[0,8589934588]'), []),
    /describes 8589934588 bytes of data, the file holds 0/,
  )
})

test('offsets with holes and overlaps', () => {
  const two = (a: string, b: string) =>
    `{"a":{"dtype":"U8","shape":[2],"data_offsets":${a}},"b":{"dtype":"U8","shape":[2],"data_offsets":${b}}}`
  assert.is(decodeSafetensors(file(two('[2,4]', '[0,2]'), [1, 2, 3, 4])).tensors.get('a')?.data[0], 3)
  const empty = '"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'
  const after = decodeSafetensors(file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},${empty}`, [5]))
  assert.equal([...after.tensors.keys()], ['b', 'a'])
  refused(file(two('[0,2]', '[1,3]'), [1, 2, 3]), /'b' begins at byte 1 of the data, wanted 2: it overlaps/)
  refused(file(two('[0,2]', '[0,2]'), [1, 2]), /'b' begins at byte 0 of the data, wanted 2: it overlaps/)
  refused(file(two('[0,2]', '[3,5]'), [1, 2, 3, 4, 5]), /'b' begins at byte 3 of the data, wanted 2: there is a hole/)
  refused(file(two('[1,3]', '[3,5]'), [1, 2, 3, 4, 5]), /'a' begins at byte 1 of the data, wanted 0: there is a hole/)
})

test('a tensor cannot be named like the metadata', () => {
  assert.throws(
    () => encodeSafetensors(new Map([['__metadata__', tensor([1])]])),
    (error: Error) => error instanceof UsageError && /__metadata__/.test(error.message),
  )
  const { tensors } = decodeSafetensors(encodeSafetensors(new Map([['__proto__', tensor([1.5])]])))
  assert.is(tensors.get('__proto__')?.data[0], 1.5)
})

test.run()
