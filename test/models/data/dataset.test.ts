import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError, UsageError } from '../../../engine/base/errors.ts'
import { type Dataset, subset, take } from '../../../models/data/dataset.ts'

const test = suite('data set')

const three: Dataset = {
  name: 'three',
  classes: ['a', 'b'],
  shape: [1, 1, 2],
  images: Uint8Array.of(10, 11, 20, 21, 30, 31),
  labels: Uint8Array.of(0, 1, 0),
  mean: [0.5],
  std: [0.25],
}

test('subset copies in the order asked for', () => {
  const picked = subset(three, [2, 0, 2])
  assert.equal([...picked.images], [30, 31, 10, 11, 30, 31])
  assert.equal([...picked.labels], [0, 0, 0])
  assert.equal([...subset(three, Int32Array.of(1)).labels], [1])
  picked.images[0] = 0
  assert.is(three.images[4], 30)
  assert.is(subset(three, []).labels.length, 0)
})

test('subset refuses indices outside', () => {
  for (const index of [-1, 3, 0.5, Number.NaN]) {
    assert.throws(
      () => subset(three, [0, index]),
      (error: unknown) => error instanceof UsageError && /at position 1/.test(error.message),
    )
  }
})

test('take gives the beginning', () => {
  assert.equal([...take(three, 2).images], [10, 11, 20, 21])
  assert.equal([...take(three, 2).labels], [0, 1])
  assert.is(take(three, 3).labels.length, 3)
  assert.is(take(three, 99).labels.length, 3)
  for (const limit of [0, -1, 1.5, Number.NaN]) {
    assert.throws(
      () => take(three, limit),
      (error: unknown) => error instanceof UsageError,
    )
  }
})

test('a data set that does not fit together', () => {
  assert.throws(
    () => take({ ...three, images: three.images.subarray(1) }, 1),
    (error: unknown) => error instanceof ShapeError && /wanted 6 bytes of images, got 5/.test(error.message),
  )
  assert.throws(
    () => subset({ ...three, mean: [0, 0] }, [0]),
    (error: unknown) => error instanceof ShapeError && /1 channels, but 2 means/.test(error.message),
  )
})

test.run()
