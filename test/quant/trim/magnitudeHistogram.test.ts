import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { magnitudeHistogram } from '../../../quant/trim/magnitudeHistogram.ts'

const test = suite('magnitude histogram')

test('a value on an edge falls above it, the limit itself into the last bin', () => {
  assert.equal(magnitudeHistogram([0, 1, -2, 4], 4, 4), [1, 1, 1, 1])
  assert.equal(magnitudeHistogram([0.99, -1, 3.99, -4, 3], 4, 4), [1, 1, 0, 3])
})

test('all zeros, no values, the usual number of bins', () => {
  assert.equal(magnitudeHistogram([0, -0, 0], 0, 2), [3, 0])
  assert.equal(magnitudeHistogram([], 1, 3), [0, 0, 0])
  const usual = magnitudeHistogram([1, 0.5], 1)
  assert.is(usual.length, 40)
  assert.is(usual[20], 1)
  assert.is(usual[39], 1)
})

test('not a value is lost', () => {
  const values = Array.from({ length: 1000 }, (_, i) => Math.fround(((i * 7919) % 1000) / 999) - 0.5)
  const counts = magnitudeHistogram(values, 0.5, 7)
  assert.is(
    counts.reduce((a, b) => a + b, 0),
    1000,
  )
})

test.run()
