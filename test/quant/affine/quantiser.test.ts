import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NumericError, ShapeError, UsageError } from '../../../engine/base/errors.ts'
import {
  channelRun,
  coveringExponent,
  quantiserFromRange,
  quantiserFromRanges,
  rangeOf,
} from '../../../quant/affine/quantiser.ts'
import { codeRange, type Scheme } from '../../../quant/affine/scheme.ts'
import { throwsWith } from './throwsWith.ts'

const test = suite('quantiser')

const signedSymmetric: Scheme = { bits: 8, signed: true, symmetric: true, granularity: 'tensor' }
const unsignedAffine: Scheme = { bits: 8, signed: false, symmetric: false, granularity: 'tensor' }
const signedAffine: Scheme = { bits: 8, signed: true, symmetric: false, granularity: 'tensor' }
const unsignedSymmetric: Scheme = { bits: 8, signed: false, symmetric: true, granularity: 'tensor' }
const pow2: Scheme = { ...signedSymmetric, scaleForm: 'pow2' }

test('code ranges', () => {
  const table: [number, boolean, boolean, number, number][] = [
    [2, true, false, -2, 1],
    [2, true, true, -1, 1],
    [2, false, false, 0, 3],
    [4, true, true, -7, 7],
    [4, false, false, 0, 15],
    [8, true, false, -128, 127],
    [8, false, true, 1, 255],
    [16, true, false, -32768, 32767],
    [16, false, false, 0, 65535],
  ]
  for (const [bits, signed, narrow, qmin, qmax] of table) {
    assert.equal(codeRange({ bits, signed, narrow }), { qmin, qmax })
  }
  for (const bits of [1, 17, 7.5, Number.NaN])
    throwsWith(() => codeRange({ bits, signed: true }), UsageError, /2 to 16/)
})

test('signed symmetric: the larger bound over qmax, zero point 0', () => {
  const q = quantiserFromRange(-1, 0.5, signedSymmetric)
  assert.is(q.scale[0], Math.fround(1 / 127))
  assert.is(q.zeroPoint[0], 0)
  assert.equal([q.qmin, q.qmax, q.axis], [-128, 127, null])
  // The full range has one more code below: [-128/127, 1].
  assert.is(rangeOf(q).hi, 1)
  assert.is(quantiserFromRange(-1, 2, { ...signedSymmetric, bits: 4 }).scale[0], Math.fround(2 / 7))
  assert.is(quantiserFromRange(-1, 2, { ...signedSymmetric, bits: 2 }).scale[0], 2)
  assert.is(quantiserFromRange(-1, 2, { ...signedSymmetric, bits: 16 }).scale[0], Math.fround(2 / 32767))
  const narrow = quantiserFromRange(-1, 1, { ...signedSymmetric, narrow: true })
  assert.equal([narrow.qmin, narrow.scale[0]], [-127, Math.fround(1 / 127)])
})

test('unsigned symmetric: the zero point is the middle code', () => {
  const q = quantiserFromRange(-2, 1, unsignedSymmetric)
  assert.is(q.zeroPoint[0], 128)
  assert.is(q.scale[0], Math.fround(2 / 127))
  assert.is(quantiserFromRange(-2, 1, { ...unsignedSymmetric, bits: 2 }).zeroPoint[0], 2)
  assert.is(quantiserFromRange(-2, 1, { ...unsignedSymmetric, bits: 2 }).scale[0], 2)
})

test('asymmetric', () => {
  // 4/255 in f32 is 0.01568627543747425; 1/that = 63.7499...
  const q = quantiserFromRange(-1, 3, unsignedAffine)
  assert.is(q.scale[0], 0.01568627543747425)
  assert.is(q.zeroPoint[0], 64)
  // A power-of-two scale makes it exact: [-16, 239] in steps of 1.
  const exact = quantiserFromRange(-16, 239, unsignedAffine)
  assert.equal([exact.scale[0], exact.zeroPoint[0]], [1, 16])
  assert.equal(rangeOf(exact), { lo: -16, hi: 239 })
  const signed = quantiserFromRange(-16, 239, signedAffine)
  assert.equal([signed.scale[0], signed.zeroPoint[0]], [1, -112])
  // Entirely positive or negative data: the range is extended to 0, whose code is at the end.
  assert.equal([...quantiserFromRange(51, 255, unsignedAffine).zeroPoint], [0])
  assert.is(quantiserFromRange(51, 255, unsignedAffine).scale[0], 1)
  assert.equal([...quantiserFromRange(-255, -51, unsignedAffine).zeroPoint], [255])
  assert.equal([...quantiserFromRange(-255, -51, signedAffine).zeroPoint], [127])
})

test('the zero point rounds ties to even', () => {
  // Scale exactly 1, lo = -0.5 and -1.5: qmin - lo/s = 0.5 and 1.5.
  assert.is(quantiserFromRange(-0.5, 254.5, unsignedAffine).zeroPoint[0], 0)
  assert.is(quantiserFromRange(-1.5, 253.5, unsignedAffine).zeroPoint[0], 2)
})

test('zero is exactly representable: some code stands for 0 in every range', () => {
  for (const scheme of [signedSymmetric, unsignedAffine, signedAffine, unsignedSymmetric, pow2]) {
    for (const [lo, hi] of [
      [-0.3, 7.1],
      [-5, 0.001],
      [0, 1e-30],
      [-3e38, 3e38],
      [1, 2],
      [-2, -1],
      [0, 0],
    ]) {
      const q = quantiserFromRange(lo, hi, scheme)
      assert.ok(Number.isInteger(q.zeroPoint[0]) && q.zeroPoint[0] >= q.qmin && q.zeroPoint[0] <= q.qmax)
      assert.ok(q.scale[0] > 0 && Number.isFinite(q.scale[0]))
    }
  }
})

