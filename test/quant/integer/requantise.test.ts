import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NumericError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { quantiseMultiplier } from '../../../quant/integer/requantise/quantiseMultiplier.ts'
import {
  type Requantiser,
  realMultiplier,
  requantiseRow,
  requantiserTable,
} from '../../../quant/integer/requantise/requantiser.ts'
import { divideHalfAway, double, exactly, nearestEven, single } from './oracle.ts'

const test = suite('requantise')
const INT32 = { zeroPoint: 0, low: -2147483648, high: 2147483647 }
const MAX = 2147483647

/** The codes of some sums. */
function requantised(r: Requantiser, sums: ArrayLike<number>, target = INT32): number[] {
  const acc = Int32Array.from(sums)
  const out = new Int32Array(acc.length)
  requantiseRow(requantiserTable(r, 1), 0, acc, 0, acc.length, target, 0, 1, out)
  return [...out]
}

/** Throws at the first sum where the requantiser and the definition disagree. Both are clamped to int32. */
function agree(r: Requantiser, sums: readonly number[], definition: (x: number) => bigint): void {
  const got = requantised(r, sums)
  for (let i = 0; i < sums.length; i++) {
    const exact = definition(sums[i])
    const wanted = exact > 2147483647n ? MAX : exact < -2147483648n ? -2147483648 : Number(exact)
    if (got[i] !== wanted) assert.unreachable(`${JSON.stringify(r)}: ${sums[i]} gave ${got[i]}, wanted ${wanted}`)
  }
}

/** Extremes, small numbers, and random sums of every size. */
function sums(random: RandomStream, count: number): number[] {
  const found = [0, 1, -1, MAX, MAX - 1, -2147483648, -2147483647]
  while (found.length < count) found.push((random.uint32() | 0) >> random.integer(31))
  return found
}

/** The sums at and next to the ties of a real multiplier. */
function nearTies(real: number, count: number): number[] {
  const found: number[] = []
  for (let k = -count; k <= count; k++) {
    const at = Math.round((k + 0.5) / real)
    for (const x of [at - 1, at, at + 1]) if (Math.abs(x) <= MAX) found.push(x)
  }
  return found
}

test('QuantizeMultiplier: published examples, corners and errors', () => {
  const cases: [number, number, number][] = [
    [0.1, 1717986918, -3],
    [Math.fround(0.1), 1717986944, -3],
    [0.5, 2 ** 30, 0],
    [1, 2 ** 30, 1],
    [0.99999999999, 2 ** 30, 1],
    [3.7, 1986422374, 2],
    [0.0003, 1319413953, -11],
    [2 ** -40, 0, 0],
    [0, 0, 0],
    [2 ** -32, 2 ** 30, -31],
    [2 ** -33, 0, 0],
    [5e-324, 0, 0],
    [2 ** 40, MAX, 30],
    [0.00037, 1627277209, -11],
  ]
  for (const [real, multiplier, shift] of cases) {
    assert.equal(quantiseMultiplier(real), { multiplier, shift }, `${real}`)
  }
  for (const real of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(
      () => quantiseMultiplier(real),
      (error: Error) => error instanceof NumericError,
    )
  }
})

test('the published table at 2^-10', () => {
  const acc = [511, 512, 2560, -512, -513, -1536, -2560]
  const q31 = { multiplier: [2 ** 30], shift: [-9] }
  assert.equal(requantised({ kind: 'q31-double', ...q31 }, acc), [1, 1, 3, -1, -1, -2, -3])
  assert.equal(requantised({ kind: 'q31-single', ...q31 }, acc), [0, 1, 3, 0, -1, -1, -2])
  assert.equal(requantised({ kind: 'shift-half-up', shift: [10] }, acc), [0, 1, 3, 0, -1, -1, -2])
  assert.equal(requantised({ kind: 'f32-half-even', scale: [2 ** -10] }, acc), [0, 0, 2, 0, -1, -2, -2])
  assert.equal(requantised({ kind: 'f64-half-away', scale: [2 ** -10] }, acc), [0, 1, 3, -1, -1, -2, -3])
})

test('the published counts of differences at 0.00037, |acc| <= 300,000', () => {
  const acc = Array.from({ length: 600001 }, (_, i) => i - 300000)
  const { multiplier, shift } = quantiseMultiplier(0.00037)
  const d = requantised({ kind: 'q31-double', multiplier: [multiplier], shift: [shift] }, acc)
  const s = requantised({ kind: 'q31-single', multiplier: [multiplier], shift: [shift] }, acc)
  const f = requantised({ kind: 'f32-half-even', scale: [Math.fround(0.00037)] }, acc)
  const differing = (a: number[], b: number[]): number => a.filter((x, i) => x !== b[i]).length
  assert.is(differing(d, s), 150)
  assert.is(differing(d, f), 148)
  assert.is(differing(s, f), 2)
  assert.equal([s[150000], f[150000]], [-55, -56])
})

