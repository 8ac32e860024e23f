import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { erf, erfGrad } from '../../../../engine/kernels/erf.ts'
import { exp } from '../../../../engine/kernels/exp.ts'
import { gelu, geluGrad } from '../../../../engine/kernels/gelu.ts'
import { geluTanh } from '../../../../engine/kernels/geluTanh.ts'
import { log } from '../../../../engine/kernels/log.ts'
import { sigmoid } from '../../../../engine/kernels/sigmoid.ts'
import { softplus } from '../../../../engine/kernels/softplus.ts'
import { sqrt } from '../../../../engine/kernels/sqrt.ts'
import { swish } from '../../../../engine/kernels/swish.ts'
import { tanh } from '../../../../engine/kernels/tanh.ts'
import { finiteFloats, fromBits, ordinal } from './floats.ts'
import * as oracle from './oracle.ts'

const test = suite('transcendental kernels in ulps')

type Kernel = (x: Float32Array, out: Float32Array) => void

/**
 * The oracle of the dense sweep is the JavaScript engine's double functions: their error is below one double ulp, so the
 * float32 next to them is the correctly rounded one except within 2^-29 of a tie. That is why one ulp is allowed, to
 * very few.
 */
function sweep(name: string, kernel: Kernel, reference: (x: number) => number): void {
  test(`${name}: every 997th float32 of either sign is within 1 ulp, and nearly all exactly rounded`, () => {
    let count = 0
    let inexact = 0
    for (const sign of [1, -1]) {
      const x = finiteFloats(997, sign)
      const y = new Float32Array(x.length)
      kernel(x, y)
      for (let i = 0; i < x.length; i++) {
        const expected = Math.fround(reference(x[i]))
        if (Object.is(y[i], expected) || (y[i] === 0 && expected === 0)) continue
        const distance = Math.abs(ordinal(y[i]) - ordinal(expected))
        if (!(distance <= 1) || Number.isNaN(y[i]) !== Number.isNaN(expected)) {
          assert.unreachable(`${name}(${x[i]}) is ${y[i]}, expected ${expected}`)
        }
        inexact++
      }
      count += x.length
    }
    assert.ok(inexact <= count * 1e-5, `${inexact} of ${count} are not the correctly rounded value`)
  })
}

const referenceSigmoid = (x: number) => 1 / (1 + Math.exp(-x))
sweep('exp', exp, Math.exp)
sweep('log', log, Math.log)
sweep('tanh', tanh, Math.tanh)
sweep('sigmoid', sigmoid, referenceSigmoid)
sweep('softplus', softplus, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))))
sweep(
  'swish',
  (x, out) => swish(x, out, 1),
  (x) => x * referenceSigmoid(x),
)

/** Points over the whole of [low, high]: evenly spaced, and in magnitude from the smallest subnormal up. */
function points(low: number, high: number, count: number): Float32Array {
  const values: number[] = []
  for (let i = 0; i <= count; i++) values.push(low + ((high - low) * i) / count)
  for (const end of [low, high]) {
    const last = ordinal(Math.abs(end))
    for (let i = 1; i < count; i++) values.push(Math.sign(end) * fromBits(Math.floor((last * i) / count)))
  }
  return Float32Array.from(values.filter((value) => value !== 0))
}

/** Against series in 320-bit fixed point: half an ulp is the correctly rounded result. */
function exactly(name: string, kernel: Kernel, exact: (x: bigint) => bigint, x: Float32Array): void {
  test(`${name}: within 0.5001 ulp of the exact value, subnormal results included`, () => {
    const y = new Float32Array(x.length)
    kernel(x, y)
    for (let i = 0; i < x.length; i++) {
      const error = oracle.ulpError(y[i], exact(oracle.toFixed(x[i])))
      if (!(error < 0.5001)) assert.unreachable(`${name}(${x[i]}) is ${y[i]}, ${error} ulp off`)
    }
  })
}

exactly('exp', exp, oracle.exp, points(-105, 88.7, 1000))
exactly(
  'log',
  log,
  oracle.log,
  points(1e-3, 40, 400).filter((x) => x > 0 && x !== 1),
)
exactly('erf', erf, oracle.erf, points(-5, 5, 400))
exactly(
  'the gradient of erf',
  (x, out) => erfGrad(x, new Float32Array(x.length).fill(1), out),
  oracle.erfSlope,
  points(-10.2, 10.2, 300),
)
exactly('tanh', tanh, oracle.tanh, points(-10, 10, 400))
exactly('sigmoid', sigmoid, oracle.sigmoid, points(-105, 20, 400))
exactly('softplus', softplus, oracle.softplus, points(-105, 20, 300))
exactly('swish', (x, out) => swish(x, out, 1), oracle.swish, points(-110, 20, 300))
exactly('gelu', gelu, oracle.gelu, points(-14.6, 8, 500))
exactly('gelu with tanh', geluTanh, oracle.geluTanh, points(-11.5, 8, 300))

