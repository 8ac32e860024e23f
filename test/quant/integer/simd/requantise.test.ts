import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../../engine/base/random.ts'
import type { Simd } from '../../../../engine/simd/simd.ts'
import {
  type CodeTarget,
  type Requantiser,
  type RequantiserKind,
  realMultiplier,
  requantiseRow,
  requantiserKinds,
  requantiserTable,
} from '../../../../quant/integer/requantise/requantiser.ts'
import type { IntegerExports } from '../../../../quant/integer/simd/exports.ts'
import { definitionOf } from '../definitions.ts'
import { builds, expectSame } from './support.ts'

const test = suite('requantisers: definition, plain and SIMD')
const MAX = 2147483647
const random = new RandomStream(7, 'requantisers')

/** Runs a SIMD requantiser over sums as one row. */
function requantised(
  { memory, dispatch }: Simd<IntegerExports>,
  r: Requantiser,
  acc: Int32Array,
  stride: number,
  { zeroPoint, low, high }: CodeTarget,
): Int8Array {
  const { scale, multiplier, shift, offset } = requantiserTable(r, 1)
  const out = new Int8Array(acc.length * stride)
  memory.beginCall()
  const args = [
    offset === null ? requantiserKinds.indexOf(r.kind) : requantiserKinds.length,
    memory.input(new Uint8Array(scale.buffer)),
    memory.input(offset ?? multiplier),
    memory.input(shift),
    0,
    zeroPoint,
    low,
    high,
    memory.input(acc),
    memory.update(out),
    stride,
  ]
  dispatch('requantise', acc.length, acc.length, args)
  memory.endCall()
  return out
}

/** The largest magnitude that a requantiser takes: left-shifted sums must fit an int32. */
function limitOf(r: Requantiser): number {
  return r.kind === 'q31-double' || r.kind === 'q31-vector' ? 2 ** (31 - Math.max(r.shift[0], 0)) - 1 : MAX + 1
}

/** Sums at and next to every tie whose code may lie within the clamp, extremes, then `count` random ones of every size. */
function hardSums(r: Requantiser, count: number): Int32Array {
  const real = realMultiplier(r, 0)
  const limit = limitOf(r)
  const found = [0, 1, -1, limit, -limit, limit - 1, 1 - limit, limit / 2, -limit / 2]
  for (let k = -260; k <= 260; k++) {
    const at = Math.round((k + 0.5) / real)
    found.push(at - 1, at, at + 1)
  }
  for (let i = 0; i < count; i++) found.push((random.uint32() | 0) >> random.integer(31))
  return Int32Array.from(found.filter((x) => x >= -limit && x <= Math.min(limit, MAX)))
}

const targets: readonly CodeTarget[] = [
  { zeroPoint: 3, low: -120, high: 125 },
  { zeroPoint: -128, low: -128, high: 127 },
  { zeroPoint: 127, low: -128, high: 127 },
  { zeroPoint: 0, low: 0, high: 6 },
]

/** The definition in BigInt = plain = every build of the SIMD kernels; plain also beyond the codes, as int32. */
function agree(r: Requantiser, acc: Int32Array, target: CodeTarget): void {
  const define = definitionOf(r, target.zeroPoint)
  const [codes, whole] = [new Int8Array(acc.length), new Int32Array(acc.length)]
  for (let i = 0; i < acc.length; i++) {
    const exact = define(acc[i])
    whole[i] = exact > 2147483647n ? MAX : exact < -2147483648n ? -MAX - 1 : Number(exact)
    codes[i] = Math.min(Math.max(whole[i], target.low), target.high)
  }
  const what = `${JSON.stringify(r)} ${JSON.stringify(target)}`
  const table = requantiserTable(r, 1)
  const [plain, plainWhole] = [new Int8Array(acc.length), new Int32Array(acc.length)]
  requantiseRow(table, 0, acc, 0, acc.length, { ...target, low: -MAX - 1, high: MAX }, 0, 1, plainWhole)
  expectSame(plainWhole, whole, `${what}, plain, int32`)
  requantiseRow(table, 0, acc, 0, acc.length, target, 0, 1, plain)
  expectSame(plain, codes, `${what}, plain`)
  for (const [build, simd] of Object.entries(builds)) {
    expectSame(requantised(simd, r, acc, 1, target), codes, `${what}, ${build}`)
  }
}

const multipliers = (): number[] => [2 ** 30, MAX, 1717986918, 3 * 2 ** 29, 2 ** 30 + random.integer(2 ** 30)]
const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i)
const q31 = (kind: 'q31-single' | 'q31-double' | 'q31-vector', shifts: readonly number[]): Requantiser[] =>
  shifts.flatMap((shift) => multipliers().map((m) => ({ kind, multiplier: [m], shift: [shift] })))

