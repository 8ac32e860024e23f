import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError, UsageError } from '../../../engine/base/errors.ts'
import { type BatchOptions, batches, normalisationTable } from '../../../models/data/batches.ts'
import { type Dataset, statistics } from '../../../models/data/dataset.ts'

const test = suite('batches')

/** Ten 2-channel images of 2 x 2; image i, channel c, pixel p is 20 i + 10 c + p, its label i mod 3. */
const ten: Dataset = {
  name: 'ten',
  classes: ['a', 'b', 'c'],
  shape: [2, 2, 2],
  images: Uint8Array.from({ length: 80 }, (_, k) => 20 * Math.floor(k / 8) + 10 * (Math.floor(k / 4) % 2) + (k % 4)),
  labels: Uint8Array.from({ length: 10 }, (_, i) => i % 3),
  mean: [0, 0.5],
  std: [1, 0.25],
}

function all(options: BatchOptions) {
  return [...batches(ten, options)]
}

function order(options: BatchOptions): number[] {
  return all(options).flatMap((batch) => [...batch.indices])
}

test('normalisation: NumPy float32, operation by operation', () => {
  const mnist = normalisationTable(statistics.mnist)
  assert.is(mnist.length, 256)
  assert.equal(
    [0, 1, 127, 255].map((v) => mnist[v]),
    [-0.4242129623889923, -0.4114847183227539, 1.192272663116455, 2.821486711502075],
  )
  const cifar10 = normalisationTable(statistics.cifar10)
  assert.equal(
    [0, 100, 255, 256, 356, 511, 512, 612, 767].map((v) => cifar10[v]),
    [
      -1.9894737005233765, -0.40179407596588135, 2.0591094493865967, -1.9802875518798828, -0.36978697776794434,
      2.12648868560791, -1.7068043947219849, -0.20773370563983917, 2.115825891494751,
    ],
  )
})

test('in order: sizes, labels, values by channel', () => {
  const [first, second, third] = all({ size: 4 })
  assert.equal(
    [first.images.shape, third.images.shape],
    [
      [4, 2, 2, 2],
      [2, 2, 2, 2],
    ],
  )
  assert.is(first.labels.dtype, 'int32')
  assert.equal([...second.indices], [4, 5, 6, 7])
  assert.equal([...second.labels.data], [1, 2, 0, 1])
  // Image 9, channel 0, pixel 3 is 183; channel 1, pixel 0 is 190.
  assert.is(third.images.data[8 + 3], Math.fround(183 / 255))
  assert.is(third.images.data[8 + 4], Math.fround((Math.fround(190 / 255) - 0.5) * 4))
})

test('dropLast', () => {
  assert.equal(
    all({ size: 4, dropLast: true }).map((batch) => batch.indices.length),
    [4, 4],
  )
  assert.is(all({ size: 5, dropLast: true }).length, 2)
  assert.is(all({ size: 11, dropLast: true }).length, 0)
  assert.is(all({ size: 11 }).length, 1)
})

test('shuffle: each image once, repeatable, another order for each epoch and seed', () => {
  const shuffled = order({ size: 3, shuffle: true, seed: 1 })
  assert.equal(
    [...shuffled].sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  )
  assert.not.equal(shuffled, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  assert.equal(order({ size: 3, shuffle: true, seed: 1 }), shuffled)
  assert.equal(order({ size: 4, shuffle: true, seed: 1 }), shuffled)
  assert.not.equal(order({ size: 3, shuffle: true, seed: 1, epoch: 1 }), shuffled)
  assert.not.equal(order({ size: 3, shuffle: true, seed: 2 }), shuffled)
})

test('augmentation depends on the image, not on batch size or order', () => {
  const byIndex = (options: BatchOptions): Map<number, string> => {
    const seen = new Map<number, string>()
    for (const { images, indices } of batches(ten, {
      ...options,
      augment: { pad: 1, flip: true },
      seed: 4,
      epoch: 2,
    })) {
      for (const [i, index] of indices.entries()) seen.set(index, images.data.subarray(8 * i, 8 * i + 8).join())
    }
    return seen
  }
  const wanted = byIndex({ size: 3 })
  assert.is(wanted.size, 10)
  const shuffled = byIndex({ size: 7, shuffle: true })
  for (const [index, values] of wanted) assert.is(shuffled.get(index), values)
})

test('the padding is a zero byte, normalised', () => {
  const zeros = [0, -2]
  for (const { images } of batches(ten, { size: 10, augment: { pad: 2 } })) {
    let padded = 0
    for (let k = 0; k < images.size; k++) {
      const channel = Math.floor(k / 4) % 2
      const untouched = [...ten.images].some((v, j) => {
        const normalised = channel === 0 ? v / 255 : (Math.fround(v / 255) - 0.5) * 4
        return Math.floor(j / 4) % 2 === channel && Math.fround(normalised) === images.data[k]
      })
      if (images.data[k] === zeros[channel]) padded++
      else assert.ok(untouched, `element ${k} is ${images.data[k]}`)
    }
    assert.ok(padded > 0)
  }
})

test('an empty data set has no batches', () => {
  assert.is(
    [...batches({ ...ten, images: new Uint8Array(0), labels: new Uint8Array(0) }, { size: 4, shuffle: true })].length,
    0,
  )
})

test('options that make no sense are refused at once', () => {
  const refused = (options: BatchOptions, message: RegExp): void => {
    assert.throws(
      () => batches(ten, options),
      (error: unknown) => error instanceof UsageError && message.test(error.message),
    )
  }
  for (const size of [0, -1, 1.5, Number.NaN]) refused({ size }, /size of a batch/)
  for (const epoch of [-1, 0.5]) refused({ size: 1, epoch }, /epoch/)
  refused({ size: 1, augment: { pad: 3 } }, /pad/)
  assert.throws(
    () => batches({ ...ten, labels: new Uint8Array(9) }, { size: 1 }),
    (error: unknown) => error instanceof ShapeError && /wanted 72 bytes/.test(error.message),
  )
})

test.run()
