import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../../engine/base/errors.ts'
import { RandomStream } from '../../../../engine/base/random.ts'
import { roundHalfAway, roundHalfEven } from '../../../../engine/base/rounding.ts'
import { PowerOfTwoMseObserver, type PowerOfTwoMseOptions } from '../../../../quant/affine/observers/powerOfTwoMse.ts'
import { quantiserFromRange } from '../../../../quant/affine/quantiser.ts'
import { throwsWith } from '../throwsWith.ts'

const test = suite('PowerOfTwoMseObserver')

function chosen(batches: number[][], options: PowerOfTwoMseOptions = {}): number | null {
  const observer = new PowerOfTwoMseObserver(options)
  for (const batch of batches) observer.observe(Float32Array.from(batch))
  return observer.exponent()
}

/** One 1 among `n` values of 3/128: e = -6 clips nothing but cannot hold 3/128, e = -7 clips 1 to 127/128. */
const outlier = (n: number): number[] => [1, ...new Array<number>(n).fill(3 / 128)]

test('hand-computed: clipping one value against rounding many', () => {
  assert.is(chosen([outlier(20)]), -7)
  assert.is(chosen([outlier(0)]), -6)
  // One each: both errors are (1/128)^2. The coarser exponent wins the tie.
  assert.is(chosen([outlier(1)]), -6)
  assert.is(chosen([outlier(2)]), -7)
})

test('one candidate does not search', () => {
  assert.is(chosen([outlier(20)], { candidates: 1 }), -6)
})

test('the mode over batches, ties to the coarser', () => {
  assert.is(chosen([[1], outlier(20), outlier(30)]), -7)
  assert.is(chosen([outlier(20), [1]]), -6)
  assert.is(chosen([[1], outlier(20)]), -6)
  assert.is(chosen([[100], [1], outlier(20), [1]]), -6)
})

test('zeros have no vote', () => {
  assert.is(chosen([[0, 0], [1], [0], [0]]), -6)
  assert.is(chosen([[0]]), null)
})

test('the number of candidates ends the search', () => {
  // 4 bits: one 7, which e = 0 just holds, and 20,000 times 5/64. Squared errors: e = 0 122, -3 37.5 + 43.9,
  // -4 43.1 + 4.9, -5 46.0 + 4.9, -6 47.5 + 0: with seven candidates the last wins.
  const x = [7, ...new Array<number>(20000).fill(5 / 64)]
  assert.is(chosen([x], { bits: 4 }), -4)
  assert.is(chosen([x], { bits: 4, candidates: 2 }), 0)
  assert.is(chosen([x], { bits: 4, candidates: 4 }), -3)
  assert.is(chosen([x], { bits: 4, candidates: 6 }), -4)
  assert.is(chosen([x], { bits: 4, candidates: 7 }), -6)
})

test('the least exponent limits both ends', () => {
  assert.is(chosen([[1e-6]], { minimumExponent: -12 }), -12)
  assert.is(chosen([outlier(20)], { minimumExponent: -6 }), -6)
})

test('the width of the codes', () => {
  assert.is(chosen([[7]], { bits: 4 }), 0)
  assert.is(chosen([[7.9]], { bits: 4 }), 1)
  assert.is(chosen([[7]]), -4)
  assert.is(chosen([[7]], { bits: 16 }), -12)
})

test('equals a search over many exponents by the definition', () => {
  const random = new RandomStream(9, 'power of two')
  for (const [rounding, round] of [
    ['half-even', roundHalfEven],
    ['half-away', roundHalfAway],
  ] as const) {
    for (let trial = 0; trial < 20; trial++) {
      const spread = 2 ** (trial / 3 - 3)
      const x = Float32Array.from({ length: 300 }, () => (random.uniform() - 0.5) ** 5 * spread)
      const most = x.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
      const first = Math.ceil(Math.log2(most / 7))
      let best = Number.NaN
      let least = Number.POSITIVE_INFINITY
      // From two above the covering exponent: coarser grids never win.
      for (let e = first + 2; e > first - 5; e--) {
        const error = x.reduce((sum, v) => sum + (Math.max(-8, Math.min(7, round(v / 2 ** e))) * 2 ** e - v) ** 2, 0)
        if (error < least) {
          least = error
          best = e
        }
      }
      assert.is(chosen([[...x]], { bits: 4, rounding }), best)
    }
  }
})

test('the range gives the scale back', () => {
  const scheme = { bits: 8, signed: true, symmetric: true, granularity: 'tensor', scaleForm: 'pow2' } as const
  const observer = new PowerOfTwoMseObserver()
  observer.observe(Float32Array.from(outlier(20)))
  const { lo, hi } = observer.range()
  assert.equal([lo, hi], [-127 / 128, 127 / 128])
  assert.is(quantiserFromRange(lo, hi, scheme).scale[0], 2 ** -7)
})

test('options out of range', () => {
  const options: PowerOfTwoMseOptions[] = [{ bits: 1 }, { candidates: 0 }, { minimumExponent: -200 }]
  for (const bad of options) throwsWith(() => new PowerOfTwoMseObserver(bad), UsageError, /PowerOfTwoMseObserver/)
})

test.run()