test('q31-single equals BigInt arithmetic for every shift', () => {
  const random = new RandomStream(1, 'single')
  for (let shift = -31; shift <= 30; shift++) {
    for (const multiplier of [2 ** 30, MAX, 1717986918, 2 ** 30 + random.integer(2 ** 30), random.integer(2 ** 30)]) {
      const r: Requantiser = { kind: 'q31-single', multiplier: [multiplier], shift: [shift] }
      const near = multiplier === 0 ? [] : nearTies(realMultiplier(r, 0), 40)
      agree(r, [...sums(random, 400), ...near], (x) => single(x, multiplier, shift))
    }
  }
})

test('q31-double equals BigInt arithmetic where its input is legal', () => {
  const random = new RandomStream(2, 'double')
  for (let shift = -31; shift <= 12; shift++) {
    for (const multiplier of [2 ** 30, MAX, 1717986918, 2 ** 30 + random.integer(2 ** 30)]) {
      const r: Requantiser = { kind: 'q31-double', multiplier: [multiplier], shift: [shift] }
      const limit = 2 ** (31 - Math.max(shift, 0)) - 1
      const legal = [...sums(random, 600), ...nearTies(realMultiplier(r, 0), 40)].filter((x) => Math.abs(x) <= limit)
      agree(r, legal, (x) => double(x, multiplier, shift))
    }
  }
})

test('shift-half-up equals BigInt arithmetic for shifts 0 ... 31', () => {
  const random = new RandomStream(3, 'shift')
  for (let shift = 0; shift <= 31; shift++) {
    const half = shift === 0 ? 0n : 1n << BigInt(shift - 1)
    agree(
      { kind: 'shift-half-up', shift: [shift] },
      [...sums(random, 3200), ...nearTies(2 ** -shift, 40)],
      (x) => (BigInt(x) + half) >> BigInt(shift),
    )
  }
})

test('f64-half-away rounds the f64 product exactly', () => {
  const random = new RandomStream(4, 'f64')
  for (const scale of [
    2 ** -10,
    0.1,
    0.5,
    1 / 3,
    0.00037,
    1.5,
    2 ** -31,
    ...Array.from({ length: 100 }, () => random.uniform()),
  ]) {
    agree({ kind: 'f64-half-away', scale: [scale] }, [...sums(random, 900), ...nearTies(scale, 40)], (x) => {
      const { numerator, shift } = exactly(x * scale)
      return divideHalfAway(numerator, shift)
    })
  }
  // One ulp below a tie must not be taken for the tie.
  assert.equal(requantised({ kind: 'f64-half-away', scale: [0.49999999999999994] }, [1, -1]), [0, 0])
})

test('f32-half-even rounds sum and product to f32, then to even', () => {
  const random = new RandomStream(5, 'f32')
  const scales = [
    2 ** -10,
    0.1,
    0.5,
    1 / 3,
    0.00037,
    1.5,
    2 ** 19,
    ...Array.from({ length: 100 }, () => random.uniform()),
  ]
  for (const scale of scales.map(Math.fround)) {
    agree({ kind: 'f32-half-even', scale: [scale] }, [...sums(random, 900), ...nearTies(scale, 40)], (x) =>
      nearestEven(Math.fround(Math.fround(x) * scale)),
    )
  }
  // f32(2^24 + 1) is 2^24: the sum itself loses its last bit.
  assert.equal(requantised({ kind: 'f32-half-even', scale: [1] }, [16777217]), [16777216])
})

test('zero point after rounding, clamp, channel entries, strides', () => {
  const target = { zeroPoint: 1, low: 0, high: 255 }
  // Zero point outside the rounding: RNE(0.5) + 1 = 1, where RNE(1.5) would give 2.
  assert.equal(requantised({ kind: 'f32-half-even', scale: [0.5] }, [1, 3, -9, 1000], target), [1, 3, 0, 255])
  assert.equal(requantised({ kind: 'shift-half-up', shift: [4] }, [8, -8, 40], target), [2, 1, 4])
  const r: Requantiser = { kind: 'shift-half-up', shift: [0, 1, 2] }
  const out = new Int32Array(6)
  requantiseRow(
    requantiserTable(r, 3),
    2,
    Int32Array.of(9, 9, 8, -8),
    2,
    2,
    { zeroPoint: 0, low: -128, high: 127 },
    1,
    3,
    out,
  )
  assert.equal([...out], [0, 2, 0, 0, -2, 0])
})

test.run()
