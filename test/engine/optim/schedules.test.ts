import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { constant, cosine, type Schedule, stepDecay, warmup } from '../../../engine/optim/schedules.ts'

const test = suite('learning-rate schedules')

const over = (schedule: Schedule, totalSteps: number) =>
  Array.from({ length: totalSteps }, (_, step) => schedule(step, totalSteps))

test('constant', () => {
  assert.equal(over(constant(), 3), [1, 1, 1])
})

test('stepDecay: at whole steps, also where the fraction is none', () => {
  assert.equal(over(stepDecay({ every: 0.5, factor: 0.25 }), 4), [1, 1, 0.25, 0.25])
  const thirds = stepDecay({ every: 1 / 3, factor: 0.5 })
  assert.equal(over(thirds, 6), [1, 1, 0.5, 0.5, 0.25, 0.25])
  // 33 1/3 and 66 2/3 to the nearest step; no third decay within the run.
  assert.equal(
    [32, 33, 66, 67, 99].map((step) => thirds(step, 100)),
    [1, 0.5, 0.5, 0.25, 0.25],
  )
  // 3 * 0.1 is above 0.3 in double: the decay still falls on step 3 of 10.
  assert.equal(over(stepDecay({ every: 0.1, factor: 0.5 }), 10), [
    1,
    0.5,
    0.25,
    0.125,
    2 ** -4,
    2 ** -5,
    2 ** -6,
    2 ** -7,
    2 ** -8,
    2 ** -9,
  ])
  assert.equal(over(stepDecay({ every: 1, factor: 0 }), 3), [1, 1, 1])
})

test('cosine: half a wave', () => {
  assert.equal(over(cosine(), 2), [1, 0.5])
  // (1 + cos(pi k / 4)) / 2
  const expected = [1, 0.8535533905932737, 0.5, 0.14644660940672627]
  for (const [step, value] of over(cosine(), 4).entries()) assert.ok(Math.abs(value - expected[step]) < 1e-15)
  assert.is(cosine({ from: 0.75, to: 0.25 })(5, 10), 0.5)
  assert.is(cosine({ to: 0.25 })(10, 10), 0.25)
  assert.is(cosine()(11, 10), 0)
  assert.is(cosine()(0, 0), 0)
})

test('warmup: rises to 1, then follows the other schedule over the rest', () => {
  assert.equal(over(warmup(0.5, cosine()), 8), [0.25, 0.5, 0.75, 1, ...over(cosine(), 4)])
  assert.equal(over(warmup(0, constant()), 2), [1, 1])
  assert.equal(over(warmup(1, constant()), 4), [0.25, 0.5, 0.75, 1])
})

test('options out of range are refused', () => {
  assert.throws(() => stepDecay({ every: 30, factor: 0.1 }), /stepDecay: every is 30, wanted a number in \[0, 1\]/)
  assert.throws(() => stepDecay({ every: 0, factor: 0.1 }), /stepDecay: every is 0/)
  assert.throws(() => stepDecay({ every: 0.5, factor: 2 }), /stepDecay: factor is 2/)
  assert.throws(() => cosine({ from: Number.NaN }), /cosine: from is NaN/)
  assert.throws(() => cosine({ to: -0.1 }), /cosine: to is -0.1/)
  assert.throws(() => warmup(500, constant()), /warmup: fraction is 500/)
})

test.run()
