import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../../engine/base/errors.ts'
import { RandomStream } from '../../../../engine/base/random.ts'
import { EmaQuantileObserver } from '../../../../quant/affine/observers/emaQuantile.ts'
import { MovingAverageObserver } from '../../../../quant/affine/observers/movingAverage.ts'
import type { ResumableObserver } from '../../../../quant/affine/observers/observer.ts'
import { throwsWith } from '../throwsWith.ts'

const test = suite('MovingAverageObserver and EmaQuantileObserver')
const f32 = Math.fround

test('moving average: first batch copied, then v + m (batch - v)', () => {
  const observer = new MovingAverageObserver({ momentum: 0.5 })
  observer.observe(Float32Array.of(0, 2))
  observer.observe(Float32Array.of(-1, 4))
  assert.equal(observer.range(), { lo: -0.5, hi: 3 })
})

test('moving average: default momentum 0.01 in f32, extended to 0 only when read', () => {
  const observer = new MovingAverageObserver()
  observer.observe(Float32Array.of(1, 2))
  observer.observe(Float32Array.of(3, 5))
  const m = f32(0.01)
  const hi = f32(2 + f32(m * 3))
  assert.equal(observer.range(), { lo: 0, hi })
  assert.equal(observer.state(), { lo: f32(1 + f32(m * 2)), hi, batches: 2 })
})

test('quantiles: hand-computed', () => {
  const observer = new EmaQuantileObserver({ beta: 0.5, p: 1 })
  observer.observe(Float32Array.of(-1, 2))
  assert.equal(observer.range(), { lo: -1, hi: 2 })
  observer.observe(Float32Array.of(1, 4))
  assert.equal(observer.range(), { lo: -0.5, hi: 3 })
  // 0 ... 10 minus 5 at p = 0.9: -4 and 4; a p and 1 - p whose ranks fall between values are interpolated.
  const between = new EmaQuantileObserver({ p: 0.75 })
  between.observe(Float32Array.of(-8, 8, 0, -4, 4, 16))
  // Sorted -8, -4, 0, 4, 8, 16: rank 1.25 is -3, rank 3.75 is 7.
  assert.equal(between.range(), { lo: -3, hi: 7 })
})

test('quantiles: f32 steps of the average with the defaults', () => {
  const observer = new EmaQuantileObserver({ p: 1 })
  observer.observe(Float32Array.of(-0.3, 0.7))
  observer.observe(Float32Array.of(-0.9, 0.2))
  const beta = f32(0.95)
  const rest = f32(1 - beta)
  assert.equal(observer.range(), {
    lo: f32(f32(beta * f32(-0.3)) + f32(rest * f32(-0.9))),
    hi: f32(f32(beta * f32(0.7)) + f32(rest * f32(0.2))),
  })
})

test('quantiles: each batch is extended to 0 before it is averaged', () => {
  const observer = new EmaQuantileObserver({ beta: 0.5, p: 1 })
  observer.observe(Float32Array.of(2, 4))
  observer.observe(Float32Array.of(-2, -1))
  assert.equal(observer.range(), { lo: -1, hi: 2 })
})

test('quantiles: up to 65,536 elements exact', () => {
  const n = 65536
  const random = new RandomStream(1, 'exact')
  const x = Float32Array.from({ length: n }, () => random.uniform() - 0.25)
  const sorted = x.slice().sort()
  const h = 0.999 * (n - 1)
  const k = Math.floor(h)
  const observer = new EmaQuantileObserver()
  const copy = x.slice()
  observer.observe(x)
  assert.equal(x, copy, 'the tensor is left alone')
  assert.is(observer.range().hi, f32(sorted[k] + (h - k) * (sorted[k + 1] - sorted[k])))
})

test('quantiles: a sample of a larger tensor is near, also of values that repeat with a power-of-two step', () => {
  const n = 64 * 32 * 32 * 8
  // Rank p of i.i.d. uniform values is p; the sample's rank error at p = 0.99 is 0.0004 (one sigma).
  const random = new RandomStream(2, 'sample')
  const uniform = Float32Array.from({ length: n }, () => random.uniform() - 0.5)
  // Value = column within a row of 32: a fixed stride of 8 would see 4 of 32 columns.
  const columns = Float32Array.from({ length: n }, (_, i) => (i % 32) / 32 - 0.5)
  for (const [x, tolerance] of [
    [uniform, 0.002],
    [columns, 0.03],
  ] as const) {
    for (const seed of [0, 1, 99]) {
      const observer = new EmaQuantileObserver({ p: 0.99, seed })
      observer.observe(x)
      const { lo, hi } = observer.range()
      assert.ok(Math.abs(hi - 0.49) < tolerance && Math.abs(lo + 0.49) < tolerance, `[${lo}, ${hi}]`)
    }
  }
  // A size that is no multiple of the sample's reaches the whole tensor.
  const ramp = Float32Array.from({ length: 100003 }, (_, i) => i)
  const observer = new EmaQuantileObserver({ p: 1 })
  observer.observe(ramp)
  assert.ok(observer.range().hi >= 100001)
})

test('quantiles: the same input gives the same bits, another seed another sample', () => {
  const random = new RandomStream(4, 'same')
  const x = Float32Array.from({ length: 200000 }, () => random.uniform())
  const hi = (seed: number): number => {
    const observer = new EmaQuantileObserver({ seed })
    observer.observe(x)
    return observer.range().hi
  }
  assert.is(hi(5), hi(5))
  assert.is.not(hi(5), hi(6))
})

for (const [name, make] of [
  ['moving average', () => new MovingAverageObserver({ momentum: 0.3 })],
  ['quantiles', () => new EmaQuantileObserver({ beta: 0.7 })],
] as [string, () => ResumableObserver][]) {
  test(`${name}: a state through JSON goes on with the same bits`, () => {
    const random = new RandomStream(5, name)
    const batches = Array.from({ length: 6 }, () => Float32Array.from({ length: 50 }, () => random.uniform() * 3 - 1))
    const straight = make()
    for (const batch of batches) straight.observe(batch)
    const first = make()
    for (const batch of batches.slice(0, 3)) first.observe(batch)
    const second = make()
    second.load(JSON.parse(JSON.stringify(first.state())))
    for (const batch of batches.slice(3)) second.observe(batch)
    assert.equal(second.state(), straight.state())
    assert.is(second.state().batches, 6)
    // Loading the state of an observer that saw nothing is the same as a new one.
    const fresh = make()
    fresh.load(make().state())
    throwsWith(() => fresh.range(), UsageError, /no values/)
    throwsWith(() => fresh.load({ lo: 1, hi: 0, batches: 1 }), UsageError, /\[1, 0\]/)
    throwsWith(() => fresh.load({ lo: 0, hi: Number.NaN, batches: 1 }), UsageError, /wanted finite/)
    throwsWith(() => fresh.load({ lo: 0, hi: 0, batches: -1 }), UsageError, /-1 batches/)
  })
}

test('options out of range', () => {
  for (const momentum of [0, 1.5, Number.NaN]) {
    throwsWith(() => new MovingAverageObserver({ momentum }), UsageError, /momentum/)
  }
  for (const beta of [-0.1, 1, Number.NaN]) throwsWith(() => new EmaQuantileObserver({ beta }), UsageError, /beta/)
  for (const p of [0.4, 1.1, Number.NaN]) throwsWith(() => new EmaQuantileObserver({ p }), UsageError, /p /)
  throwsWith(() => new EmaQuantileObserver({ seed: 0.5 }), UsageError, /seed/)
})

test.run()
