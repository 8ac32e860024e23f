import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../../engine/base/random.ts'
import { broadcastLayout } from '../../../../engine/kernels/broadcast.ts'
import { powBaseSlope, powBroadcast, powExponentSlope } from '../../../../engine/kernels/powBroadcast.ts'
import { fromBits, ordinal } from './floats.ts'
import * as oracle from './oracle.ts'

const test = suite('pow')

const apply = (kernel: typeof powBroadcast, x: ArrayLike<number>, y: ArrayLike<number>): Float32Array => {
  const out = new Float32Array(x.length)
  const layout = broadcastLayout([x.length], [x.length], [x.length])
  kernel(Float32Array.from(x), Float32Array.from(y), layout, out)
  return out
}
const one = (x: number, y: number): number => apply(powBroadcast, [x], [y])[0]

/** Bases and exponents whose powers cover float32's range, subnormals included: base 2^u, exponent up to 150 / u. */
function pairs(count: number): [number, number][] {
  const random = new RandomStream(3, 'pow')
  return Array.from({ length: count }, () => {
    const base = Math.fround(2 ** ((random.uniform() * 2 - 1) * 2 ** (random.integer(18) - 10)))
    const exponent = Math.fround(((random.uniform() * 2 - 1) * 127) / Math.max(Math.abs(Math.log2(base)), 1e-6))
    return [base, exponent]
  })
}

test('within 0.5001 ulp of the exact value', () => {
  const special: [number, number][] = [
    [fromBits(1), 0.5],
    [fromBits(1), 1],
    [fromBits(0x00800000), 1],
    [1 + 2 ** -23, 2 ** 29],
    [1 - 2 ** -24, 2 ** 30],
    [2, -149],
    [10, 38],
    [10, -44],
    [3, 0.5],
    [2 ** -126, 1.1],
  ]
  for (const [x, y] of [...special, ...pairs(600)]) {
    const found = one(x, y)
    if (x === 1 || !Number.isFinite(found)) continue
    const exact = oracle.pow(oracle.toFixed(x), oracle.toFixed(y))
    const error = oracle.ulpError(found, exact)
    if (!(error < 0.5001)) assert.unreachable(`${x} ** ${y} is ${found}, ${error} ulp off`)
  }
})

test('the gradients are within 0.5001 ulp as well', () => {
  for (const [x, y] of pairs(150)) {
    const exact = oracle.pow(oracle.toFixed(x), oracle.toFixed(y))
    const byBase = oracle.divide(oracle.multiply(oracle.toFixed(y), exact), oracle.toFixed(x))
    const byExponent = oracle.multiply(exact, oracle.log(oracle.toFixed(x)))
    for (const [kernel, wanted] of [
      [powBaseSlope, byBase],
      [powExponentSlope, byExponent],
    ] as const) {
      const found = apply(kernel, [x], [y])[0]
      if (!Number.isFinite(found)) continue
      const error = oracle.ulpError(found, wanted)
      if (!(error < 0.5001)) assert.unreachable(`${kernel.name}(${x}, ${y}) is ${found}, ${error} ulp off`)
    }
  }
})

test('many pairs of either sign against the double function', () => {
  const list = pairs(60_000)
  const x = Float32Array.from(list, ([base], i) => (i % 3 === 0 ? -base : base))
  const y = Float32Array.from(list, ([, exponent], i) => (i % 3 === 0 ? Math.round(exponent) : exponent))
  const found = apply(powBroadcast, x, y)
  let inexact = 0
  for (let i = 0; i < found.length; i++) {
    const wanted = Math.fround(x[i] ** y[i])
    if (Object.is(found[i], wanted)) continue
    const distance = Math.abs(ordinal(found[i]) - ordinal(wanted))
    if (!(distance <= 1)) assert.unreachable(`${x[i]} ** ${y[i]} is ${found[i]}, wanted ${wanted}`)
    inexact++
  }
  assert.ok(inexact <= 6, `${inexact} of ${found.length} are not the correctly rounded value`)
})

test('the square is the exact product, rounded once', () => {
  // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24 lies halfway between two float32 and goes to the even one.
  assert.is(one(1 + 2 ** -12, 2), 1 + 2 ** -11)
  assert.is(one(-3, 2), 9)
  assert.is(one(2 ** -75, 2), 0)
  assert.is(one(2e19, 2), Infinity)
})

test('every special case of C99, annex F.9.4.4', () => {
  const cases: [number, number, number][] = [
    [0, -3, Infinity],
    [-0, -3, -Infinity],
    [0, -2, Infinity],
    [-0, -2, Infinity],
    [-0, -2.5, Infinity],
    [0, 3, 0],
    [-0, 3, -0],
    [-0, 2, 0],
    [-0, 4, 0],
    [-0, 0.5, 0],
    [-0, Infinity, 0],
    [0, -Infinity, Infinity],
    [-1, Infinity, 1],
    [-1, -Infinity, 1],
    [1, Number.NaN, 1],
    [Number.NaN, 0, 1],
    [Number.NaN, -0, 1],
    [Infinity, 0, 1],
    [-2, 0.5, Number.NaN],
    [-1, 0.5, Number.NaN],
    [-(2 ** -149), 1.5, Number.NaN],
    [0.5, -Infinity, Infinity],
    [-0.5, -Infinity, Infinity],
    [2, -Infinity, 0],
    [-2, -Infinity, 0],
    [0.5, Infinity, 0],
    [-0.5, Infinity, 0],
    [-2, Infinity, Infinity],
    [-Infinity, -3, -0],
    [-Infinity, -2, 0],
    [-Infinity, -2.5, 0],
    [-Infinity, 3, -Infinity],
    [-Infinity, 2, Infinity],
    [-Infinity, 2.5, Infinity],
    [Infinity, -1, 0],
    [Infinity, 0.1, Infinity],
    [Number.NaN, 1, Number.NaN],
    [Number.NaN, 2, Number.NaN],
    [2, Number.NaN, Number.NaN],
    [-1, Number.NaN, Number.NaN],
    [-2, 3, -8],
    [-2, -3, -0.125],
    [-1, 16777215, -1],
    [-1, 16777216, 1],
    [-1, 3e38, 1],
    [5, 1, 5],
    [-(2 ** -149), 1, -(2 ** -149)],
    [1e30, 2, Infinity],
    [-1e30, 3, -Infinity],
    [1e-30, 3, 0],
    [-1e-30, 3, -0],
  ]
  for (const [x, y, wanted] of cases) assert.ok(Object.is(one(x, y), wanted), `${x} ** ${y} is ${one(x, y)}`)
})

test('slopes where PyTorch decides', () => {
  // By the base: 0 for exponent 0, also at 0 and infinity.
  assert.equal([...apply(powBaseSlope, [0, 3, Infinity, 0, -2, 0], [0, 0, 0, 2, 3, 1])], [0, 0, 0, 0, 12, 1])
  // By the exponent: 0 at base 0 with exponents from 0 on, -Infinity below, NaN for negative bases.
  const slopes = apply(powExponentSlope, [0, 0, 0, -2, 1, Math.E], [0, 2, -1, 2, 5, 1])
  assert.equal([...slopes], [0, 0, -Infinity, Number.NaN, 0, Math.fround(Math.E)])
})

test.run()
