import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../engine/base/errors.ts'
import { synthetic } from '../../../models/data/synthetic.ts'

const test = suite('synthetic data set')

test('the bytes of an independent implementation', () => {
  // Computed by a separate program in Python (big-integer Philox, its own drawing code) from the same description.
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
  const train = synthetic({ count: 100 }).images
  assert.equal([...train.subarray(0, 6)], [188, 155, 178, 138, 170, 140])
  assert.is(sha256(train), 'f642c194d965febf897fa7cb80e2b7515c5affec598637f83dbb6b6d18dccde4')
  assert.is(
    sha256(synthetic({ split: 'test', count: 100, seed: 1 }).images),
    'bb6cfc96ad8b40ed30cdd9d71b3be25eb2cf965195c2a004db270fd0da62fd51',
  )
})

test('shape, classes, labels', () => {
  const dataset = synthetic({ count: 25 })
  assert.equal(dataset.shape, [1, 16, 16])
  assert.is(dataset.images.length, 25 * 256)
  assert.is(new Set(dataset.classes).size, 10)
  assert.equal(
    [...dataset.labels],
    [...Array(25).keys()].map((i) => i % 10),
  )
})

test('a smaller set is the beginning of a larger one', () => {
  assert.equal(synthetic({ count: 7 }).images, synthetic({ count: 20 }).images.slice(0, 7 * 256))
})

test('no image twice: not within a split, not across splits or seeds', () => {
  const seen = new Set<string>()
  const sets = [synthetic({ count: 500 }), synthetic({ count: 500, split: 'test' }), synthetic({ count: 500, seed: 1 })]
  for (const { images } of sets) {
    for (let i = 0; i < 500; i++) seen.add(images.subarray(i * 256, (i + 1) * 256).join())
  }
  assert.is(seen.size, 1500)
})

test('mean and standard deviation are the documented ones', () => {
  const { images, mean, std } = synthetic({ count: 3000, seed: 5 })
  let sum = 0
  let squares = 0
  for (const v of images) {
    sum += v / 255
    squares += (v / 255) ** 2
  }
  const measured = sum / images.length
  assert.ok(Math.abs(measured - mean[0]) < 0.015, `mean ${measured}`)
  const deviation = Math.sqrt(squares / images.length - measured ** 2)
  assert.ok(Math.abs(deviation - std[0]) < 0.015, `std ${deviation}`)
})

test('options that make no sense', () => {
  for (const count of [0, -1, 2.5, 1e7]) {
    assert.throws(
      () => synthetic({ count }),
      (error: unknown) => error instanceof UsageError && /count/.test(error.message),
    )
  }
  assert.throws(() => synthetic({ count: 1, seed: -1 }), /seed/)
})

test.run()
