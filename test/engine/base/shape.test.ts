import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  broadcastShapes,
  checkShape,
  formatShape,
  normaliseAxis,
  sizeOf,
  stridesOf,
} from '../../../engine/base/shape.ts'

const test = suite('shape')

test('size and strides', () => {
  assert.is(sizeOf([]), 1)
  assert.is(sizeOf([2, 0, 4]), 0)
  assert.equal(stridesOf([2, 3, 4]), [12, 4, 1])
  assert.equal(stridesOf([]), [])
})

test('broadcasting follows NumPy, and null stands for a batch', () => {
  assert.equal(broadcastShapes([2, 3, 4, 5], [4, 1], 'add'), [2, 3, 4, 5])
  assert.equal(broadcastShapes([], [3], 'add'), [3])
  assert.equal(broadcastShapes([0, 1], [1, 3], 'add'), [0, 3])
  assert.equal(broadcastShapes([null, 3], [1, 3], 'add'), [null, 3])
  assert.throws(
    () => broadcastShapes([2, 3], [2, 4], 'add'),
    /add: \[2, 3\] and \[2, 4\] do not broadcast: dimension 1/,
  )
  assert.throws(() => broadcastShapes([null], [2], 'add'), /do not broadcast/)
})

test('axes count from the end when negative', () => {
  assert.is(normaliseAxis(-1, 4, 'softmax'), 3)
  assert.throws(() => normaliseAxis(4, 4, 'softmax'), /softmax: axis 4 is outside/)
  assert.throws(() => normaliseAxis(0.5, 4, 'softmax'), /outside/)
})

test('shapes with negative, fractional or too many elements are refused', () => {
  assert.throws(() => checkShape([2, -1], 'zeros'), /not a shape/)
  assert.throws(() => checkShape([1.5], 'zeros'), /not a shape/)
  assert.throws(() => checkShape([65536, 65536], 'zeros'), /limit/)
  assert.is(formatShape([2, null, 4]), '[2, ?, 4]')
})

test.run()
