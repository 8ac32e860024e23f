import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError } from '../../../engine/base/errors.ts'
import { sizeOf } from '../../../engine/base/shape.ts'
import { type FloatTensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import { Flatten, flatten } from '../../../engine/ops/flatten.ts'
import type { Op } from '../../../engine/ops/op.ts'
import { Reshape, reshape } from '../../../engine/ops/reshape.ts'
import { messageOf } from '../../support/messageOf.ts'

const test = suite('reshape, flatten')

const values = (t: { data: ArrayLike<number> }): number[] => Array.from(t.data)
/** 0, 1, 2, ... in a shape: an element's value is its row-major index. */
const counting = (shape: readonly number[], requiresGrad = false): FloatTensor =>
  tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => i),
    shape,
    { requiresGrad },
  )
/** The inferred shape of the first output for an input shape that may hold unknowns. */
function infer<A extends object>(
  op: Op<A>,
  shape: readonly (number | null)[],
  attributes: A,
): readonly (number | null)[] {
  return op.shape([{ dtype: 'float32', shape }], attributes)[0].shape
}
test('reshape: copies with 0, infers -1, shares the storage', () => {
  const x = counting([2, 3, 4], true)
  const y = reshape(x, [0, -1, 2])
  assert.equal(y.shape, [2, 6, 2])
  assert.is(y.data, x.data)
  y.backward(tensor(values(x), y.shape))
  assert.equal(x.grad!.shape, [2, 3, 4])
  assert.equal(values(x.grad!), values(x))
  assert.equal(reshape(counting([1, 1]), []).shape, [])
  assert.equal(reshape(zeros([0, 4]), [0, 2, 2]).shape, [0, 2, 2])
})

test('reshape: unknown extents cancel where they are copied', () => {
  assert.equal(infer(Reshape, [null, 16, 5, 5], { shape: [0, -1] }), [null, 400])
  assert.equal(infer(Reshape, [null, 16, 5, 5], { shape: [-1, 400] }), [null, 400])
  assert.equal(infer(Reshape, [null, 6], { shape: [0, 2, 3] }), [null, 2, 3])
  assert.equal(infer(Reshape, [null, 6], { shape: [2, 3] }), [2, 3])
  assert.match(
    messageOf(ShapeError, () => infer(Reshape, [null, 6], { shape: [0, 4] })),
    /it holds 6 elements, the new shape 4/,
  )
})

test('reshape: what does not fit is refused', () => {
  const x = counting([2, 3])
  assert.is(
    messageOf(ShapeError, () => reshape(x, [4, 2])),
    'Reshape: [2, 3] cannot become [4, 2]: it holds 6 elements, the new shape 8',
  )
  assert.match(
    messageOf(ShapeError, () => reshape(x, [-1, 4])),
    /its 6 elements do not divide by 4/,
  )
  assert.match(
    messageOf(ShapeError, () => reshape(x, [-1, -1])),
    /only one extent can be -1/,
  )
  assert.match(
    messageOf(ShapeError, () => reshape(x, [2, 3, 0])),
    /there is no extent 2 for the 0 to copy/,
  )
  assert.match(
    messageOf(ShapeError, () => reshape(x, [-2, 3])),
    /-2 is no extent/,
  )
  assert.match(
    messageOf(ShapeError, () => reshape(zeros([0, 3]), [0, -1])),
    /no single answer/,
  )
})

test('flatten: the product before the axis and from it on', () => {
  const x = counting([2, 3, 4])
  assert.equal(flatten(x).shape, [2, 12])
  assert.equal(flatten(x, 0).shape, [1, 24])
  assert.equal(flatten(x, 3).shape, [24, 1])
  assert.equal(flatten(x, -1).shape, [6, 4])
  assert.is(flatten(x).data, x.data)
  assert.equal(infer(Flatten, [null, 16, 5, 5], {}), [null, 400])
  assert.equal(flatten(zeros([0, 3, 4])).shape, [0, 12])
  assert.is(
    messageOf(ShapeError, () => flatten(x, 4)),
    'Flatten: axis 4 is outside [-3, 3] of a rank-3 tensor',
  )
})

test.run()
