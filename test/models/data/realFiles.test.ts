import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Dataset } from '../../../models/data/dataset.ts'
import { loadDataset } from '../../../models/data/load.ts'

const test = suite('real MNIST and CIFAR-10 files')

// From the compiled test in dist/test/models/data to a folder beside the repository.
const folder = fileURLToPath(new URL('../../../../../shared/data/', import.meta.url))

/** Mean and standard deviation of one channel, in exact integer sums. */
function measure({ images, shape }: Dataset, channel: number): { mean: number; std: number } {
  const plane = shape[1] * shape[2]
  let count = 0
  let sum = 0
  let squares = 0
  for (let start = channel * plane; start < images.length; start += shape[0] * plane) {
    for (let i = start; i < start + plane; i++) {
      sum += images[i]
      squares += images[i] * images[i]
    }
    count += plane
  }
  const mean = sum / count
  return { mean: mean / 255, std: Math.sqrt(squares / count - mean * mean) / 255 }
}

if (existsSync(`${folder}mnist`)) {
  test('MNIST', async () => {
    const train = await loadDataset(`mnist:${folder}mnist`, { split: 'train' })
    assert.is(train.labels.length, 60_000)
    assert.equal(train.shape, [1, 28, 28])
    assert.equal([...train.labels.subarray(0, 5)], [5, 0, 4, 1, 9])
    // The documented constants are this set's own, to four places.
    const { mean, std } = measure(train, 0)
    assert.is(mean.toFixed(4), train.mean[0].toFixed(4))
    assert.is(std.toFixed(4), train.std[0].toFixed(4))
    const tested = await loadDataset(`mnist:${folder}mnist`, { split: 'test' })
    assert.is(tested.labels.length, 10_000)
    assert.equal([...tested.labels.subarray(0, 5)], [7, 2, 1, 0, 4])
  })
} else console.log(`skipped: no MNIST files in ${folder}mnist`)

if (existsSync(`${folder}cifar10`)) {
  test('CIFAR-10', async () => {
    const train = await loadDataset(`cifar10:${folder}cifar10`, { split: 'train' })
    assert.ok(train.labels.length > 0 && train.labels.length % 10_000 === 0)
    assert.is(train.classes[8], 'ship')
    // Part of the training set, and recompressed: the constants hold nearly.
    for (const channel of [0, 1, 2]) {
      const { mean, std } = measure(train, channel)
      assert.ok(Math.abs(mean - train.mean[channel]) < 0.005, `mean of channel ${channel}: ${mean}`)
      assert.ok(Math.abs(std - train.std[channel]) < 0.005, `std of channel ${channel}: ${std}`)
    }
    const tested = await loadDataset(`cifar10:${folder}cifar10`, { split: 'test', limit: 20_000 })
    assert.is(tested.labels.length, 10_000)
    const counts = new Array(10).fill(0)
    for (const label of tested.labels) counts[label]++
    assert.equal(counts, new Array(10).fill(1000))
  })
} else console.log(`skipped: no CIFAR-10 files in ${folder}cifar10`)

test.run()
