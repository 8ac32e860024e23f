import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError, UsageError } from '../../../engine/base/errors.ts'
import type { RoundingMode } from '../../../engine/base/rounding.ts'
import { type CodeArray, dequantise, quantise } from '../../../quant/affine/quantise.ts'
import type { Quantiser } from '../../../quant/affine/quantiser.ts'
import { throwsWith } from './throwsWith.ts'

const test = suite('quantise and dequantise')

function perTensor(scale: number, zeroPoint: number, qmin: number, qmax: number): Quantiser {
  return { scale: Float32Array.of(scale), zeroPoint: Int32Array.of(zeroPoint), qmin, qmax, axis: null }
}

test('exact ties with a power-of-two scale, every rounding', () => {
  const q = perTensor(0.5, 0, -128, 127)
  // In steps of 0.5: -2.5, -1.5, -0.5, 0.5, 1.5, 2.5.
  const x = Float32Array.of(-1.25, -0.75, -0.25, 0.25, 0.75, 1.25)
  const expected: { [M in RoundingMode]: number[] } = {
    'half-even': [-2, -2, 0, 0, 2, 2],
    'half-away': [-3, -2, -1, 1, 2, 3],
    'half-up': [-2, -1, 0, 1, 2, 3],
    floor: [-3, -2, -1, 0, 1, 2],
  }
  for (const rounding of Object.keys(expected) as RoundingMode[]) {
    assert.equal([...quantise(x, [6], q, { rounding })], expected[rounding], rounding)
  }
  assert.equal([...quantise(x, [6], q)], expected['half-even'])
})

test('the zero point is added after rounding', () => {
  // 0.5 steps round to 0, then + 1; rounding 1.5 instead would give 2.
  assert.equal([...quantise(Float32Array.of(0.25), [1], perTensor(0.5, 1, -128, 127))], [1])
})

test('zero is exact, ends saturate, NaN is the zero point', () => {
  const q = perTensor(0.3, 7, 0, 15)
  const x = Float32Array.of(0, -0, 1e30, -1e30, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN)
  const codes = quantise(x, [7], q)
  assert.equal([...codes], [7, 7, 15, 0, 15, 0, 7])
  assert.equal([...dequantise(codes.subarray(0, 2), [2], q)], [0, 0])
  assert.equal([...quantise(x, [7], q, { division: 'reciprocal' })], [7, 7, 15, 0, 15, 0, 7])
})

test('every code comes back to itself: 2, 4, 8 and 16 bits', () => {
  for (const [qmin, qmax, z] of [
    [-2, 1, -1],
    [-7, 7, 0],
    [-128, 127, 3],
    [0, 255, 128],
    [-32768, 32767, 100],
  ]) {
    const q = perTensor(0.0173, z, qmin, qmax)
    const codes = Int32Array.from({ length: qmax - qmin + 1 }, (_, i) => qmin + i)
    const x = dequantise(codes, [codes.length], q)
    assert.equal(quantise(x, [codes.length], q), codes)
    assert.equal(quantise(x, [codes.length], q, { division: 'reciprocal' }), codes)
  }
})

test('division and multiplication with the reciprocal differ on a tie', () => {
  // FBGEMM's case: x / s = 127.499995 is 127.49999 in f32, but f32(x * f32(1 / s)) is 127.5.
  const q = perTensor(0.00214854861, 0, 0, 255)
  const x = Float32Array.of(0.273939937)
  assert.is(quantise(x, [1], q)[0], 127)
  assert.is(quantise(x, [1], q, { division: 'reciprocal' })[0], 128)
})

test('ONNX DynamicQuantizeLinear example', () => {
  const x = Float32Array.of(0, 2, -3, -2.5, 1.34, 0.5)
  assert.equal([...quantise(x, [6], perTensor(0.0196078438, 153, 0, 255))], [153, 255, 0, 26, 221, 179])
})

test('per channel on every axis', () => {
  const base = { qmin: -128, qmax: 127 }
  const x = Float32Array.from({ length: 12 }, (_, i) => i)
  const first = { ...base, scale: Float32Array.of(1, 2), zeroPoint: Int32Array.of(0, 10), axis: 0 }
  assert.equal([...quantise(x, [2, 3, 2], first)], [0, 1, 2, 3, 4, 5, 13, 14, 14, 14, 15, 16])
  const middle = { ...base, scale: Float32Array.of(1, 2, 4), zeroPoint: Int32Array.of(0, 0, 1), axis: 1 }
  assert.equal([...quantise(x, [2, 3, 2], middle)], [0, 1, 1, 2, 2, 2, 6, 7, 4, 4, 3, 4])
  const last = { ...base, scale: Float32Array.of(1, 2), zeroPoint: Int32Array.of(0, 0), axis: -1 }
  const codes = quantise(x, [2, 3, 2], last)
  assert.equal([...codes], [0, 0, 2, 2, 4, 2, 6, 4, 8, 4, 10, 6])
  assert.equal([...dequantise(codes, [2, 3, 2], last)], [0, 0, 2, 4, 4, 4, 6, 8, 8, 8, 10, 12])
})

test('dequantise rounds once to f32', () => {
  // 3 * f32(0.1) = 0.30000000447034836 is not an f32; the nearest one is 0.30000001192092896.
  assert.is(dequantise(Int8Array.of(5), [1], perTensor(Math.fround(0.1), 2, -128, 127))[0], 0.30000001192092896)
})

test('writes to an array that holds the codes, refuses one that does not', () => {
  const q = perTensor(1, 0, -128, 127)
  const out = new Int8Array(2)
  assert.is(quantise(Float32Array.of(-200, 3), [2], q, {}, out), out)
  assert.equal([...out], [-128, 3])
  const reals = new Float32Array(2)
  assert.is(dequantise(out, [2], q, reals), reals)
  const unsigned = perTensor(1, 128, 0, 255)
  throwsWith(
    () => quantise(Float32Array.of(0), [1], unsigned, {}, new Int8Array(1)),
    UsageError,
    /\[0, 255\].*Int8Array/,
  )
  throwsWith(() => quantise(Float32Array.of(0), [1], q, {}, new Uint8Array(1)), UsageError, /Uint8Array/)
  const fitting: CodeArray[] = [new Int16Array(1), new Uint16Array(1), new Uint8Array(1), new Int32Array(1)]
  for (const array of fitting) assert.is(quantise(Float32Array.of(127), [1], unsigned, {}, array)[0], 255)
})

test('empty tensors and sizes that do not fit', () => {
  const q = perTensor(1, 0, -128, 127)
  assert.is(quantise(new Float32Array(0), [0, 3], q).length, 0)
  assert.is(dequantise(new Int8Array(0), [0, 3], q).length, 0)
  const channels = { ...q, scale: Float32Array.of(1, 1), zeroPoint: Int32Array.of(0, 0), axis: 1 }
  assert.is(quantise(new Float32Array(0), [3, 2, 0], channels).length, 0)
  assert.equal([...quantise(Float32Array.of(4.2), [], q)], [4])
  throwsWith(() => quantise(new Float32Array(5), [2, 3], q), ShapeError, /\[2, 3\] holds 6.*input has 5/)
  throwsWith(() => dequantise(new Int8Array(6), [2, 3], q, new Float32Array(5)), ShapeError, /output 5/)
  throwsWith(() => quantise(new Float32Array(6), [2, 3], channels), ShapeError, /2 channels on axis 1/)
})

test.run()
