import { suite } from 'uvu'
import { RandomStream } from '../../../../engine/base/random.ts'
import {
  type Requantiser,
  realMultiplier,
  requantiseRow,
  requantiserKinds,
  requantiserTable,
} from '../../../../quant/integer/requantise/requantiser.ts'
import { divideHalfAway, double, exactly, limited, nearestEven, single } from '../oracle.ts'
import { expectSame, simd, sums } from './support.ts'

const test = suite('SIMD requantisers')
const { memory, dispatch } = simd
const target = { zeroPoint: 3, low: -120, high: 125 }

/** Runs the SIMD requantiser over sums as one row. */
function requantised(r: Requantiser, acc: Int32Array, stride: number): Int8Array {
  const { scale, multiplier, shift } = requantiserTable(r, 1)
  const out = new Int8Array(acc.length * stride)
  memory.beginCall()
  const args = [
    requantiserKinds.indexOf(r.kind),
    memory.input(new Uint8Array(scale.buffer)),
    memory.input(multiplier),
    memory.input(shift),
    0,
    target.zeroPoint,
    target.low,
    target.high,
    memory.input(acc),
    memory.update(out),
    stride,
  ]
  dispatch('requantise', acc.length, acc.length, args)
  memory.endCall()
  return out
}

/** Sums at and next to the ties within the clamp, then others of every size. */
function hardSums(r: Requantiser, count: number, limit = 2147483647): Int32Array {
  const real = realMultiplier(r, 0)
  const near: number[] = []
  for (let k = -140; k <= 140; k++) {
    const at = Math.round((k + 0.5) / real)
    for (const x of [at - 1, at, at + 1]) if (Math.abs(x) <= 2147483647) near.push(x)
  }
  const legal = (x: number): boolean => Math.abs(x) <= limit || limit === 2147483647
  return Int32Array.from([...near, ...sums(count, JSON.stringify(r))].filter(legal))
}

/** SIMD = plain on every sum, and both = the definition in BigInt on every 16th and the ties. */
function agree(r: Requantiser, definition: (x: number) => bigint, count = 9000, limit?: number): void {
  const acc = hardSums(r, count, limit)
  const wanted = new Int8Array(acc.length)
  requantiseRow(requantiserTable(r, 1), 0, acc, 0, acc.length, target, 0, 1, wanted)
  const found = requantised(r, acc, 1)
  expectSame(found, wanted, JSON.stringify(r))
  const picked = Array.from(acc.keys()).filter((i) => i < 900 || i % 16 === 0)
  expectSame(
    picked.map((i) => found[i]),
    picked.map((i) => limited(definition(acc[i]) + 3n, target)),
    `${JSON.stringify(r)}, definition`,
  )
}

test('q31-single for every shift', () => {
  const random = new RandomStream(1, 'single')
  for (let shift = -31; shift <= 30; shift++) {
    for (const multiplier of [2 ** 30, 2 ** 31 - 1, 1717986918, random.integer(2 ** 30) + 1]) {
      agree({ kind: 'q31-single', multiplier: [multiplier], shift: [shift] }, (x) => single(x, multiplier, shift), 1200)
    }
  }
})

test('q31-double for every shift', () => {
  const random = new RandomStream(2, 'double')
  for (let shift = -31; shift <= 12; shift++) {
    for (const multiplier of [2 ** 30, 2 ** 31 - 1, 1717986918, 2 ** 30 + random.integer(2 ** 30)]) {
      const limit = 2 ** (31 - Math.max(shift, 0)) - 1
      const r: Requantiser = { kind: 'q31-double', multiplier: [multiplier], shift: [shift] }
      agree(r, (x) => double(x, multiplier, shift), 1600, limit)
    }
  }
})

test('shift-half-up for every shift', () => {
  for (let shift = 0; shift <= 31; shift++) {
    const half = shift === 0 ? 0n : 1n << BigInt(shift - 1)
    agree({ kind: 'shift-half-up', shift: [shift] }, (x) => (BigInt(x) + half) >> BigInt(shift))
  }
})

const random = new RandomStream(3, 'scales')
const scales = [
  2 ** -10,
  0.1,
  0.5,
  1 / 3,
  0.00037,
  1.5,
  2 ** -31,
  1000,
  ...Array.from({ length: 24 }, () => random.uniform()),
]

test('f64-half-away', () => {
  for (const scale of [...scales, 0.49999999999999994, 2 ** -40, 1e30]) {
    agree({ kind: 'f64-half-away', scale: [scale] }, (x) => {
      const { numerator, shift } = exactly(x * scale)
      return divideHalfAway(numerator, shift)
    })
  }
})

test('f32-half-even', () => {
  for (const scale of [...scales, 2 ** 19].map(Math.fround)) {
    agree({ kind: 'f32-half-even', scale: [scale] }, (x) => nearestEven(Math.fround(Math.fround(x) * scale)))
  }
})

test('any length and stride, and nothing beside the row is written', () => {
  const r: Requantiser = { kind: 'f32-half-even', scale: [0.25] }
  for (const count of [0, 1, 2, 3, 4, 5, 7, 8, 13]) {
    for (const stride of [1, 3]) {
      const acc = Int32Array.from({ length: count }, (_, i) => 37 * i - 200)
      const wanted = new Int8Array(count * stride)
      requantiseRow(requantiserTable(r, 1), 0, acc, 0, count, target, 0, stride, wanted)
      expectSame(requantised(r, acc, stride), wanted, `${count} by ${stride}`)
    }
  }
})

test.run()
