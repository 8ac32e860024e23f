import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError } from '../../../engine/base/errors.ts'
import { applyFloat, backward } from '../../../engine/core/tape.ts'
import { type FloatTensor, full, tensor, zeros } from '../../../engine/core/tensor.ts'
import { Max, maximum } from '../../../engine/ops/max.ts'
import { Min, minimum } from '../../../engine/ops/min.ts'
import { addN, Sum } from '../../../engine/ops/sum.ts'
import { messageOf } from '../../support/messageOf.ts'

const test = suite('Max, Min, Sum')

const leaf = (values: number[], shape?: number[]) => tensor(values, shape, { requiresGrad: true })
const gradient = (x: FloatTensor) => [...(x.grad as FloatTensor).data]

test('the examples of the ONNX operator pages', () => {
  const inputs = [tensor([3, 2, 1]), tensor([1, 4, 4]), tensor([2, 5, 3])]
  assert.equal([...applyFloat(Max, inputs, {}).data], [3, 5, 4])
  assert.equal([...applyFloat(Min, inputs, {}).data], [1, 2, 1])
  assert.equal([...addN([tensor([3, 0, 2]), tensor([1, 3, 4]), tensor([2, 6, 6])]).data], [6, 9, 12])
})

test('NaN wins, zeros are ordered by their sign', () => {
  const a = tensor([Number.NaN, 1, 0, -0, Infinity])
  const b = tensor([1, Number.NaN, -0, 0, -Infinity])
  const most = maximum(a, b).data
  const least = minimum(a, b).data
  assert.equal([...most], [Number.NaN, Number.NaN, 0, 0, Infinity])
  assert.ok(Object.is(most[2], 0) && Object.is(most[3], 0))
  assert.ok(Object.is(least[2], -0) && Object.is(least[3], -0))
  assert.is(least[4], -Infinity)
})

test('gradients: the winner takes it, equals share', () => {
  // torch.maximum gives half to each of two that tie.
  const a = leaf([1, 5, 2])
  const b = leaf([3, 5, -2])
  backward(maximum(a, b), tensor([10, 20, 30]))
  assert.equal(
    [gradient(a), gradient(b)],
    [
      [0, 10, 30],
      [10, 10, 0],
    ],
  )
  const three = [leaf([4, 1]), leaf([4, 0]), leaf([4, 0])]
  backward(applyFloat(Min, three, {}), tensor([6, 8]))
  assert.equal(three.map(gradient), [
    [2, 0],
    [2, 4],
    [2, 4],
  ])
  const x = leaf([1, 2])
  backward(maximum(x, x), tensor([4, 6]))
  assert.equal(gradient(x), [4, 6])
})

test('gradients of inputs that stretch are summed; inputs that need none get none', () => {
  const row = leaf([1, 5, 2], [1, 3])
  const column = tensor([3, 0], [2, 1])
  const y = maximum(row, column)
  assert.equal([...y.data], [3, 5, 3, 1, 5, 2])
  backward(y, tensor([1, 2, 4, 8, 16, 32], [2, 3]))
  assert.equal(gradient(row), [8, 18, 32])
  assert.is(column.grad, null)
  const s = leaf([1], [])
  backward(addN([s, row.detach(), column]), full([2, 3], 2))
  assert.equal(gradient(s), [12])
})

test('sums are rounded one after the other', () => {
  // 1 is lost in 1e8 before -1e8 comes.
  assert.equal([...addN([tensor([1e8, 1]), tensor([1, 1e8]), tensor([-1e8, -1e8])]).data], [0, 0])
})

test('one input is passed on, with its gradient', () => {
  for (const op of [Max, Min, Sum]) {
    const x = leaf([1, Number.POSITIVE_INFINITY])
    const y = applyFloat(op, [x], {})
    assert.equal([...y.data], [1, Infinity])
    backward(y, tensor([3, 4]))
    assert.equal(gradient(x), [3, 4])
  }
})

test('an empty batch', () => {
  for (const op of [Max, Min, Sum]) {
    const x = leaf([1, 2])
    const y = applyFloat(op, [zeros([0, 2]), x], {})
    assert.equal(y.shape, [0, 2])
    backward(y, zeros([0, 2]))
    assert.equal(gradient(x), [0, 0])
  }
})

test('shapes with unknown extents, and refusals', () => {
  const spec = (shape: (number | null)[]) => ({ dtype: 'float32' as const, shape })
  assert.equal(Max.shape([spec([3, 1]), spec([null, 1, 4]), spec([])], {})[0].shape, [null, 3, 4])
  assert.is(
    messageOf(ShapeError, () => addN([])),
    'Sum: wanted at least one input',
  )
  assert.is(
    messageOf(ShapeError, () => Max.shape([spec([1]), null], {})),
    'Max: input 1 is absent',
  )
  assert.match(
    messageOf(ShapeError, () => addN([zeros([2]), zeros([2, 1]), zeros([3])])),
    /Sum: \[2, 2\] and \[3\] do not broadcast/,
  )
  assert.is(
    messageOf(ShapeError, () => Min.shape([tensor([1], [1], { dtype: 'int32' })], {})),
    'Min: wanted float32 tensors, got int32',
  )
})

test.run()
