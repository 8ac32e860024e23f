import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError } from '../../../engine/base/errors.ts'
import { applyOp, backward } from '../../../engine/core/tape.ts'
import { type FloatTensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import { add } from '../../../engine/ops/add.ts'
import { Split, split } from '../../../engine/ops/split.ts'
import { Squeeze, squeeze } from '../../../engine/ops/squeeze.ts'
import { Unsqueeze, unsqueeze } from '../../../engine/ops/unsqueeze.ts'
import { messageOf } from '../../support/messageOf.ts'

const test = suite('split, squeeze, unsqueeze')

const values = (t: { data: ArrayLike<number> } | null) => Array.from((t as FloatTensor).data)
const leaf = (list: number[], shape?: number[]) => tensor(list, shape, { requiresGrad: true })
const spec = (shape: (number | null)[]) => ({ dtype: 'float32' as const, shape })

test('split: the examples of the ONNX operator page', () => {
  const x = tensor([1, 2, 3, 4, 5, 6, 7], [7])
  assert.equal(applyOp(Split, [x], { num_outputs: 4 }).map(values), [[1, 2], [3, 4], [5, 6], [7]])
  assert.equal(split(tensor([1, 2, 3, 4, 5, 6]), [2, 4]).map(values), [
    [1, 2],
    [3, 4, 5, 6],
  ])
  const matrix = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 6])
  assert.equal(split(matrix, 3, 1).map(values), [
    [1, 2, 3, 7, 8, 9],
    [4, 5, 6, 10, 11, 12],
  ])
  assert.equal(split(tensor([]), [0, 0, 0]).map(values), [[], [], []])
})

test('split: a size of parts leaves the rest to the last, as in PyTorch', () => {
  assert.equal(split(tensor([1, 2, 3, 4, 5]), 2).map(values), [[1, 2], [3, 4], [5]])
  assert.equal(
    split(zeros([0, 2]), 3).map(({ shape }) => shape),
    [[0, 2]],
  )
  // More outputs than elements: ceil(3 / 5) = 1, and nothing is left for two.
  assert.equal(applyOp(Split, [tensor([1, 2, 3])], { num_outputs: 5 }).map(values), [[1], [2], [3], [], []])
})

test('split: gradients of all parts, and of some', () => {
  const x = leaf([1, 2, 3, 4, 5, 6], [2, 3])
  const [a, b] = split(x, [1, 2], 1)
  backward(b, tensor([1, 2, 3, 4], [2, 2]))
  assert.equal(values(x.grad), [0, 1, 2, 0, 3, 4])
  x.grad = null
  const [c, d, e] = split(x, 1, -1)
  backward(add(add(c, d), e), tensor([5, 7], [2, 1]))
  assert.equal(values(x.grad), [5, 5, 5, 7, 7, 7])
  assert.equal(a.shape, [2, 1])
})

test('split: other dtypes, unknown extents, refusals', () => {
  const parts = applyOp(Split, [tensor([1, -2, 3], [3], { dtype: 'int8' })], { split: [1, 2] })
  assert.equal(
    parts.map(({ dtype }) => dtype),
    ['int8', 'int8'],
  )
  assert.equal(parts.map(values), [[1], [-2, 3]])
  const shapes = (shape: (number | null)[], attributes: object) =>
    Split.shape([spec(shape)], attributes).map((output) => output.shape)
  assert.equal(shapes([null, 6], { axis: 1, split: [2, 4] }), [
    [null, 2],
    [null, 4],
  ])
  assert.equal(shapes([null, 6], { num_outputs: 2 }), [
    [null, 6],
    [null, 6],
  ])
  assert.equal(shapes([null, 6], { split: [1, 2] }), [
    [1, 6],
    [2, 6],
  ])
  const x = zeros([3])
  assert.is(
    messageOf(ShapeError, () => split(x, [1, 1])),
    'Split: parts [1, 1] of a dimension of 3; wanted integers from 0 on that add up to it',
  )
  assert.match(
    messageOf(ShapeError, () => split(x, [4, -1])),
    /wanted integers from 0 on that add up to it/,
  )
  assert.is(
    messageOf(ShapeError, () => applyOp(Split, [x], {})),
    'Split: split is absent, num_outputs absent; wanted one of them, num_outputs an integer from 1 on',
  )
  assert.match(
    messageOf(ShapeError, () => applyOp(Split, [x], { split: [3], num_outputs: 1 })),
    /split is \[3\], num_outputs 1; wanted one of them/,
  )
  assert.match(
    messageOf(ShapeError, () => applyOp(Split, [x], { num_outputs: 0 })),
    /num_outputs 0/,
  )
  assert.match(
    messageOf(ShapeError, () => split(x, 0)),
    /Split: parts of 0; wanted an integer from 1 on/,
  )
  assert.match(
    messageOf(ShapeError, () => split(x, [3], 1)),
    /Split: axis 1 is outside/,
  )
})