/** Powers of two, few and many bits, subnormal, huge. */
const scales = [
  ...[2 ** -10, 3 / 1024, 5 / 4096, 0.1, 0.5, 1 / 3, 0.00037, 1, 1.5, 2.5, 1000, 2 ** -31, 2 ** -40, 2 ** 19, 1e30],
  ...Array.from({ length: 45 }, () => random.uniform() * 2 ** -random.integer(14)),
]
const singles = [...scales, 2 ** -149, 2 ** -126, 3.4e38].map(Math.fround)
const doubles = [...scales, 0.49999999999999994, 5e-324, 2 ** -1022, 1.7e308, ...singles.slice(15, 25)]

const requantisers: Readonly<Record<RequantiserKind, readonly Requantiser[]>> = {
  'q31-single': [
    ...q31('q31-single', range(-31, 30)),
    { kind: 'q31-single', multiplier: [0], shift: [0] },
    { kind: 'q31-single', multiplier: [1], shift: [30] },
  ],
  'q31-double': [
    ...q31('q31-double', range(-31, 30)),
    { kind: 'q31-double', multiplier: [0], shift: [0] },
    { kind: 'q31-double', multiplier: [1], shift: [-1] },
  ],
  'q31-vector': [
    ...q31('q31-vector', range(-31, 30)),
    { kind: 'q31-vector', multiplier: [0], shift: [0] },
    { kind: 'q31-vector', multiplier: [1], shift: [-1] },
  ],
  rndnu: range(16, 55).flatMap((shift) =>
    [2 ** 23, 2 ** 24 - 1, 3 * 2 ** 22, 13421773, 2 ** 23 + random.integer(2 ** 23)].map(
      (m): Requantiser => ({ kind: 'rndnu', multiplier: [m], shift: [shift] }),
    ),
  ),
  'shift-half-up': range(0, 31).map((shift) => ({ kind: 'shift-half-up', shift: [shift] })),
  'f64-half-away': doubles.map((scale) => ({ kind: 'f64-half-away', scale: [scale] })),
  'f64-half-even-zero-inside': doubles.map((scale) => ({ kind: 'f64-half-even-zero-inside', scale: [scale] })),
  'f32-half-even': singles.map((scale) => ({ kind: 'f32-half-even', scale: [scale] })),
}

for (const kind of requantiserKinds) {
  test(`${kind}: a million sums`, () => {
    const list = requantisers[kind]
    let seen = 0
    for (const [i, r] of list.entries()) {
      const acc = hardSums(r, Math.ceil(1e6 / list.length))
      agree(r, acc, targets[i % targets.length])
      seen += acc.length
    }
    assert.ok(seen >= 1e6, `${seen} sums`)
  })
}

test('f32-half-even with offsets: sums near ties too', () => {
  const offsets = [0, 0.5, -0.25, 3.75, -100.5, 1e-3, 0.1, -7.3, 127.49999, 2 ** -30, 1e9].map(Math.fround)
  const withOffset = (scale: number, offset: number): Requantiser => ({
    kind: 'f32-half-even',
    scale: [scale],
    offset: [offset],
  })
  const list = singles.flatMap((scale, i) => [0, 3, 7].map((k) => withOffset(scale, offsets[(i + k) % offsets.length])))
  for (const [i, r] of list.entries()) agree(r, hardSums(r, 300), targets[i % targets.length])
  const acc = Int32Array.from({ length: 100000 }, (_, i) => i - 50000)
  for (const offset of [0.5, -0.25, 0.1]) agree(withOffset(3 / 2048, Math.fround(offset)), acc, targets[0])
})

test('every sum of which the code is within the clamp, at factors of few bits', () => {
  const acc = Int32Array.from({ length: 300000 }, (_, i) => i - 150000)
  const list: Requantiser[] = [
    { kind: 'q31-single', multiplier: [3 * 2 ** 29], shift: [-9] },
    { kind: 'q31-double', multiplier: [3 * 2 ** 29], shift: [-9] },
    { kind: 'q31-vector', multiplier: [3 * 2 ** 29], shift: [-9] },
    { kind: 'rndnu', multiplier: [3 * 2 ** 22], shift: [33] },
    { kind: 'shift-half-up', shift: [10] },
    { kind: 'f64-half-away', scale: [3 / 2048] },
    { kind: 'f64-half-even-zero-inside', scale: [3 / 2048] },
    { kind: 'f32-half-even', scale: [3 / 2048] },
  ]
  assert.equal(list.map((r) => r.kind).sort(), [...requantiserKinds].sort())
  for (const r of list) agree(r, acc, targets[0])
})

test('any length and stride, and nothing beside the row is written', () => {
  for (const r of requantiserKinds.map((kind) => requantisers[kind][7])) {
    for (const count of [0, 1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 35]) {
      for (const stride of [1, 3]) {
        const acc = Int32Array.from({ length: count }, (_, i) => Math.round((0.7 * i - 9) / realMultiplier(r, 0)))
        const wanted = new Int8Array(count * stride)
        requantiseRow(requantiserTable(r, 1), 0, acc, 0, count, targets[0], 0, stride, wanted)
        for (const [build, simd] of Object.entries(builds)) {
          expectSame(
            requantised(simd, r, acc, stride, targets[0]),
            wanted,
            `${r.kind}, ${count} by ${stride}, ${build}`,
          )
        }
      }
    }
  }
})

test.run()
