import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError } from '../../engine/base/errors.ts'
import { parseNpy } from './npy.ts'

const test = suite('.npy reader')

/** A file as numpy/lib/format.py describes it, written byte by byte. */
function file(header: string, data: readonly number[], version = 1): Uint8Array {
  const text = `${header}\n`
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0]
  return Uint8Array.of(0x93, ...Buffer.from('NUMPY'), version, 0, ...length, ...Buffer.from(text), ...data)
}

const header = (descr: string, shape: string, order = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`

test('every element type', () => {
  const read = (descr: string, shape: string, data: number[], version?: number): unknown => {
    const { dtype, shape: extents, data: content } = parseNpy(file(header(descr, shape), data, version), 'x')
    return [dtype, extents, Array.from(content)]
  }
  assert.equal(read('<f4', '(2,)', [0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0]), ['float32', [2], [1, -2.5]])
  assert.equal(read('<i4', '()', [0xff, 0xff, 0xff, 0xff]), ['int32', [], [-1]])
  assert.equal(read('<i8', '(1, 1)', [0, 0, 0, 0, 1, 0, 0, 0], 2), ['int64', [1, 1], [4294967296]])
  assert.equal(read('|u1', '(1, 2)', [1, 255]), ['uint8', [1, 2], [1, 255]])
  assert.equal(read('|i1', '(2,)', [1, 255]), ['int8', [2], [1, -1]])
  assert.equal(read('|b1', '(0, 3)', []), ['bool', [0, 3], []])
})

test('a view into a larger buffer is read from its own beginning', () => {
  const whole = Uint8Array.of(9, 9, 9, ...file(header('|u1', '(2,)'), [5, 6]))
  assert.equal(Array.from(parseNpy(whole.subarray(3), 'x').data), [5, 6])
})

test('what is not such a file is refused', () => {
  const refused = (bytes: Uint8Array, reason: RegExp): void =>
    assert.throws(
      () => parseNpy(bytes, 'x.npy'),
      (error: unknown) => error instanceof FormatError && reason.test(error.message),
    )
  const good = file(header('|u1', '(2,)'), [5, 6])
  for (let length = 0; length < good.length; length++) refused(good.subarray(0, length), /^x\.npy: /)
  refused(Uint8Array.of(...good, 7), /needs 2 bytes, the file has 3/)
  refused(file(header('<f8', '(1,)'), new Array(8).fill(0)), /element type '<f8' is not read/)
  refused(file(header('|u1', '(2,)', 'True'), [5, 6]), /Fortran order/)
  refused(file("{'descr': '|u1'}", []), /lacks descr, fortran_order or shape/)
  refused(file(header('<i8', '(1,)'), [0, 0, 0, 0, 0, 0, 0, 0x40]), /does not fit a double exactly/)
  refused(Uint8Array.of(...good.subarray(0, 6), 3, ...good.subarray(7)), /version 3/)
})

test.run()
