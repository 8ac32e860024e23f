import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../../engine/base/errors.ts'
import { RandomStream } from '../../../../engine/base/random.ts'
import { leastErrorRange } from '../../../../quant/affine/leastErrorRange.ts'
import { MseObserver } from '../../../../quant/affine/observers/mse.ts'
import type { Scheme } from '../../../../quant/affine/scheme.ts'
import { throwsWith } from '../throwsWith.ts'

const test = suite('ranges of least squared error')

const twoBits: Scheme = { bits: 2, signed: true, symmetric: true, narrow: true, granularity: 'tensor' }

test('hand-computed: codes -1, 0, 1', () => {
  // Scale s: 1 becomes s, 0.5 becomes s (while 0.5 / s > 0.5): error (1 - s)^2 + 4 (0.5 - s)^2, least at s = 0.6.
  const values = Float32Array.of(1, 0.5, 0.5, 0.5, 0.5)
  assert.equal(leastErrorRange(values, null, { lo: 0, hi: 1 }, twoBits), { lo: 0, hi: Math.fround(0.6) })
  assert.equal(
    leastErrorRange(Float64Array.of(1, 0.5), Float64Array.of(1, 4), { lo: 0, hi: 1 }, twoBits),
    { lo: 0, hi: Math.fround(0.6) },
    'counts stand for repeated values',
  )
  assert.equal(leastErrorRange(values, null, { lo: 0, hi: 1 }, twoBits, 30), { lo: 0, hi: Math.fround(0.71) })
})

test('ties go to the widest: nothing at all, and codes that fit', () => {
  assert.equal(leastErrorRange(new Float32Array(3), null, { lo: -1, hi: 2 }, twoBits), { lo: -1, hi: 2 })
  assert.equal(leastErrorRange(Float32Array.of(1, -1, 0), null, { lo: -1, hi: 1 }, twoBits), { lo: -1, hi: 1 })
})

/** The squared error of asymmetric codes over a range, by the formulas of the specification. */
function squaredError(x: Float32Array, lo: number, hi: number, bits: number): number {
  const qmin = -(2 ** (bits - 1))
  const qmax = -qmin - 1
  const s = Math.fround((hi - lo) / (qmax - qmin))
  const even = (v: number): number => {
    const below = Math.floor(v)
    const rest = v - below
    return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below
  }
  const z = Math.min(Math.max(even(qmin - lo / s), qmin), qmax)
  return x.reduce((sum, v) => sum + (s * (Math.min(Math.max(even(v / s) + z, qmin), qmax) - z) - v) ** 2, 0)
}

test('equals a search over the candidates by the definition', () => {
  const random = new RandomStream(6, 'mse')
  for (const bits of [3, 4, 6]) {
    for (let trial = 0; trial < 5; trial++) {
      const x = Float32Array.from({ length: 400 }, () => (random.uniform() - 0.3) ** (2 * trial + 1))
      const lo = Math.min(...x)
      const hi = Math.max(...x)
      let best = 1
      let least = Number.POSITIVE_INFINITY
      for (let i = 0; i < 80; i++) {
        const f = (100 - i) / 100
        const error = squaredError(x, Math.fround(lo * f), Math.fround(hi * f), bits)
        if (error < least) {
          least = error
          best = f
        }
      }
      const scheme: Scheme = { bits, signed: true, symmetric: false, granularity: 'tensor' }
      assert.equal(leastErrorRange(x, null, { lo, hi }, scheme), {
        lo: Math.fround(lo * best),
        hi: Math.fround(hi * best),
      })
    }
  }
})

test('the observer: outliers are clipped as far as the candidates go', () => {
  const observer = new MseObserver({ bits: 4, symmetric: true })
  observer.observe(Float32Array.from({ length: 100000 }, (_, i) => (i + 0.5) / 50000 - 1))
  observer.observe(Float32Array.of(10))
  const { lo, hi } = observer.range()
  assert.is(hi, Math.fround(10 * 0.21))
  assert.is(lo, Math.fround(Math.fround(0.00001 - 1) * 0.21))
})

test('the observer agrees with the exact search where bins are much finer than codes', () => {
  const random = new RandomStream(7, 'mse observer')
  const x = Float32Array.from({ length: 20000 }, () => (random.uniform() - 0.4) ** 3)
  const observer = new MseObserver({ bits: 4 })
  observer.observe(x.subarray(0, 5000))
  observer.observe(x.subarray(5000))
  const scheme: Scheme = { bits: 4, signed: true, symmetric: false, granularity: 'tensor' }
  const exact = leastErrorRange(x, null, { lo: Math.min(...x), hi: Math.max(...x) }, scheme)
  const { hi } = observer.range()
  assert.ok(Math.abs(hi / exact.hi - 1) < 0.03, `${hi}, exact ${exact.hi}`)
})

test('nothing but zeros, and options', () => {
  const observer = new MseObserver()
  throwsWith(() => observer.range(), UsageError, /no values/)
  observer.observe(new Float32Array(3))
  assert.equal(observer.range(), { lo: 0, hi: 0 })
  throwsWith(() => new MseObserver({ bits: 1 }), UsageError, /bits/)
  throwsWith(() => new MseObserver({ candidates: 101 }), UsageError, /101 candidates/)
})

test.run()
