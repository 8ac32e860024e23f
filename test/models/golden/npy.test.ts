import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, ShapeError, UnsupportedError } from '../../../engine/base/errors.ts'
import { decodeNpy, encodeNpy, type NpyTensor } from '../../../models/golden/npy.ts'
import { messageOf } from '../../support/messageOf.ts'

const test = suite('npy')

/** A file as NumPy writes it: `headerLength` with padding and line end, what lies before that, the elements in hex. */
function file(header: string, elements: string, headerLength = 118, version = 1): Uint8Array {
  const length = version === 1 ? [headerLength & 255, headerLength >> 8] : [headerLength, 0, 0, 0]
  const text = `${header.padEnd(headerLength - 1)}\n`
  const content = elements.match(/../g) ?? []
  return Uint8Array.of(
    ...[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, ...length],
    ...Array.from(text, (character) => character.charCodeAt(0)),
    ...content.map((pair) => Number.parseInt(pair, 16)),
  )
}

const header = (descr: string, shape: string): string =>
  `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`

// What np.save of NumPy 2.4.6 wrote: header text, length of the header, elements.
const written: [string, string, string, NpyTensor, number?][] = [
  ['<f4', '(2,)', '0000c03f000000c0', { type: 'float32', dims: [2], data: Float32Array.of(1.5, -2) }],
  ['<f8', '(1, 1)', '9a9999999999b93f', { type: 'float64', dims: [1, 1], data: Float64Array.of(0.1) }],
  ['|i1', '(2, 2)', '01fe0380', { type: 'int8', dims: [2, 2], data: Int8Array.of(1, -2, 3, -128) }],
  ['|u1', '(2,)', '00ff', { type: 'uint8', dims: [2], data: Uint8Array.of(0, 255) }],
  ['<i2', '(2,)', '00800100', { type: 'int16', dims: [2], data: Int16Array.of(-32768, 1) }],
  ['<u2', '()', 'ffff', { type: 'uint16', dims: [], data: Uint16Array.of(65535) }],
  ['<i4', '(1,)', '00000080', { type: 'int32', dims: [1], data: Int32Array.of(-2147483648) }],
  ['<u4', '(1,)', 'ffffffff', { type: 'uint32', dims: [1], data: Uint32Array.of(4294967295) }],
  ['<i8', '(2, 0, 3)', '', { type: 'int64', dims: [2, 0, 3], data: new BigInt64Array(0) }],
  [
    '<i8',
    '(2,)',
    '0000000000000080ffffffffffffff7f',
    { type: 'int64', dims: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) },
  ],
  ['<u8', '(1,)', 'ffffffffffffffff', { type: 'uint64', dims: [1], data: BigUint64Array.of(2n ** 64n - 1n) }],
  ['|b1', '(2, 1)', '0100', { type: 'bool', dims: [2, 1], data: Uint8Array.of(1, 0) }],
  [
    '|i1',
    `(${new Array(20).fill(1).join(', ')})`,
    '00',
    { type: 'int8', dims: new Array<number>(20).fill(1), data: Int8Array.of(0) },
    182,
  ],
]

test('files that NumPy wrote, both ways', () => {
  for (const [descr, shape, elements, tensor, length] of written) {
    const bytes = file(header(descr, shape), elements, length)
    assert.equal(decodeNpy(bytes, descr), tensor)
    assert.equal(encodeNpy(tensor), bytes)
  }
})

test('version 2, and bytes inside a larger buffer', () => {
  const bytes = file(header('<f4', '(2,)'), '0000c03f000000c0', 116, 2)
  const larger = new Uint8Array(bytes.length + 3)
  larger.set(bytes, 3)
  const tensor = decodeNpy(larger.subarray(3), 'a')
  assert.equal([...tensor.data], [1.5, -2])
  larger.fill(0)
  assert.equal([...tensor.data], [1.5, -2], 'the tensor has its own memory')
})

test('headers of other writers', () => {
  for (const text of [
    `{"shape":(2,),"fortran_order":False,"descr":"<f4"}`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (2, ) }`,
    `  {'fortran_order' : False , 'descr' : '<f4' , 'shape' : ( 2 , ) , }`,
  ]) {
    assert.equal([...decodeNpy(file(text, '0000c03f000000c0'), text).data], [1.5, -2])
  }
  assert.is(decodeNpy(file(header('<i1', '(1,)'), 'ff'), 'a').data[0], -1)
})

const refused = (bytes: Uint8Array): string => messageOf(FormatError, () => decodeNpy(bytes, 'file-a'))
const unsupported = (bytes: Uint8Array): string => messageOf(UnsupportedError, () => decodeNpy(bytes, 'file-a'))

test('cut short at every byte, and followed by something', () => {
  const bytes = file(header('<i4', '(2, 2)'), '00'.repeat(16))
  for (let end = 0; end < bytes.length; end++) {
    assert.match(refused(bytes.subarray(0, end)), /file-a.*(magic|cut short)/)
  }
  assert.match(refused(Uint8Array.of(...bytes, 0)), /takes 16 bytes, but has 17: it is followed/)
})

test('headers that are not what they should be', () => {
  for (const text of [
    '',
    '{}',
    `{'descr': '<f4', 'fortran_order': False}`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,), }`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1, }`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (1), }`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (1 2), }`,
    `{'descr': '<f4', 'fortran_order': '', 'shape': (1,), }`,
    `{'descr': '<f4' 'fortran_order': False, 'shape': (1,), }`,
    `{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,), }`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x`,
  ]) {
    assert.match(refused(file(text, '0000803f')), /the header is .*wanted \{'descr'/, text)
  }
})

test('hostile sizes', () => {
  const huge = (shape: string): string => refused(file(header('<f8', shape), ''))
  assert.match(huge('(1000000000, 1000000000)'), /takes 8000000000000000000 bytes, but has 0/)
  assert.match(huge('(99999999999999999999999, 0)'), /npy: file-a says float64/)
  assert.match(refused(file(header('|u1', `(${'1, '.repeat(65)})`), '00', 400)), /65 dimensions/)
  assert.match(refused(file(header('|u1', '(1,)'), '00', 20000)), /20000 bytes; at most 10000/)
})

test('types and orders that are not read', () => {
  assert.match(unsupported(file(header('|O', '(1,)'), '80')), /pickled code/)
  assert.match(unsupported(file(header('>i4', '(1,)'), '00000001')), /big-endian/)
  assert.match(unsupported(file(header('<c8', '(1,)'), '00'.repeat(8))), /'<c8': wanted one of <f4/)
  const records = `{'descr': [('x', '<U1'), ('y', '<i4')], 'fortran_order': False, 'shape': (1,), }`
  assert.match(unsupported(file(records, '00'.repeat(8))), /element type \[/)
  const fortran = `{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }`
  assert.match(unsupported(file(fortran, '00'.repeat(4))), /Fortran order; save np.ascontiguousarray/)
  const version3 = file(header('|u1', '(1,)'), '00')
  version3[6] = 3
  assert.match(unsupported(version3), /version 3\.0/)
  assert.match(refused(file(header('|b1', '(2,)'), '0102')), /element 1 is 2; bool is 0 or 1/)
})

test('what cannot be written', () => {
  const half = { type: 'float16', dims: [1], data: Float32Array.of(1) } as const
  assert.match(
    messageOf(UnsupportedError, () => encodeNpy(half)),
    /float16 has no .npy form/,
  )
  const short = { type: 'int8', dims: [2], data: Int8Array.of(1) } as const
  assert.match(
    messageOf(ShapeError, () => encodeNpy(short)),
    /2 elements, 1 came/,
  )
})

test.run()
