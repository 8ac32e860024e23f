import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { quantileOf } from '../../../quant/affine/quantile.ts'
import { throwsWith } from './throwsWith.ts'

const test = suite('quantile')

/** The definition, by sorting. */
function bySorting(values: Float32Array, p: number): number {
  const sorted = values.slice().sort()
  const h = p * (sorted.length - 1)
  const k = Math.floor(h)
  return h === k ? sorted[k] : Math.fround(sorted[k] + (h - k) * (sorted[k + 1] - sorted[k]))
}

test('hand-computed', () => {
  assert.is(quantileOf(Float32Array.of(3, 1, 2, 10), 0.5), 2.5)
  assert.is(quantileOf(Float32Array.of(3, 1, 2, 10), 0), 1)
  assert.is(quantileOf(Float32Array.of(3, 1, 2, 10), 1), 10)
  assert.is(quantileOf(Float32Array.of(7), 0.3), 7)
  // NumPy: np.quantile(np.arange(11), 0.95) = 9.5.
  assert.is(quantileOf(Float32Array.of(10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), 0.95), 9.5)
})

test('equals sorting: random, sorted, reversed, constant, few distinct values', () => {
  const random = new RandomStream(3, 'quantile')
  const fills: ((i: number, n: number) => number)[] = [
    () => random.uniform() - 0.5,
    (i) => i,
    (i, n) => n - i,
    () => 4,
    () => random.integer(3),
    (i, n) => Math.abs(i - n / 2),
  ]
  for (const fill of fills) {
    for (const n of [1, 2, 3, 5, 64, 1001]) {
      for (const p of [0, 0.001, 0.25, 0.5, 0.77, 0.999, 1]) {
        const values = Float32Array.from({ length: n }, (_, i) => fill(i, n))
        const expected = bySorting(values, p)
        assert.is(quantileOf(values, p), expected, `n ${n}, p ${p}`)
      }
    }
  }
})

test('equals sorting where a sample chooses the pivot', () => {
  const random = new RandomStream(4, 'quantile')
  const fills: ((i: number, n: number) => number)[] = [
    () => random.uniform() - 0.5,
    () => Math.max(random.uniform() - 0.5, 0),
    (i) => i,
    (i, n) => n - i,
    () => 4,
    // Channels in turn: long stretches that resemble each other.
    (i) => Math.floor(i / 500) % 7,
    (i) => ((i * 7919) % 20011) * (i % 2 ? 1 : -1),
  ]
  for (const fill of fills) {
    for (const n of [601, 602, 20000]) {
      for (const p of [0, 0.0001, 0.001, 0.5, 0.999, 1]) {
        const values = Float32Array.from({ length: n }, (_, i) => fill(i, n))
        const sorted = values.slice().sort()
        const expected = bySorting(values, p)
        assert.is(quantileOf(values, p), expected, `n ${n}, p ${p}`)
        assert.equal(values.sort(), sorted, 'only reordered')
      }
    }
  }
})

test('keeps the values, in another order', () => {
  const values = Float32Array.of(5, 3, 9, 1, 3)
  quantileOf(values, 0.4)
  assert.equal([...values].sort(), [1, 3, 3, 5, 9])
})

test('errors', () => {
  throwsWith(() => quantileOf(new Float32Array(0), 0.5), UsageError, /no values/)
  for (const p of [-0.1, 1.1, Number.NaN]) throwsWith(() => quantileOf(Float32Array.of(1), p), UsageError, /\[0, 1\]/)
})

test.run()
