import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NumericError, UsageError } from '../../../../engine/base/errors.ts'
import { EmaQuantileObserver } from '../../../../quant/affine/observers/emaQuantile.ts'
import { MinMaxObserver } from '../../../../quant/affine/observers/minMax.ts'
import { MovingAverageObserver } from '../../../../quant/affine/observers/movingAverage.ts'
import type { Observer } from '../../../../quant/affine/observers/observer.ts'
import { PercentileObserver } from '../../../../quant/affine/observers/percentile.ts'
import { PowerOfTwoMseObserver } from '../../../../quant/affine/observers/powerOfTwoMse.ts'
import { throwsWith } from '../throwsWith.ts'

const test = suite('MinMaxObserver and what all observers share')

test('the extremes of all batches, extended to 0', () => {
  const observer = new MinMaxObserver()
  observer.observe(Float32Array.of(1, 2))
  assert.equal(observer.range(), { lo: 0, hi: 2 })
  observer.observe(Float32Array.of(-0.5, 1))
  assert.equal(observer.range(), { lo: -0.5, hi: 2 })
  const negative = new MinMaxObserver()
  negative.observe(Float32Array.of(-3, -1))
  assert.equal(negative.range(), { lo: -3, hi: 0 })
})

const kinds: (new () => Observer)[] = [
  MinMaxObserver,
  MovingAverageObserver,
  EmaQuantileObserver,
  PercentileObserver,
  PowerOfTwoMseObserver,
]

for (const Kind of kinds) {
  test(`${Kind.name}: nothing observed, empty batches, values that are not finite`, () => {
    const observer = new Kind()
    throwsWith(() => observer.range(), UsageError, /no values were observed/)
    observer.observe(new Float32Array(0))
    throwsWith(() => observer.range(), UsageError, /no values were observed/)
    observer.observe(Float32Array.of(-1, 2, 0.5))
    const before = observer.range()
    assert.ok(before.lo < 0 && before.hi > 0)
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      throwsWith(() => observer.observe(Float32Array.of(0, bad, 1)), NumericError, /NaN or infinity/)
    }
    observer.observe(new Float32Array(0))
    assert.equal(observer.range(), before)
  })

  test(`${Kind.name}: zeros alone give the range [0, 0]`, () => {
    const observer = new Kind()
    observer.observe(Float32Array.of(0, -0, 0))
    const { lo, hi } = observer.range()
    assert.ok(lo === 0 && hi === 0)
  })
}

test.run()
