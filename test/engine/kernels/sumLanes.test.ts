import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import {
  addProducts,
  addSquares,
  channelSum,
  foldLanes,
  LANES,
  sumLine,
  sumRun,
} from '../../../engine/kernels/sumLanes.ts'
import { uniformArray } from '../../support/close.ts'

const test = suite('the standard 16-lane sum')
const f32 = Math.fround
const TWO_24 = 16777216

/** The definition, read literally: each lane's terms in order, then the tree, as a recursion over halves. */
function literal(runs: readonly (readonly number[])[]): number {
  const lanes = Array.from({ length: 16 }, (_, lane) => {
    let sum = 0
    for (const run of runs) {
      for (const [i, term] of run.entries()) if (i % 16 === lane) sum = f32(sum + term)
    }
    return sum
  })
  const fold = (values: number[]): number => {
    if (values.length === 1) return values[0]
    const half = values.length / 2
    return fold(values.slice(0, half).map((value, i) => f32(value + values[half + i])))
  }
  return fold(lanes)
}

/** Zeros but for the given elements. */
function sparse(length: number, elements: Readonly<Record<number, number>>): Float32Array {
  const x = new Float32Array(length)
  for (const [i, value] of Object.entries(elements)) x[Number(i)] = value
  return x
}

test('small cases by hand', () => {
  assert.is(sumRun(new Float32Array(0), 0, 0), 0)
  assert.is(sumRun(Float32Array.of(7), 0, 1), 7)
  assert.is(
    sumRun(
      Float32Array.from({ length: 100 }, (_, i) => i + 1),
      0,
      100,
    ),
    5050,
  )
  assert.is(sumRun(Float32Array.of(1, 2, 4, 8, 16), 1, 3), 14)
})

test('a sum of -0 is +0', () => {
  assert.ok(Object.is(sumRun(Float32Array.of(-0), 0, 1), 0))
  assert.ok(Object.is(sumRun(new Float32Array(40).fill(-0), 0, 40), 0))
})

test('elements 16 apart share a lane: 2^24 absorbs 1 there, and nowhere else', () => {
  // Lane 0: 2^24 + 1 is a tie and rounds to 2^24; lane 8 takes it away again.
  assert.is(sumRun(sparse(17, { 0: TWO_24, 8: -TWO_24, 16: 1 }), 0, 17), 0)
  // The 1 in lane 1 survives, where a plain ascending sum would lose it.
  assert.is(sumRun(sparse(17, { 0: TWO_24, 1: 1, 8: -TWO_24 }), 0, 17), 1)
})

test('the tree adds lanes 8, 4, 2 and 1 apart, in this order', () => {
  // 1 + 1 from lanes 4 and 12 meet before they meet 2^24.
  assert.is(sumRun(sparse(16, { 0: TWO_24, 4: 1, 12: 1 }), 0, 16), TWO_24 + 2)
  // Lane 8 meets lane 0 alone, then lane 4: two ties, both absorbed.
  assert.is(sumRun(sparse(16, { 0: TWO_24, 4: 1, 8: 1 }), 0, 16), TWO_24)
  assert.is(sumRun(sparse(16, { 0: TWO_24, 2: 1, 6: 1 }), 0, 16), TWO_24 + 2)
  assert.is(sumRun(sparse(16, { 0: TWO_24, 1: 1, 3: 1 }), 0, 16), TWO_24 + 2)
  assert.is(sumRun(sparse(16, { 0: TWO_24, 1: 1, 2: 1 }), 0, 16), TWO_24)
})

test('equals the literal definition for every tail length, and leaves no trace between calls', () => {
  const random = new RandomStream(1, 'sumLanes')
  for (let length = 0; length < 70; length++) {
    const x = uniformArray(() => random.uniform(), length + 3, 1e4)
    assert.is(sumRun(x, 3, length), literal([[...x.subarray(3)]]), `length ${length}`)
  }
})

test('channelSum keeps the lanes over the planes of a channel and starts each plane at lane 0', () => {
  const random = new RandomStream(2, 'channelSum')
  for (const [n, c, p] of [
    [1, 1, 1],
    [3, 2, 49],
    [2, 5, 16],
    [4, 3, 1],
    [5, 1, 33],
    [0, 2, 4],
    [2, 2, 0],
  ]) {
    const x = uniformArray(() => random.uniform(), n * c * p, 1e4)
    const out = new Float32Array(c).fill(Number.NaN)
    channelSum(x, out, n, c, p)
    for (let channel = 0; channel < c; channel++) {
      const runs = Array.from({ length: n }, (_, i) => {
        const from = (i * c + channel) * p
        return [...x.subarray(from, from + p)]
      })
      assert.is(out[channel], literal(runs), `[${n}, ${c}, ${p}], channel ${channel}`)
    }
  }
})

test('two planes of one element meet in lane 0', () => {
  const out = new Float32Array(1)
  channelSum(Float32Array.of(TWO_24, 1, 1), out, 3, 1, 1)
  assert.is(out[0], TWO_24)
})

test('squares and products are rounded before they are added', () => {
  const random = new RandomStream(3, 'terms')
  const x = uniformArray(() => random.uniform(), 45, 10)
  const y = uniformArray(() => random.uniform(), 45, 10)
  const lanes = new Float32Array(LANES)
  const centre = f32(0.3)
  addSquares(lanes, x, 4, 41, centre)
  const squares = [...x.subarray(4)].map((value) => f32(f32(value - centre) ** 2))
  assert.is(foldLanes(lanes), literal([squares]))
  addProducts(lanes, x, y, 4, 41, centre)
  const products = [...x.subarray(4)].map((value, i) => f32(f32(value - centre) * y[i + 4]))
  assert.is(foldLanes(lanes), literal([products]))
  assert.equal([...lanes], new Array(16).fill(0))
})

test('a strided line ascends into one accumulator, a contiguous one uses the lanes', () => {
  const line = sparse(17, { 0: TWO_24, 1: 1, 8: -TWO_24 })
  const strided = new Float32Array(34)
  for (const [i, value] of line.entries()) strided[2 * i] = value
  assert.is(sumLine(line, 0, 17, 1), 1)
  assert.is(sumLine(strided, 0, 17, 2), 0)
})

test.run()
