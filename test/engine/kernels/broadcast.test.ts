import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { type Shape, sizeOf } from '../../../engine/base/shape.ts'
import { addBroadcast } from '../../../engine/kernels/addBroadcast.ts'
import { broadcastLayout } from '../../../engine/kernels/broadcast.ts'
import { divBroadcast } from '../../../engine/kernels/divBroadcast.ts'
import { mulBroadcast } from '../../../engine/kernels/mulBroadcast.ts'
import { subBroadcast } from '../../../engine/kernels/subBroadcast.ts'

const test = suite('broadcast kernels')

test('layout: common cases have few axes and long rows', () => {
  const layout = (a: Shape, b: Shape, out: Shape) => {
    const { extents, aStrides, bStrides } = broadcastLayout(a, b, out)
    return [extents, aStrides, bStrides]
  }
  assert.equal(layout([2, 3, 4], [2, 3, 4], [2, 3, 4]), [[24], [1], [1]])
  assert.equal(layout([2, 3, 4], [], [2, 3, 4]), [[24], [1], [0]])
  assert.equal(layout([1, 1], [2, 3, 4], [2, 3, 4]), [[24], [0], [1]])
  assert.equal(layout([2, 3, 4], [4], [2, 3, 4]), [
    [6, 4],
    [4, 1],
    [0, 1],
  ])
  assert.equal(layout([2, 3, 4, 5], [1, 3, 1, 1], [2, 3, 4, 5]), [
    [2, 3, 20],
    [60, 20, 1],
    [0, 1, 0],
  ])
  assert.equal(layout([2, 3, 4, 5], [3, 1, 5], [2, 3, 4, 5]), [
    [2, 3, 4, 5],
    [60, 20, 5, 1],
    [0, 5, 0, 1],
  ])
  assert.equal(layout([3, 1], [1, 4], [3, 4]), [
    [3, 4],
    [1, 0],
    [0, 1],
  ])
  assert.equal(layout([], [1, 1], [1, 1]), [[1], [0], [0]])
})

/** The element of an operand that meets output element `flat`, by dividing the index up, axis by axis. */
function operandIndex(flat: number, shape: Shape, out: Shape): number {
  let index = 0
  let stride = 1
  let rest = flat
  for (let i = 1; i <= out.length; i++) {
    const position = rest % out[out.length - i]
    rest = Math.floor(rest / out[out.length - i])
    const extent = shape[shape.length - i] ?? 1
    if (extent !== 1) index += position * stride
    stride *= extent
  }
  return index
}

test('random shapes against element-by-element indexing', () => {
  const random = new RandomStream(1, 'broadcast')
  const kernels: [typeof addBroadcast, (a: number, b: number) => number][] = [
    [addBroadcast, (a, b) => a + b],
    [subBroadcast, (a, b) => a - b],
    [mulBroadcast, (a, b) => a * b],
    [divBroadcast, (a, b) => a / b],
  ]
  const values = (shape: Shape) => Float32Array.from({ length: sizeOf(shape) }, () => random.uniform() - 0.5)
  for (let round = 0; round < 200; round++) {
    const out = Array.from({ length: random.integer(6) }, () => 1 + random.integer(4))
    const operand = () =>
      out.slice(random.integer(out.length + 1)).map((extent) => (random.integer(3) === 0 ? 1 : extent))
    const aShape = operand()
    const bShape = operand()
    const a = values(aShape)
    const b = values(bShape)
    for (const [kernel, f] of kernels) {
      const result = new Float32Array(sizeOf(out)).fill(Number.NaN)
      kernel(a, b, broadcastLayout(aShape, bShape, out), result)
      const expected = Float32Array.from(result, (_, i) =>
        f(a[operandIndex(i, aShape, out)], b[operandIndex(i, bShape, out)]),
      )
      assert.equal(result, expected, `[${aShape}] and [${bShape}] to [${out}]`)
    }
  }
})

test('nothing is written for an empty result', () => {
  const out = new Float32Array(0)
  addBroadcast(new Float32Array(0), Float32Array.of(1, 2, 3), broadcastLayout([0, 3], [3], [0, 3]), out)
  subBroadcast(new Float32Array(0), Float32Array.of(1), broadcastLayout([2, 0], [1], [2, 0]), out)
  assert.is(out.length, 0)
})

test.run()
