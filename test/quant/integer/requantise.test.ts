import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NumericError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { checkBounds } from '../../../quant/integer/bounds.ts'
import { quantiseMultiplier } from '../../../quant/integer/requantise/quantiseMultiplier.ts'
import {
  type Requantiser,
  realMultiplier,
  requantiseRow,
  requantiserTable,
} from '../../../quant/integer/requantise/requantiser.ts'
import { rndnuMultiplier } from '../../../quant/integer/requantise/rndnu.ts'
import { tosaLimit, tosaShift } from '../../../quant/integer/requantise/tosa.ts'

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

test('rndnu multipliers: mantissa and shift, corners and errors', () => {
  const cases: [number, number, number][] = [
    [1, 2 ** 23, 23],
    [2 ** -10, 2 ** 23, 33],
    [Math.fround(0.1), 13421773, 27],
    [0.1, 13421773, 27],
    [2 ** -32, 2 ** 23, 55],
    [Math.fround(255.99998), 2 ** 24 - 1, 16],
  ]
  for (const [real, multiplier, shift] of cases) assert.equal(rndnuMultiplier(real), { multiplier, shift }, `${real}`)
  for (const real of [0, -1, Number.NaN, 256, Infinity, 2 ** -32 * (1 - 2 ** -24), 5e-324]) {
    assert.throws(
      () => rndnuMultiplier(real),
      (error: Error) => error instanceof NumericError && error.message.startsWith(`rndnuMultiplier: ${real} does not`),
    )
  }
})

test('the published table at 2^-10', () => {
  const acc = [511, 512, 2560, -512, -513, -1536, -2560]
  const q31 = { multiplier: [2 ** 30], shift: [-9] }
  assert.equal(requantised({ kind: 'q31-double', ...q31 }, acc), [1, 1, 3, -1, -1, -2, -3])
  assert.equal(requantised({ kind: 'q31-single', ...q31 }, acc), [0, 1, 3, 0, -1, -1, -2])
  assert.equal(requantised({ kind: 'q31-vector', ...q31 }, acc), [1, 1, 3, 0, 0, -1, -2])
  assert.equal(requantised({ kind: 'f32-half-even', scale: [2 ** -10] }, acc), [0, 0, 2, 0, -1, -2, -2])
  assert.equal(requantised({ kind: 'rndnu', multiplier: [2 ** 23], shift: [33] }, acc), [0, 1, 3, 0, -1, -1, -2])
  assert.equal(requantised({ kind: 'f64-half-away', scale: [2 ** -10] }, acc), [0, 1, 3, -1, -1, -2, -3])
  // Not in the table: half-up shifts equal S, and half-even in f64 with zero point 0 equals f32-half-even.
  assert.equal(requantised({ kind: 'shift-half-up', shift: [10] }, acc), [0, 1, 3, 0, -1, -1, -2])
  assert.equal(requantised({ kind: 'f64-half-even-zero-inside', scale: [2 ** -10] }, acc), [0, 0, 2, 0, -1, -2, -2])
})

test('the published counts of differences at 0.00037, |acc| <= 300,000', () => {
  const acc = Array.from({ length: 600001 }, (_, i) => i - 300000)
  const { multiplier, shift } = quantiseMultiplier(0.00037)
  const d = requantised({ kind: 'q31-double', multiplier: [multiplier], shift: [shift] }, acc)
  const s = requantised({ kind: 'q31-single', multiplier: [multiplier], shift: [shift] }, acc)
  const n = requantised({ kind: 'q31-vector', multiplier: [multiplier], shift: [shift] }, acc)
  const f = requantised({ kind: 'f32-half-even', scale: [Math.fround(0.00037)] }, acc)
  const differing = (a: number[], b: number[]): number => a.filter((x, i) => x !== b[i]).length
  assert.is(differing(d, s), 150)
  assert.is(differing(d, n), 147)
  assert.is(differing(s, n), 147)
  assert.is(differing(d, f), 148)
  assert.is(differing(s, f), 2)
  assert.equal([s[150000], f[150000]], [-55, -56])
})

/** TOSA's apply_scale_32 (its pseudocode, with int64 arithmetic as BigInt). */
function applyScale32(value: number, multiplier: number, right: number, isDouble: boolean): number {
  let round = 1n << BigInt(right - 1)
  if (isDouble && right > 31) round += value >= 0 ? 1n << 30n : -(1n << 30n)
  return Number((BigInt(value) * BigInt(multiplier) + round) >> BigInt(right))
}

