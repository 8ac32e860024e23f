import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkCurriculum, defaultCurriculum, lambdaAt } from '../../../quant/trim/curriculum.ts'

const test = suite('curriculum')

test('values worked out by hand', () => {
  const at = (t: number): number => lambdaAt(t, defaultCurriculum)
  assert.is(at(0), 0)
  assert.is(at(0.19999), 0)
  assert.is(at(0.2), 0)
  assert.ok(Math.abs(at(0.35) - 0.0125) < 1e-15, 'half way up the quartic ramp: 0.2 / 2^4')
  assert.ok(Math.abs(at(0.5) - 0.2) < 1e-15)
  assert.ok(Math.abs(at(0.65) - 0.4) < 1e-15, 'half way up the quadratic ramp: 0.2 + 0.8 / 2^2')
  assert.is(at(0.8), 1)
  assert.is(at(1), 1)
})

test('continuous and monotone over the run', () => {
  let before = 0
  for (let i = 0; i <= 10000; i++) {
    const lambda = lambdaAt(i / 10000, defaultCurriculum)
    assert.ok(lambda >= before && lambda - before < 1e-3, `t = ${i / 10000}: ${before} then ${lambda}`)
    before = lambda
  }
})

test('plain QAT jumps at the end of the warm-up; float stays at 0', () => {
  assert.is(lambdaAt(0.1999, { ...defaultCurriculum, kind: 'step' }), 0)
  assert.is(lambdaAt(0.2, { ...defaultCurriculum, kind: 'step' }), 1)
  assert.is(lambdaAt(1, { ...defaultCurriculum, kind: 'none' }), 0)
})

test('ramps of no length do not divide by zero', () => {
  const sudden = { ...defaultCurriculum, warmup: 0.5, middle: 0.5, full: 0.5 }
  assert.is(lambdaAt(0.49, sudden), 0)
  assert.is(lambdaAt(0.5, sudden), 1)
})

test('fractions out of order or range are refused', () => {
  assert.throws(() => checkCurriculum({ ...defaultCurriculum, warmup: 0.6 }), /ascending order/)
  assert.throws(() => checkCurriculum({ ...defaultCurriculum, full: 1.1 }), /in \[0, 1\]/)
  assert.throws(() => checkCurriculum({ ...defaultCurriculum, warmup: Number.NaN }), /ascending order/)
  assert.throws(() => checkCurriculum({ ...defaultCurriculum, lambdaMiddle: 2 }), /lambda at the middle is 2/)
})

test.run()
