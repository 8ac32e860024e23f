import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DType } from '../../../engine/base/dtype.ts'
import { ShapeError } from '../../../engine/base/errors.ts'
import { applyOp, backward } from '../../../engine/core/tape.ts'
import { type FloatTensor, Tensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import { Expand, expand } from '../../../engine/ops/expand.ts'
import { Gather, gather } from '../../../engine/ops/gather.ts'
import { Where, where } from '../../../engine/ops/where.ts'
import { messageOf } from '../../support/messageOf.ts'

const test = suite('where, expand, gather')

const values = (t: { data: ArrayLike<number> } | null) => Array.from((t as FloatTensor).data)
const leaf = (list: number[], shape?: number[]) => tensor(list, shape, { requiresGrad: true })
const flags = (list: number[], shape?: number[]) => tensor(list, shape, { dtype: 'uint8' })
const indices = (list: number[], shape?: number[]) => tensor(list, shape, { dtype: 'int32' })
const spec = (shape: (number | null)[], dtype: DType = 'float32') => ({ dtype, shape })
const integerTypes = ['int8', 'uint8', 'int16', 'uint16', 'int32'] as const

test('where: the example of the ONNX operator page, and any non-zero condition', () => {
  const condition = flags([1, 0, 255, 1], [2, 2])
  assert.equal(values(where(condition, tensor([1, 2, 3, 4], [2, 2]), tensor([9, 8, 7, 6], [2, 2]))), [1, 8, 3, 4])
})

test('where: three operands stretch, gradients go to the chosen branch only', () => {
  const a = leaf([1, 2, 3], [3])
  const b = leaf([-1], [1, 1])
  const y = where(flags([1, 0], [2, 1]), a, b)
  assert.equal(y.shape, [2, 3])
  assert.equal(values(y), [1, 2, 3, -1, -1, -1])
  backward(y, tensor([1, 2, 4, 8, 16, 32], [2, 3]))
  assert.equal(values(a.grad), [1, 2, 4])
  assert.equal(values(b.grad), [56])
})

test('where: NaN and infinity of the other branch do not leak, neither forward nor back', () => {
  const a = leaf([Number.NaN, 1])
  const b = leaf([2, Infinity])
  const y = where(flags([0, 1]), a, b)
  assert.equal(values(y), [2, 1])
  backward(y, tensor([5, 7]))
  assert.equal(
    [values(a.grad), values(b.grad)],
    [
      [0, 7],
      [5, 0],
    ],
  )
})

test('where: integer branches, empty tensors, unknown extents, refusals', () => {
  for (const dtype of integerTypes) {
    const [y] = applyOp(Where, [flags([1, 0]), tensor([7], [], { dtype }), tensor([1, 2], [2], { dtype })], {})
    assert.is(y.dtype, dtype)
    assert.equal(values(y), [7, 2])
  }
  assert.equal(where(flags([1]), zeros([0, 2]), tensor([1])).shape, [0, 2])
  assert.equal(Where.shape([spec([null, 1], 'uint8'), spec([3]), spec([])], {})[0].shape, [null, 3])
  const x = zeros([2])
  assert.is(
    messageOf(ShapeError, () => applyOp(Where, [x, x, x], {})),
    'Where: wanted a uint8 condition (0 is false), got float32',
  )
  assert.is(
    messageOf(ShapeError, () => applyOp(Where, [flags([1]), x, indices([1])], {})),
    'Where: X is float32, Y int32; wanted one dtype',
  )
  assert.match(
    messageOf(ShapeError, () => where(flags([1, 0, 1]), x, x)),
    /Where: \[3\] and \[2\] do not broadcast/,
  )
  assert.is(
    messageOf(ShapeError, () => applyOp(Where, [flags([1]), x], {})),
    'Where: wanted condition, X and Y, got 2 inputs',
  )
})

test('expand: the shape may be shorter, longer or narrower than the input', () => {
  const x = leaf([1, 2, 3], [3, 1])
  const y = expand(x, [2, 1, 2])
  assert.equal(y.shape, [2, 3, 2])
  assert.equal(values(y), [1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3])
  backward(y, tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 3, 2]))
  assert.equal(values(x.grad), [18, 26, 34])
  assert.equal(expand(x, [3, 4]).shape, [3, 4])
  assert.equal(values(expand(x, [1])), [1, 2, 3])
  assert.equal(values(expand(tensor([5], []), [3])), [5, 5, 5])
  assert.equal(expand(tensor([5], [1]), [0]).shape, [0])
})

