import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NumericError, ShapeError, UsageError } from '../../../engine/base/errors.ts'
import type { Scheme } from '../../../quant/affine/scheme.ts'
import { weightQuantiser } from '../../../quant/affine/weightQuantiser.ts'
import { throwsWith } from './throwsWith.ts'

const test = suite('weightQuantiser')

const perTensor: Scheme = { bits: 8, signed: true, symmetric: true, narrow: true, granularity: 'tensor' }
const perChannel: Scheme = { ...perTensor, granularity: 'channel' }
const w = Float32Array.of(-1, 2, 0.5, -0.25)

test('symmetric, from the absolute maximum', () => {
  const q = weightQuantiser(w, [2, 2], perTensor)
  assert.equal([...q.scale], [Math.fround(2 / 127)])
  assert.equal([q.qmin, q.qmax, q.axis], [-127, 127, null])
  assert.is(weightQuantiser(w, [2, 2], { ...perTensor, bits: 4 }).scale[0], Math.fround(2 / 7))
})

test('per channel on each axis', () => {
  const rows = weightQuantiser(w, [2, 2], perChannel)
  assert.equal([...rows.scale], [Math.fround(2 / 127), Math.fround(0.5 / 127)])
  assert.is(rows.axis, 0)
  const columns = weightQuantiser(w, [2, 2], perChannel, { axis: 1 })
  assert.equal([...columns.scale], [Math.fround(1 / 127), Math.fround(2 / 127)])
  assert.is(weightQuantiser(w, [2, 2], perChannel, { axis: -1 }).axis, 1)
  // [2, 2, 2] on axis 1: channel 0 holds elements 0, 1, 4, 5.
  const three = Float32Array.of(1, -3, 5, 6, 2, 0, -8, 7)
  const middle = weightQuantiser(three, [2, 2, 2], perChannel, { axis: 1 })
  assert.equal([...middle.scale], [Math.fround(3 / 127), Math.fround(8 / 127)])
})

test('asymmetric: minimum and maximum', () => {
  const scheme: Scheme = { bits: 8, signed: false, symmetric: false, granularity: 'channel' }
  const q = weightQuantiser(Float32Array.of(-55, 200, 255, 51), [2, 2], scheme)
  assert.equal([...q.scale], [1, 1])
  assert.equal([...q.zeroPoint], [55, 0])
})

test('a quantile limits the range', () => {
  // |w| sorted: 0, 1, ..., 10; the 0.9 quantile is 9, the 0.95 quantile 9.5.
  const values = Float32Array.of(0, -1, 2, -3, 4, -5, 6, -7, 8, -9, 10)
  assert.is(weightQuantiser(values, [11], perTensor, { quantile: 0.9 }).scale[0], Math.fround(9 / 127))
  assert.is(weightQuantiser(values, [11], perTensor, { quantile: 0.95 }).scale[0], Math.fround(9.5 / 127))
  assert.is(weightQuantiser(values, [11], perTensor, { quantile: 1 }).scale[0], Math.fround(10 / 127))
  // Asymmetric: [-9, 10] becomes [-9, 9.5], of which only the upper bound was beyond the limit.
  const affine: Scheme = { bits: 8, signed: false, symmetric: false, granularity: 'tensor' }
  assert.is(weightQuantiser(values, [11], affine, { quantile: 0.95 }).scale[0], Math.fround(18.5 / 255))
  // Per channel (axis 1 of [2, 3]): magnitudes {1, 4}, {2, 5}, {3, 60}; medians 2.5, 3.5, 31.5.
  const matrix = Float32Array.of(1, -2, 3, -4, 5, 60)
  const q = weightQuantiser(matrix, [2, 3], perChannel, { axis: 1, quantile: 0.5 })
  assert.equal(
    [...q.scale],
    [2.5, 3.5, 31.5].map((v) => Math.fround(v / 127)),
  )
})

test('a channel of zeros has scale 1', () => {
  assert.equal([...weightQuantiser(Float32Array.of(0, 0, 0, 127), [2, 2], perChannel).scale], [1, 1])
  assert.equal([...weightQuantiser(new Float32Array(2), [2, 1], perChannel, { quantile: 0.5 }).scale], [1, 1])
  assert.equal([...weightQuantiser(new Float32Array(0), [2, 0], perChannel, { quantile: 0.5 }).scale], [1, 1])
})

test('powers of two', () => {
  assert.is(weightQuantiser(w, [2, 2], { ...perTensor, scaleForm: 'pow2' }).scale[0], 2 ** -5)
  const options = { exponent: -8, minimumExponent: -12 }
  assert.is(weightQuantiser(w, [2, 2], { ...perTensor, scaleForm: 'pow2' }, options).scale[0], 2 ** -8)
})

test('errors', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const bad = Float32Array.of(1, value, 2, 3)
    throwsWith(() => weightQuantiser(bad, [2, 2], perChannel), NumericError, /not finite/)
    throwsWith(() => weightQuantiser(bad, [4], perTensor, { quantile: 0.9 }), NumericError, /not finite/)
  }
  throwsWith(() => weightQuantiser(w, [3], perTensor), ShapeError, /\[3\] holds 3.*weight 4/)
  throwsWith(() => weightQuantiser(w, [2, 2], perChannel, { axis: 2 }), ShapeError, /axis 2/)
  throwsWith(() => weightQuantiser(w, [2, 2], perChannel, { quantile: 2 }), UsageError, /p = 2/)
})

test.run()
