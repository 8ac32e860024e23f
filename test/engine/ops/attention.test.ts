import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError } from '../../../engine/base/errors.ts'
import { tensor, zeros } from '../../../engine/core/tensor.ts'
import { scaledDotProductAttention } from '../../../engine/ops/attention.ts'

const test = suite('scaled dot product attention')

test('weights by hand: scores 0 and ln 3 after the division by sqrt(4)', () => {
  const q = tensor([2, 0, 0, 0], [1, 4])
  const k = tensor([0, 5, 5, 5, Math.log(3), 0, 0, 0], [2, 4])
  const v = tensor([4, 0, 8, 4, 0, 16], [2, 3])
  const y = scaledDotProductAttention(q, k, v)
  assert.equal(y.shape, [1, 3])
  // exp(0) : exp(ln 3) = 1 : 3
  for (const [i, wanted] of [4, 0, 14].entries()) assert.ok(Math.abs(y.data[i] - wanted) < 1e-5, `element ${i}`)
})

test('leading dimensions broadcast, an empty batch is empty', () => {
  const y = scaledDotProductAttention(zeros([3, 2, 5, 4]), zeros([2, 6, 4]), zeros([2, 6, 7]))
  assert.equal(y.shape, [3, 2, 5, 7])
  assert.equal(scaledDotProductAttention(zeros([0, 5, 4]), zeros([0, 6, 4]), zeros([0, 6, 7])).shape, [0, 5, 7])
})

test('what does not fit is refused with all three shapes', () => {
  const wanted = /q \[5, 4\], k \[6, 3\], v \[6, 7\]; wanted \[\.\.\., L, d\]/
  assert.throws(
    () => scaledDotProductAttention(zeros([5, 4]), zeros([6, 3]), zeros([6, 7])),
    (error: unknown) => error instanceof ShapeError && wanted.test(error.message),
  )
  assert.throws(
    () => scaledDotProductAttention(zeros([5, 4]), zeros([6, 4]), zeros([5, 7])),
    /scaledDotProductAttention/,
  )
  assert.throws(() => scaledDotProductAttention(zeros([4]), zeros([6, 4]), zeros([6, 7])), /scaledDotProductAttention/)
  assert.throws(() => scaledDotProductAttention(zeros([5, 0]), zeros([6, 0]), zeros([6, 7])), /d at least 1/)
})

test.run()