test('expand: many elements, other dtypes, unknown extents, refusals', () => {
  const wide = expand(tensor([1, 2], [2, 1]), [2, 200]).data
  assert.ok(wide.subarray(0, 200).every((v) => v === 1) && wide.subarray(200).every((v) => v === 2))
  for (const dtype of integerTypes) {
    const [y] = applyOp(Expand, [tensor([3, 4], [2, 1], { dtype })], { shape: [1, 2] })
    assert.is(y.dtype, dtype)
    assert.equal(values(y), [3, 3, 4, 4])
  }
  assert.equal(Expand.shape([spec([null, 1])], { shape: [1, 4] })[0].shape, [null, 4])
  assert.match(
    messageOf(ShapeError, () => expand(zeros([2, 3]), [2])),
    /Expand: \[2, 3\] and \[2\] do not broadcast/,
  )
  assert.is(
    messageOf(ShapeError, () => expand(zeros([1]), [-1])),
    'Expand: [-1] is not a shape; wanted integers from 0 on',
  )
})

test('gather: the examples of the ONNX operator page', () => {
  const data = tensor([1, 1.2, 2.3, 3.4, 4.5, 5.7], [3, 2])
  const rows = gather(data, indices([0, 1, 1, 2], [2, 2]))
  assert.equal(rows.shape, [2, 2, 2])
  assert.equal(values(rows), [1, 1.2, 2.3, 3.4, 2.3, 3.4, 4.5, 5.7].map(Math.fround))
  const columns = gather(tensor([1, 1.2, 1.9, 2.3, 3.4, 3.9, 4.5, 5.7, 5.9], [3, 3]), indices([0, 2], [1, 2]), 1)
  assert.equal(columns.shape, [3, 1, 2])
  assert.equal(values(columns), [1, 1.9, 2.3, 3.9, 4.5, 5.9].map(Math.fround))
})

test('gather: negative indices, one index, gradients added in ascending order', () => {
  const x = leaf([1, 2, 3, 4, 5, 6], [3, 2])
  const y = gather(x, indices([-1, 0, -1, 2], [4]))
  assert.equal(values(y), [5, 6, 1, 2, 5, 6, 5, 6])
  backward(y, tensor([1e8, 1, 7, 8, 1, 2, -1e8, 4], [4, 2]))
  // 1e8 + 1 - 1e8 in this order, in float32, is 0.
  assert.equal(values(x.grad), [7, 8, 0, 0, 0, 7])
  const one = gather(x, indices([1], []), -1)
  assert.equal(one.shape, [3])
  assert.equal(values(one), [2, 4, 6])
})

test('gather: other dtypes, no indices, no rows, unknown extents', () => {
  for (const dtype of integerTypes) {
    const [y] = applyOp(Gather, [tensor([3, 4, 5], [3], { dtype }), indices([2, 0])], {})
    assert.is(y.dtype, dtype)
    assert.equal(values(y), [5, 3])
  }
  const x = leaf([1, 2, 3, 4], [2, 2])
  const none = gather(x, indices([], [0]))
  assert.equal(none.shape, [0, 2])
  backward(none, zeros([0, 2]))
  assert.equal(values(x.grad), [0, 0, 0, 0])
  assert.equal(gather(zeros([0, 3]), indices([1]), 1).shape, [0, 1])
  const shape = Gather.shape([spec([null, 3, 4]), spec([null, 2], 'int32')], { axis: 1 })[0].shape
  assert.equal(shape, [null, null, 2, 4])
})

test('gather: refusals', () => {
  const x = zeros([3, 2])
  for (const index of [3, -4]) {
    assert.is(
      messageOf(ShapeError, () => gather(x, indices([0, index]))),
      `Gather: index ${index} is outside [-3, 3) of the axis`,
    )
  }
  assert.is(
    messageOf(ShapeError, () => applyOp(Gather, [x, x], {})),
    'Gather: wanted int32 indices, got float32',
  )
  assert.match(
    messageOf(ShapeError, () => gather(x, indices([0]), 2)),
    /Gather: axis 2 is outside/,
  )
  assert.match(
    messageOf(ShapeError, () => gather(new Tensor('float32', [], new Float32Array(1)), indices([0]))),
    /Gather: axis 0 is outside \[0, 0\)/,
  )
  assert.is(
    messageOf(ShapeError, () => applyOp(Gather, [x], {})),
    'Gather: wanted data and indices, got 1 inputs',
  )
})

test.run()
