import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NumericError } from '../../../engine/base/errors.ts'
import { decodeSmallFloat, encodeSmallFloat, type SmallFloat } from '../../../engine/base/smallFloat.ts'
import { messageOf } from '../../support/messageOf.ts'

const test = suite('small floats')

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
/** Patterns of positive numbers up to the greatest finite one. */
const largest: Record<SmallFloat, number> = {
  float16: 0x7bff,
  bfloat16: 0x7f7f,
  float8e4m3fn: 0x7e,
  float8e4m3fnuz: 0x7f,
  float8e5m2: 0x7b,
  float8e5m2fnuz: 0x7f,
  float4e2m1: 0x7,
}
const formats = Object.keys(largest) as SmallFloat[]
const signBit = (format: SmallFloat): number => (format.endsWith('16') ? 0x8000 : format === 'float4e2m1' ? 8 : 0x80)

test('every float16 pattern means what NumPy says', () => {
  // NumPy 2.4.6: np.arange(65536, dtype='u2').view('f2').astype('f4'), NaN as 7fc00000.
  const bits = new Uint32Array(Float32Array.from({ length: 65536 }, (_, p) => decodeSmallFloat(p, 'float16')).buffer)
  let nans = 0
  for (let i = 0; i < bits.length; i++) {
    if ((bits[i] & 0x7fffffff) <= 0x7f800000) continue
    bits[i] = 0x7fc00000
    nans++
  }
  assert.is(nans, 2046)
  assert.is(sha256(new Uint8Array(bits.buffer)), '385ff5fe69182797cda5f1827e20cf423f4416bc9246f27d0eec27cac9039259')
})

test('262,144 float32 of all magnitudes become the float16 that NumPy makes of them', () => {
  // NumPy: (np.arange(2**18) * 16411 % 2**32).astype('u4').view('f4').astype('f2'), NaN as 7e00.
  const bits = Uint32Array.from({ length: 1 << 18 }, (_, i) => (i * 16411) % 2 ** 32)
  const halves = Uint16Array.from(new Float32Array(bits.buffer), (x) => encodeSmallFloat(x, 'float16'))
  assert.is(sha256(new Uint8Array(halves.buffer)), 'd0203cb553a727b2be78e7a961649849f012088bbc64f39612a191cefc53df78')
})

test('doubles are rounded once', () => {
  // From NumPy; by way of float32 the second and the last would be ties.
  assert.is(encodeSmallFloat(1 + 2 ** -11, 'float16'), 0x3c00)
  assert.is(encodeSmallFloat(1 + 2 ** -11 + 2 ** -40, 'float16'), 0x3c01)
  assert.is(encodeSmallFloat(65519.99, 'float16'), 0x7bff)
  assert.is(encodeSmallFloat(65520, 'float16'), 0x7c00)
  assert.is(encodeSmallFloat(2 ** -25, 'float16'), 0)
  assert.is(encodeSmallFloat(2 ** -25 * (1 + 2 ** -30), 'float16'), 1)
})

test('every bfloat16 pattern is the upper half of a float32', () => {
  for (let pattern = 0; pattern < 65536; pattern++) {
    const [wanted] = new Float32Array(Uint32Array.of(pattern << 16).buffer)
    const value = decodeSmallFloat(pattern, 'bfloat16')
    if (!Object.is(value, wanted)) assert.unreachable(`${pattern}: ${value}, wanted ${wanted}`)
  }
})

test('every pattern comes back', () => {
  for (const format of formats) {
    for (let pattern = 0; pattern < signBit(format) * 2; pattern++) {
      const value = decodeSmallFloat(pattern, format)
      const again = encodeSmallFloat(Number.isNaN(value) && format === 'float4e2m1' ? 0 : value, format)
      const fine = Number.isNaN(value) ? Number.isNaN(decodeSmallFloat(again, format)) : again === pattern
      if (!fine) assert.unreachable(`${format} ${pattern}: ${value} became ${again}`)
    }
  }
})