test('sqrt: every 997th float32 is correctly rounded', () => {
  const x = finiteFloats(997, 1)
  const y = new Float32Array(x.length)
  sqrt(x, y)
  for (let i = 0; i < x.length; i++) {
    // The neighbouring midpoints have 25 bits, so their squares are exact in double.
    const below = (y[i] + fromBits(Math.max(ordinal(y[i]) - 1, 0))) / 2
    const above = (y[i] + fromBits(ordinal(y[i]) + 1)) / 2
    if (!(below * below <= x[i] && x[i] <= above * above)) assert.unreachable(`sqrt(${x[i]}) is ${y[i]}`)
  }
  const special = Float32Array.of(-0, -1, -(2 ** -149), Infinity, -Infinity, Number.NaN)
  sqrt(special, special)
  assert.ok(Object.is(special[0], -0))
  assert.equal([...special.subarray(1)], [Number.NaN, Number.NaN, Infinity, Number.NaN, Number.NaN])
})

test('the gradient of gelu is within 0.51 ulp, or 2^-50 next to its root', () => {
  const x = points(-14, 8, 300)
  const y = new Float32Array(x.length)
  geluGrad(x, new Float32Array(x.length).fill(1), y)
  for (let i = 0; i < x.length; i++) {
    const exact = oracle.geluSlope(oracle.toFixed(x[i]))
    const difference = Math.abs(Number(oracle.toFixed(y[i]) - exact)) / 2 ** 320
    assert.ok(oracle.ulpError(y[i], exact) < 0.51 || difference < 2 ** -50, `gelu'(${x[i]}) is ${y[i]}`)
  }
})

/** The float32 next to a threshold on either side, and what they map to. */
test('overflow, underflow and the largest arguments', () => {
  const apply = (kernel: Kernel, ...values: number[]) => {
    const out = new Float32Array(values.length)
    kernel(Float32Array.from(values), out)
    return [...out]
  }
  // ln(FLT_MAX) = 88.7228390520..., between these two; half the smallest subnormal is e^-103.9720770839...
  assert.equal(apply(exp, fromBits(0x42b17217), fromBits(0x42b17218)), [fromBits(0x7f7fff84), Number.POSITIVE_INFINITY])
  assert.equal(apply(exp, fromBits(0xc2cff1b4 | 0), fromBits(0xc2cff1b5 | 0)), [2 ** -149, 0])
  assert.equal(apply(exp, 1e38, -1e38, 0, -0), [Number.POSITIVE_INFINITY, 0, 1, 1])
  assert.equal(apply(log, 0, -0, 1, 2 ** -149), [-Infinity, -Infinity, 0, Math.fround(-103.27892990343184)])
  assert.ok(apply(log, -1, -(2 ** -149), -Infinity).every(Number.isNaN))
  assert.equal(apply(sigmoid, 1e38, -1e38, 0), [1, 0, 0.5])
  assert.equal(apply(tanh, 1e38, -1e38, 2 ** -149, -(2 ** -149)), [1, -1, 2 ** -149, -(2 ** -149)])
  assert.ok(Object.is(apply(tanh, -0)[0], -0))
  assert.equal(apply(erf, 1e38, -1e38, 4), [1, -1, 1])
  assert.ok(Object.is(apply(erf, -0)[0], -0))
  assert.equal(apply(softplus, 1e38, -1e38, 0), [Math.fround(1e38), 0, Math.fround(Math.LN2)])
  const swish1: Kernel = (x, out) => swish(x, out, 1)
  for (const kernel of [gelu, geluTanh, swish1]) {
    assert.equal(apply(kernel, 3.4e38, 2 ** -149, 1e30), [Math.fround(3.4e38), 0, Math.fround(1e30)])
    assert.ok(apply(kernel, -3.4e38, -1e30, -0).every((y) => Object.is(y, -0)))
  }
})

test('infinities and NaN', () => {
  const x = Float32Array.of(Number.NaN, Infinity, -Infinity)
  const results: [Kernel, number, number][] = [
    [exp, Infinity, 0],
    [log, Infinity, Number.NaN],
    [tanh, 1, -1],
    [erf, 1, -1],
    [sigmoid, 1, 0],
    [softplus, Infinity, 0],
    [gelu, Infinity, Number.NaN],
    [geluTanh, Infinity, Number.NaN],
    [(v, out) => swish(v, out, 1), Infinity, Number.NaN],
  ]
  for (const [kernel, atInfinity, atMinusInfinity] of results) {
    const out = new Float32Array(3)
    kernel(x, out)
    assert.equal([...out], [Number.NaN, atInfinity, atMinusInfinity], kernel.name)
  }
})

test.run()
