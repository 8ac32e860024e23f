import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../../engine/base/errors.ts'
import { RandomStream } from '../../../../engine/base/random.ts'
import { PercentileObserver } from '../../../../quant/affine/observers/percentile.ts'
import { throwsWith } from '../throwsWith.ts'

const test = suite('PercentileObserver')

/** NumPy's quantile of everything, in double. */
function quantile(values: number[], p: number): number {
  const sorted = values.slice().sort((a, b) => a - b)
  const h = p * (sorted.length - 1)
  const k = Math.floor(h)
  return h === k ? sorted[k] : sorted[k] + (h - k) * (sorted[k + 1] - sorted[k])
}

test('within 2^-9 of the exact quantile over all batches, for several distributions and percentiles', () => {
  const random = new RandomStream(7, 'percentile')
  const normal = (): number => random.uniform() + random.uniform() + random.uniform() - random.uniform() - 1
  const draws: (() => number)[] = [
    () => normal() * 10,
    () => Math.max(normal(), 0),
    () => normal() ** 7 * 1e-6,
    () => -(random.uniform() ** 2) * 1e5,
  ]
  for (const draw of draws) {
    for (const p of [0.5, 0.9, 0.99, 0.999, 0.9999, 1]) {
      const observer = new PercentileObserver({ p })
      const all: number[] = []
      for (const n of [1, 700, 1300, 4000]) {
        const batch = Float32Array.from({ length: n }, draw)
        all.push(...batch)
        observer.observe(batch)
      }
      const { lo, hi } = observer.range()
      const exactLo = Math.min(quantile(all, 1 - p), 0)
      const exactHi = Math.max(quantile(all, p), 0)
      assert.ok(Math.abs(lo - exactLo) <= Math.abs(exactLo) / 512 + 1e-12, `p ${p}: lo ${lo}, exact ${exactLo}`)
      assert.ok(Math.abs(hi - exactHi) <= Math.abs(exactHi) / 512 + 1e-12, `p ${p}: hi ${hi}, exact ${exactHi}`)
    }
  }
})

test('p = 1 is the exact extremes, and an exact zero stays zero', () => {
  const observer = new PercentileObserver({ p: 1 })
  observer.observe(Float32Array.of(-0.1, 0.3))
  observer.observe(Float32Array.of(0.7))
  assert.equal(observer.range(), { lo: Math.fround(-0.1), hi: Math.fround(0.7) })
  const sparse = new PercentileObserver({ p: 0.9 })
  sparse.observe(Float32Array.from({ length: 100 }, (_, i) => (i === 50 ? 4 : i % 2 === 0 ? 0 : -0)))
  const { lo, hi } = sparse.range()
  assert.ok(lo === 0 && hi === 0)
})

test('how the data are cut into batches does not matter', () => {
  const random = new RandomStream(8, 'batches')
  const x = Float32Array.from({ length: 3000 }, () => random.uniform() - 0.3)
  const whole = new PercentileObserver({ p: 0.995 })
  whole.observe(x)
  const parts = new PercentileObserver({ p: 0.995 })
  // Views at odd offsets into the same buffer.
  for (const [from, to] of [
    [1501, 3000],
    [0, 7],
    [7, 1501],
  ]) {
    parts.observe(x.subarray(from, to))
  }
  assert.equal(parts.range(), whole.range())
})

test('one-sided: the quantile of magnitudes, limited to the extremes', () => {
  const random = new RandomStream(9, 'one-sided')
  for (const p of [0.5, 0.9, 0.999, 1]) {
    const observer = new PercentileObserver({ p, sides: 1 })
    const all: number[] = []
    for (const n of [3, 500, 2000]) {
      const batch = Float32Array.from({ length: n }, () => (random.uniform() - 0.7) * 8)
      all.push(...batch)
      observer.observe(batch)
    }
    const exact = quantile(
      all.map((v) => Math.abs(v)),
      p,
    )
    const { lo, hi } = observer.range()
    const wantedHi = Math.min(exact, Math.max(...all))
    assert.ok(Math.abs(lo + exact) <= exact / 512, `p ${p}: lo ${lo}, exact ${-exact}`)
    assert.ok(Math.abs(hi - wantedHi) <= wantedHi / 512, `p ${p}: hi ${hi}, exact ${wantedHi}`)
  }
})

test('one-sided: two values of different signs', () => {
  const observer = new PercentileObserver({ p: 0.5, sides: 1 })
  observer.observe(Float32Array.of(-1, 3))
  // Magnitudes 1 and 3, half way 2.
  assert.equal(observer.range(), { lo: -1, hi: 2 })
  const positive = new PercentileObserver({ p: 1, sides: 1 })
  positive.observe(Float32Array.of(0.5, 3))
  assert.equal(positive.range(), { lo: 0, hi: 3 })
})

test('options', () => {
  throwsWith(() => new PercentileObserver({ sides: 3 as 1 }), UsageError, /3 sides/)
  for (const p of [0.3, 1.01, Number.NaN]) throwsWith(() => new PercentileObserver({ p }), UsageError, /p /)
})

test.run()