test('halfway between neighbours goes to the even one, anything more or less to the nearer', () => {
  for (const format of formats) {
    for (let pattern = 0; pattern < largest[format]; pattern++) {
      const low = decodeSmallFloat(pattern, format)
      const high = decodeSmallFloat(pattern + 1, format)
      assert.ok(low < high)
      const middle = (low + high) / 2
      const even = pattern + (pattern % 2)
      const less = low + (high - low) * (0.5 - 2 ** -30)
      const more = low + (high - low) * (0.5 + 2 ** -30)
      for (const [value, wanted] of [
        [middle, even],
        [less, pattern],
        [more, pattern + 1],
      ]) {
        if (encodeSmallFloat(value, format) !== wanted) assert.unreachable(`${format}: ${value}, wanted ${wanted}`)
        const negative = wanted === 0 && format.endsWith('uz') ? 0 : wanted + signBit(format)
        if (encodeSmallFloat(-value, format) !== negative)
          assert.unreachable(`${format}: -${value}, wanted ${negative}`)
      }
    }
  }
})

test('published values of the 8-bit and 4-bit formats', () => {
  // ONNX, "Float stored in 8 bits": greatest and least positive numbers.
  const published: [SmallFloat, number, number][] = [
    ['float8e4m3fn', 0x7e, 448],
    ['float8e4m3fn', 0x08, 2 ** -6],
    ['float8e4m3fn', 0x01, 2 ** -9],
    ['float8e4m3fnuz', 0x7f, 240],
    ['float8e4m3fnuz', 0x08, 2 ** -7],
    ['float8e4m3fnuz', 0x01, 2 ** -10],
    ['float8e5m2', 0x7b, 57344],
    ['float8e5m2', 0x7c, Infinity],
    ['float8e5m2', 0xfc, -Infinity],
    ['float8e5m2', 0x04, 2 ** -14],
    ['float8e5m2', 0x01, 2 ** -16],
    ['float8e5m2fnuz', 0x7f, 57344],
    ['float8e5m2fnuz', 0x04, 2 ** -15],
    ['float8e5m2fnuz', 0x01, 2 ** -17],
  ]
  for (const [format, pattern, value] of published) assert.is(decodeSmallFloat(pattern, format), value)
  const fours = Array.from({ length: 8 }, (_, pattern) => decodeSmallFloat(pattern, 'float4e2m1'))
  assert.equal(fours, [0, 0.5, 1, 1.5, 2, 3, 4, 6])
  const nans: [SmallFloat, number[]][] = [
    ['float8e4m3fn', [0x7f, 0xff]],
    ['float8e4m3fnuz', [0x80]],
    ['float8e5m2', [0x7d, 0x7e, 0x7f, 0xfd, 0xfe, 0xff]],
    ['float8e5m2fnuz', [0x80]],
    ['float4e2m1', []],
  ]
  for (const [format, patterns] of nans) {
    const found = Array.from({ length: 2 * signBit(format) }, (_, pattern) => pattern).filter((pattern) =>
      Number.isNaN(decodeSmallFloat(pattern, format)),
    )
    assert.equal(found, patterns, format)
  }
})

test('beyond the greatest number', () => {
  // The table of ONNX Cast: with saturation the greatest number, without it infinity or NaN.
  for (const x of [1e6, Infinity]) {
    const plain = formats.map((format) => decodeSmallFloat(encodeSmallFloat(x * 1e33, format), format))
    assert.equal(plain, [Infinity, Infinity, NaN, NaN, Infinity, NaN, 6])
    const saturated = formats.map((format) => decodeSmallFloat(encodeSmallFloat(-x * 1e33, format, true), format))
    assert.equal(saturated, [-65504, -(2 ** 128 - 2 ** 120), -448, -240, -57344, -57344, -6])
  }
  assert.is(encodeSmallFloat(464, 'float8e4m3fn'), 0x7e)
  assert.is(encodeSmallFloat(464.0001, 'float8e4m3fn'), 0x7f)
  assert.is(encodeSmallFloat(Number.MAX_VALUE, 'bfloat16'), 0x7f80)
  assert.is(encodeSmallFloat(-Number.MIN_VALUE, 'float16'), 0x8000)
  assert.is(encodeSmallFloat(-0, 'float8e5m2'), 0x80)
  assert.is(encodeSmallFloat(-0, 'float8e5m2fnuz'), 0)
  assert.match(
    messageOf(NumericError, () => encodeSmallFloat(NaN, 'float4e2m1')),
    /has none/,
  )
})

test.run()
