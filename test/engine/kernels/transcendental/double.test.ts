import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cosPi } from '../../../../engine/kernels/transcendental/cosPi.ts'
import { erf, erfc, erfcx } from '../../../../engine/kernels/transcendental/erf.ts'
import { exp } from '../../../../engine/kernels/transcendental/exp.ts'
import { log } from '../../../../engine/kernels/transcendental/log.ts'
import { log1p } from '../../../../engine/kernels/transcendental/log1p.ts'
import { sigmoid } from '../../../../engine/kernels/transcendental/sigmoid.ts'
import { softplus } from '../../../../engine/kernels/transcendental/softplus.ts'
import { tanh } from '../../../../engine/kernels/transcendental/tanh.ts'
import * as oracle from './oracle.ts'

const test = suite('transcendental functions in double')

const ONE = oracle.toFixed(1)

/** The documented relative error holds at `count` points of [low, high]. */
function bounded(
  name: string,
  f: (x: number) => number,
  exact: (x: bigint) => bigint,
  [low, high]: [number, number],
  bound: number,
): void {
  test(`${name}: relative error below ${bound} on [${low}, ${high}]`, () => {
    const count = 400
    for (let i = 0; i <= count; i++) {
      const x = low + ((high - low) * (i + 0.37)) / (count + 1)
      const error = oracle.relativeError(f(x), exact(oracle.toFixed(x)))
      if (!(error < bound)) assert.unreachable(`${name}(${x}) is ${f(x)}, relative error ${error}`)
    }
  })
}

bounded('exp', exp, oracle.exp, [-1, 1], 1e-14)
bounded('exp', exp, oracle.exp, [-100, 150], 1e-14)
bounded('log', log, oracle.log, [0.5, 2], 2e-15)
bounded('log', log, oracle.log, [1e-12, 1e12], 2e-15)
bounded('log1p', log1p, (x) => oracle.log(ONE + x), [-0.5, 1], 2e-15)
bounded('log1p', log1p, (x) => oracle.log(ONE + x), [0, 1e-12], 2e-15)
bounded('tanh', tanh, oracle.tanh, [-0.2, 0.2], 1e-13)
bounded('tanh', tanh, oracle.tanh, [0.06, 12], 1e-13)
bounded('sigmoid', sigmoid, oracle.sigmoid, [-60, 30], 1e-14)
bounded('softplus', softplus, oracle.softplus, [-60, 30], 1e-14)
bounded('erf', erf, (x) => ONE - oracle.erfc(x), [-0.3, 0.3], 2e-13)
bounded('erf', erf, (x) => ONE - oracle.erfc(x), [0.2, 6], 2e-13)
bounded('erfc', erfc, oracle.erfc, [-5, 3], 5e-14)
bounded('erfc', erfc, oracle.erfc, [3, 8], 6e-14)
bounded('erfcx', erfcx, (x) => oracle.multiply(oracle.exp(oracle.multiply(x, x)), oracle.erfc(x)), [0, 8], 5e-14)

test('values from tables', () => {
  // Published values, the last ones from Abramowitz and Stegun, Handbook of Mathematical Functions, chapter 7.
  const near = (actual: number, expected: number) => assert.ok(Math.abs(actual / expected - 1) < 1e-10, `${actual}`)
  near(exp(2), 7.38905609893065)
  near(exp(-100), 3.720075976020836e-44)
  near(log(3), 1.0986122886681098)
  near(tanh(0.5), 0.46211715726)
  near(erf(0.5), 0.5204998778)
  near(erf(2), 0.995322265)
  near(erfc(4), 1.541725790028002e-8)
})

test('log: exact powers of two, subnormals and the largest double', () => {
  assert.is(log(1), 0)
  assert.is(log(2), Math.LN2)
  assert.is(log(0.5), -Math.LN2)
  assert.ok(Math.abs(log(5e-324) + 744.4400719213812) < 1e-12)
  assert.ok(Math.abs(log(Number.MAX_VALUE) - 709.782712893384) < 1e-12)
})

test('limits: what each function gives beyond its range, at infinities, at NaN', () => {
  assert.is(exp(709.5), Infinity)
  assert.is(exp(-708.5), 0)
  assert.ok(exp(709) > 8e307 && exp(709) < Infinity)
  assert.ok(exp(-708) > 3e-308)
  assert.equal([exp(Infinity), exp(-Infinity)], [Infinity, 0])
  assert.equal([log(0), log(-0), log(Infinity)], [-Infinity, -Infinity, Infinity])
  assert.equal([erfc(Infinity), erfc(-Infinity), erfc(1e200), erfc(-1e200)], [0, 2, 0, 2])
  assert.equal([erf(Infinity), erf(-Infinity)], [1, -1])
  assert.equal([sigmoid(Infinity), sigmoid(-Infinity), sigmoid(-1000)], [1, 0, 0])
  assert.equal([softplus(Infinity), softplus(-Infinity)], [Infinity, 0])
  for (const f of [exp, log, log1p, erf, erfc, erfcx, sigmoid, softplus, tanh]) {
    assert.ok(Number.isNaN(f(Number.NaN)), f.name)
  }
  assert.ok(Number.isNaN(log(-1)))
  for (const f of [erf, tanh]) assert.ok(Object.is(f(-0), -0), f.name)
})

test('odd functions are exactly odd', () => {
  for (const x of [1e-9, 0.03, 0.2, 0.25, 0.7, 3]) {
    assert.is(tanh(-x), -tanh(x))
    assert.is(erf(-x), -erf(x))
  }
})

test('cosPi: exact at 0, 1/2 and 1, antisymmetric, within 1e-15 elsewhere', () => {
  assert.is(cosPi(0), 1)
  assert.is(cosPi(0.5), 0)
  assert.is(cosPi(1), -1)
  for (let i = 0; i <= 512; i++) {
    const x = i / 512
    const difference = oracle.toFixed(cosPi(x)) - oracle.cosPi(oracle.toFixed(x))
    assert.ok(Math.abs(Number(difference) / 2 ** 320) < 1e-15, `cosPi(${x})`)
    assert.ok(cosPi(1 - x) + cosPi(x) === 0, `cosPi(${x}) and cosPi(${1 - x})`)
  }
})

test.run()