test('squeeze: named axes, all axes, gradient, dtype', () => {
  const x = leaf([1, 2, 3], [1, 3, 1])
  assert.equal(squeeze(x).shape, [3])
  assert.equal(squeeze(x, [0]).shape, [3, 1])
  assert.equal(squeeze(x, [-1, 0]).shape, [3])
  assert.equal(squeeze(x, []).shape, [1, 3, 1])
  assert.equal(squeeze(tensor([7], [1, 1])).shape, [])
  backward(squeeze(x), tensor([4, 5, 6]))
  assert.equal(values(x.grad), [4, 5, 6])
  assert.equal((x.grad as FloatTensor).shape, [1, 3, 1])
  const [bytes] = applyOp(Squeeze, [tensor([1], [1], { dtype: 'uint8' })], {})
  assert.is(bytes.dtype, 'uint8')
})

test('squeeze: unknown extents and refusals', () => {
  assert.equal(Squeeze.shape([spec([null, 1, 3])], { axes: [1] })[0].shape, [null, 3])
  assert.equal(Squeeze.shape([spec([null, 1, 3])], { axes: [0] })[0].shape, [1, 3])
  assert.is(
    messageOf(ShapeError, () => Squeeze.shape([spec([null, 1, 3])], {})),
    'Squeeze: whether [?, 1, 3] has more extents of 1 is not known yet; name the axes',
  )
  assert.is(
    messageOf(ShapeError, () => squeeze(zeros([1, 3]), [1])),
    'Squeeze: dimension 1 of [1, 3] is not 1',
  )
  assert.match(
    messageOf(ShapeError, () => squeeze(zeros([1, 3]), [2])),
    /Squeeze: axis 2 is outside \[-2, 2\)/,
  )
})

test('unsqueeze: axes are those of the result, in any order', () => {
  const x = leaf([1, 2, 3, 4, 5, 6], [2, 3])
  assert.equal(unsqueeze(x, [0]).shape, [1, 2, 3])
  assert.equal(unsqueeze(x, [1]).shape, [2, 1, 3])
  assert.equal(unsqueeze(x, [-2]).shape, [2, 1, 3])
  assert.equal(unsqueeze(x, [4, 1, 2]).shape, [2, 1, 1, 3, 1])
  assert.equal(unsqueeze(tensor([7], []), [0]).shape, [1])
  backward(unsqueeze(x, [1]), tensor([1, 2, 3, 4, 5, 6], [2, 1, 3]))
  assert.equal((x.grad as FloatTensor).shape, [2, 3])
  assert.equal(values(x.grad), [1, 2, 3, 4, 5, 6])
  assert.equal(Unsqueeze.shape([{ dtype: 'int16', shape: [null, 3] }], { axes: [1] })[0], {
    dtype: 'int16',
    shape: [null, 1, 3],
  })
})

test('unsqueeze: refusals', () => {
  assert.is(
    messageOf(ShapeError, () => unsqueeze(zeros([2]), [0, -3])),
    'Unsqueeze: axes [0, -3] name a dimension of the rank-3 result twice',
  )
  assert.match(
    messageOf(ShapeError, () => unsqueeze(zeros([2]), [2])),
    /Unsqueeze: axis 2 is outside \[-2, 2\)/,
  )
})

test.run()