test('an all-zero range gives scale 1', () => {
  for (const scheme of [signedSymmetric, unsignedAffine, pow2]) {
    assert.is(quantiserFromRange(0, 0, scheme).scale[0], 1)
  }
  assert.is(quantiserFromRange(0, 0, signedAffine).zeroPoint[0], -128)
  assert.is(quantiserFromRange(0, 0, signedSymmetric).zeroPoint[0], 0)
})

test('tiny ranges keep a normal scale', () => {
  assert.is(quantiserFromRange(0, 1e-44, unsignedAffine).scale[0], 2 ** -126)
})

test('powers of two: the smallest that covers the range', () => {
  // 127 steps of 2^-7 reach 0.9921875: exactly covered, one ulp more is not.
  assert.is(quantiserFromRange(-0.5, 0.9921875, pow2).scale[0], 2 ** -7)
  assert.is(quantiserFromRange(-0.5, 0.9921875 + 2 ** -24, pow2).scale[0], 2 ** -6)
  assert.is(quantiserFromRange(-128, 0, pow2).scale[0], 2)
  assert.is(coveringExponent(1, 127), -6)
  assert.is(coveringExponent(0, 127), -126)
  assert.is(coveringExponent(3e38, 1), 127)
})

test('powers of two: exponent and its limits', () => {
  assert.is(quantiserFromRange(-1, 1, pow2, { exponent: -9 }).scale[0], 2 ** -9)
  assert.is(quantiserFromRange(0, 1e-6, pow2, { minimumExponent: -12 }).scale[0], 2 ** -12)
  assert.is(quantiserFromRange(0, 1e6, pow2, { maximumExponent: 3 }).scale[0], 8)
  assert.is(quantiserFromRange(0, 1, pow2, { exponent: -20, minimumExponent: -12 }).scale[0], 2 ** -12)
  throwsWith(() => quantiserFromRange(0, 1, signedSymmetric, { exponent: 1 }), UsageError, /'pow2'/)
  throwsWith(() => quantiserFromRange(0, 1, pow2, { exponent: 1.5 }), UsageError, /1\.5/)
  throwsWith(() => quantiserFromRange(0, 1, pow2, { minimumExponent: -127 }), UsageError, /-127/)
})

test('a minimum range raises the upper bound', () => {
  const q = quantiserFromRange(-0.0625, 0, unsignedAffine, { minimumRange: 255 })
  assert.equal([q.scale[0], q.zeroPoint[0]], [1, 0])
  assert.is(
    quantiserFromRange(0, 0, unsignedAffine, { minimumRange: 0.01 }).scale[0],
    Math.fround(Math.fround(0.01) / 255),
  )
  assert.is(quantiserFromRange(0, 255, unsignedAffine, { minimumRange: 0.01 }).scale[0], 1)
  throwsWith(() => quantiserFromRange(0, 1, unsignedAffine, { minimumRange: -1 }), UsageError, /minimum range of -1/)
})

test('per channel', () => {
  const scheme: Scheme = { ...signedSymmetric, granularity: 'channel' }
  const q = quantiserFromRanges([-1, -2], [1, 0], scheme, 1)
  assert.equal([...q.scale], [Math.fround(1 / 127), Math.fround(2 / 127)])
  assert.equal([...q.zeroPoint], [0, 0])
  assert.is(q.axis, 1)
  assert.is(rangeOf(q, 1).hi, 2)
  throwsWith(() => rangeOf(q, 2), UsageError, /channel 2 .* 2/)
  throwsWith(() => quantiserFromRange(-1, 1, scheme), UsageError, /quantiserFromRanges/)
  throwsWith(() => quantiserFromRanges([0], [1, 2], scheme, 0), UsageError, /1 lower and 2 upper/)
  throwsWith(() => quantiserFromRanges([0, 0], [1, 2], signedSymmetric, null), UsageError, /one without an axis/)
})

test('bounds must be finite and in order', () => {
  for (const [lo, hi] of [
    [Number.NaN, 1],
    [0, Number.NaN],
    [Number.NEGATIVE_INFINITY, 1],
    [0, Number.POSITIVE_INFINITY],
    [0, 1e39],
  ]) {
    throwsWith(() => quantiserFromRange(lo, hi, signedSymmetric), NumericError, /not finite/)
  }
  throwsWith(() => quantiserFromRange(2, 1, signedSymmetric), UsageError, /\[2, 1\] is empty/)
})

test('how channels lie in a tensor', () => {
  const one = quantiserFromRange(-1, 1, signedSymmetric)
  assert.is(channelRun(one, [2, 3, 4], 'x'), 24)
  assert.is(channelRun(one, [], 'x'), 1)
  const three = quantiserFromRanges([0, 0, 0], [1, 2, 3], { ...signedSymmetric, granularity: 'channel' }, 1)
  assert.is(channelRun(three, [2, 3, 4, 5], 'x'), 20)
  assert.is(channelRun({ ...three, axis: -1 }, [2, 3], 'x'), 1)
  throwsWith(() => channelRun(three, [3, 2], 'quantise'), ShapeError, /quantise: .* 3 channels on axis 1.*\[3, 2\]/)
  throwsWith(() => channelRun(three, [3], 'quantise'), ShapeError, /axis 1/)
  throwsWith(() => channelRun({ ...three, axis: null }, [3], 'quantise'), ShapeError, /3 scales and no axis/)
})

test.run()
