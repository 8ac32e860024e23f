import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { stridesOf } from '../../../engine/base/shape.ts'
import { applyFloat } from '../../../engine/core/tape.ts'
import { tensor } from '../../../engine/core/tensor.ts'
import { max, ReduceMax } from '../../../engine/ops/reduceMax.ts'
import { mean } from '../../../engine/ops/reduceMean.ts'
import { ReduceSum, sum } from '../../../engine/ops/reduceSum.ts'
import { assertClose, uniformArray } from '../../support/close.ts'

const test = suite('reductions')
const TWO_24 = 16777216

/** The elements that each output reduces, in row-major order, found by their coordinates. */
function groups(data: Float32Array, shape: number[], axes: number[]): number[][] {
  const strides = stridesOf(shape)
  const kept = shape.map((_, i) => i).filter((i) => !axes.includes(i))
  const found = new Map<string, number[]>()
  for (const [at, value] of data.entries()) {
    const key = kept.map((i) => Math.floor(at / strides[i]) % shape[i]).join()
    const group = found.get(key)
    if (group) group.push(value)
    else found.set(key, [value])
  }
  return [...found.values()]
}

test('the examples of the ONNX operator pages', () => {
  const a = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [3, 2, 2])
  assert.equal([...sum(a, { axes: [1] }).data], [4, 6, 12, 14, 20, 22])
  const b = tensor([5, 1, 20, 2, 30, 1, 40, 2, 55, 1, 60, 2], [3, 2, 2])
  assert.equal([...mean(b, { axes: [1] }).data], [12.5, 1.5, 35, 1.5, 57.5, 1.5])
  assert.equal([...max(b, { axes: [-2] }).data], [20, 2, 40, 2, 60, 2])
  assert.is(max(b).item(), 60)
  assert.is(mean(b).item(), 18.25)
})

test('agrees with double arithmetic over every set of axes', () => {
  const random = new RandomStream(1, 'reductions')
  const shape = [3, 2, 5, 17]
  const data = uniformArray(() => random.uniform(), 510, 4)
  const x = tensor(data, shape)
  for (let set = 1; set < 16; set++) {
    const axes = [0, 1, 2, 3].filter((i) => (set >> i) & 1)
    const elements = groups(data, shape, axes)
    const sums = elements.map((group) => group.reduce((a, b) => a + b, 0))
    const label = `axes ${axes}`
    assertClose(sum(x, { axes }).data, sums, label, { rtol: 1e-6, atol: 2e-5 })
    assertClose(
      mean(x, { axes }).data,
      sums.map((s, i) => s / elements[i].length),
      label,
    )
    assert.equal(
      [...max(x, { axes }).data],
      elements.map((group) => Math.max(...group)),
      label,
    )
  }
})

test('keepDims leaves extents of 1', () => {
  const x = tensor(new Float32Array(24), [2, 3, 4])
  assert.equal(sum(x, { axes: [0, -1] }).shape, [3])
  assert.equal(sum(x, { axes: [0, -1], keepDims: true }).shape, [1, 3, 1])
  assert.equal(mean(x).shape, [])
  assert.equal(max(x, { keepDims: true }).shape, [1, 1, 1])
})

test('the order of sums: lanes over contiguous axes, ascending over outer ones, innermost group first', () => {
  const line = new Float32Array(17)
  line[0] = TWO_24
  line[1] = 1
  line[8] = -TWO_24
  // Contiguous: the 1 has a lane of its own and survives. Strided: 2^24 absorbs it.
  assert.is(sum(tensor(line)).item(), 1)
  const strided = new Float32Array(34)
  for (const [i, value] of line.entries()) strided[2 * i] = value
  assert.equal([...sum(tensor(strided, [17, 2]), { axes: [0] }).data], [0, 0])
  // [2, 2, 2] over axes 0 and 2: rows first (1 + 1 = 2), then ascending (2^24 + 2); the kept axis is the middle one.
  assert.equal([...sum(tensor([TWO_24, 0, 0, 0, 1, 1, 0, 0], [2, 2, 2]), { axes: [0, 2] }).data], [TWO_24 + 2, 0])
  // Neighbouring axes are one run: 2^24 and the 1 that is 16 elements on share a lane.
  const joined = new Float32Array(18)
  joined[0] = TWO_24
  joined[8] = -TWO_24
  joined[16] = 1
  assert.is(sum(tensor(joined, [2, 9])).item(), 0)
  // A kept axis of extent 1 between them changes nothing.
  assert.equal([...sum(tensor(joined, [2, 1, 9]), { axes: [0, 2] }).data], [0])
})