test("TOSA's RESCALE is q31-single and q31-double, for every shift and sums in its range", () => {
  const random = new RandomStream(6, 'tosa')
  for (let shift = -31; shift <= 29; shift++) {
    const right = tosaShift({ multiplier: 2 ** 30, shift })
    assert.is(right, 31 - shift)
    const limit = Math.min(tosaLimit(right), 2 ** 31)
    const values = [0, -limit, limit - 1, limit / 2, -limit / 2].map((v) => Math.trunc(v))
    while (values.length < 7000) values.push(((random.uint32() | 0) >> random.integer(31)) % limit)
    for (const multiplier of [2 ** 30, MAX, 0, 1, 3 * 2 ** 29, 2 ** 30 + random.integer(2 ** 30)]) {
      const q31 = { multiplier: [multiplier], shift: [shift] }
      for (const [kind, isDouble] of [
        ['q31-single', false],
        ['q31-double', true],
      ] as const) {
        const got = requantised({ kind, ...q31 }, values)
        const at = values.findIndex((v, i) => got[i] !== applyScale32(v, multiplier, right, isDouble))
        if (at >= 0) assert.unreachable(`${kind}, m = ${multiplier}, s = ${right}: ${values[at]} gave ${got[at]}`)
      }
    }
  }
})

test("TOSA's ranges: shifts 2 ... 62, sums below 2^(s-1)", () => {
  assert.is(tosaShift({ multiplier: 2 ** 30, shift: -9 }), 40)
  assert.is(tosaShift(quantiseMultiplier(1)), 30)
  assert.is(tosaShift({ multiplier: 2 ** 30, shift: 29 }), 2)
  assert.is(tosaShift({ multiplier: 2 ** 30, shift: -31 }), 62)
  for (const shift of [30, -32]) {
    assert.throws(
      () => tosaShift({ multiplier: 2 ** 30, shift }),
      (error: Error) => error instanceof NumericError && error.message.includes(`a right shift of ${31 - shift}`),
    )
  }
  assert.equal([tosaLimit(2), tosaLimit(20), tosaLimit(32)], [2, 524288, 2 ** 31])
})

test('where each float kind rounds', () => {
  // One ulp below a tie must not be taken for the tie.
  assert.equal(requantised({ kind: 'f64-half-away', scale: [0.49999999999999994] }, [1, -1]), [0, 0])
  // f32(2^24 + 1) is 2^24: the sum itself loses its last bit.
  assert.equal(requantised({ kind: 'f32-half-even', scale: [1] }, [16777217]), [16777216])
  assert.equal(requantised({ kind: 'f64-half-even-zero-inside', scale: [1] }, [16777217]), [16777217])
  // A product beyond f32 is infinite, and lands on the clamp.
  assert.equal(requantised({ kind: 'f32-half-even', scale: [Math.fround(3e38)] }, [MAX, -MAX, 0]), [MAX, -MAX - 1, 0])
  // The zero point inside the rounding turns ties when it is odd: RNE(0.5 + 1) = 2, RNE(0.5) + 1 = 1.
  const odd = { zeroPoint: 1, low: -128, high: 127 }
  const even = { zeroPoint: 2, low: -128, high: 127 }
  const acc = [1, 3, -1, -3, 2]
  assert.equal(requantised({ kind: 'f64-half-even-zero-inside', scale: [0.5] }, acc, odd), [2, 2, 0, 0, 2])
  assert.equal(requantised({ kind: 'f32-half-even', scale: [0.5] }, acc, odd), [1, 3, 1, -1, 2])
  assert.equal(requantised({ kind: 'f64-half-even-zero-inside', scale: [0.5] }, acc, even), [2, 4, 2, 0, 3])
  assert.equal(requantised({ kind: 'f32-half-even', scale: [0.5] }, acc, even), [2, 4, 2, 0, 3])
})

test('the real number a requantiser multiplies by, for one entry or one a channel', () => {
  assert.is(realMultiplier({ kind: 'q31-vector', multiplier: [2 ** 30], shift: [-9] }, 5), 2 ** -10)
  assert.is(realMultiplier({ kind: 'rndnu', multiplier: [2 ** 23, 3 * 2 ** 22], shift: [33, 24] }, 1), 0.75)
  assert.is(realMultiplier({ kind: 'f64-half-even-zero-inside', scale: [0.5, 0.3] }, 1), 0.3)
})

test('sums beyond what a kind computes exactly are refused', () => {
  const refusal = (r: Requantiser, bound: number): string => {
    try {
      checkBounds('c', [bound], r)
      return ''
    } catch (error) {
      assert.instance(error, NumericError)
      return (error as Error).message
    }
  }
  const vector = (shift: number): Requantiser => ({ kind: 'q31-vector', multiplier: [2 ** 30], shift: [shift] })
  assert.is(refusal(vector(3), 2 ** 28 - 1), '')
  assert.match(refusal(vector(3), 2 ** 28), 'the left-shifted sum may reach 2147483648')
  assert.is(refusal({ kind: 'f32-half-even', scale: [Math.fround(3e38)] }, 1000), '')
  assert.match(refusal({ kind: 'f32-half-even', scale: [Infinity] }, 1000), 'the rescaled sum may reach Infinity')
  assert.match(refusal({ kind: 'f64-half-away', scale: [1.7e308] }, 1000), 'the rescaled sum may reach Infinity')
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