test('sum and mean send their gradient to every element', () => {
  const x = tensor([1, 2, 3, 4, 5, 6], [2, 3], { requiresGrad: true })
  sum(x, { axes: [1] }).backward(tensor([1, -2]))
  assert.equal([...x.grad!.data], [1, 1, 1, -2, -2, -2])
  x.grad = null
  mean(x, { axes: [0] }).backward(tensor([2, 4, 6]))
  assert.equal([...x.grad!.data], [1, 2, 3, 1, 2, 3])
})

test('max sends its gradient to the first maximum in row-major order', () => {
  const x = tensor([1, 3, 3, 3, 0, 3, 2, 2], [2, 2, 2], { requiresGrad: true })
  max(x).backward()
  assert.equal([...x.grad!.data], [0, 1, 0, 0, 0, 0, 0, 0])
  x.grad = null
  max(x, { axes: [0, 2] }).backward(tensor([5, 7]))
  assert.equal([...x.grad!.data], [0, 5, 7, 0, 0, 0, 0, 0])
})

test('max: NaN wins, the first zero of either sign is taken, all -Infinity stays', () => {
  const rows = tensor([1, Number.NaN, 3, Number.NaN, 2, 4], [2, 3])
  assert.ok([...max(rows, { axes: [1] }).data].every(Number.isNaN))
  assert.ok(Object.is(max(tensor([-0, 0])).item(), -0))
  const low = tensor([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY], [2], { requiresGrad: true })
  const result = max(low)
  assert.is(result.item(), Number.NEGATIVE_INFINITY)
  result.backward()
  assert.equal([...low.grad!.data], [1, 0])
})

test('over nothing: sum 0, mean NaN, max -Infinity; and an empty result', () => {
  const x = tensor([], [2, 0, 3], { requiresGrad: true })
  assert.equal([...sum(x, { axes: [1] }).data], [0, 0, 0, 0, 0, 0])
  assert.ok([...mean(x, { axes: [1] }).data].every(Number.isNaN))
  assert.equal([...max(x, { axes: [1, 2] }).data], [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])
  assert.equal(sum(x, { axes: [0] }).shape, [0, 3])
  max(x, { axes: [1] }).backward(tensor(new Float32Array(6), [2, 3]))
  assert.equal(x.grad!.shape, [2, 0, 3])
})

test('scalars and axes of extent 1 are copied, not shared', () => {
  const x = tensor([2.5], [])
  const y = mean(x)
  y.data[0] = 1
  assert.is(x.item(), 2.5)
  assert.equal([...max(tensor([1, 2], [1, 2, 1]), { axes: [0, 2] }).data], [1, 2])
})

test('empty axes mean all, or none with noop_with_empty_axes', () => {
  const x = tensor([1, 2, 3, 4], [2, 2])
  assert.is(sum(x, { axes: [] }).item(), 10)
  assert.equal([...applyFloat(ReduceSum, [x], { axes: [], noop_with_empty_axes: 1 }).data], [1, 2, 3, 4])
  assert.equal(applyFloat(ReduceSum, [x], { axes: [1], noop_with_empty_axes: 1 }).shape, [2, 1])
})

test('unknown extents pass through the shape rule', () => {
  const input = { dtype: 'float32', shape: [null, 3, 4] } as const
  assert.equal(ReduceMax.shape([input], { axes: [2], keepdims: 0 })[0].shape, [null, 3])
  assert.equal(ReduceMax.shape([input], { axes: [0] })[0].shape, [1, 3, 4])
})

test('axes outside the rank or given twice are refused', () => {
  const x = tensor([1, 2], [1, 2])
  assert.throws(() => sum(x, { axes: [2] }), /ReduceSum: axis 2 is outside \[-2, 2\)/)
  assert.throws(() => mean(x, { axes: [1, -1] }), /ReduceMean: axis -1 comes twice in \[1, -1\]/)
  assert.throws(() => max(x, { axes: [0.5] }), /ReduceMax: axis 0\.5/)
})

test.run()
