import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../engine/base/errors.ts'
import { distribution, planTrials, summariseTrials } from '../../../quant/audit/calibrationTrials.ts'

const test = suite('calibration trials')

test('nine trials meet every size with every batch, each with a seed of its own', () => {
  const trials = planTrials(9, 10000, 5)
  assert.equal(
    trials.map(({ seed }) => seed),
    [5, 6, 7, 8, 9, 10, 11, 12, 13],
  )
  const pairs = new Set(trials.map(({ images, batch }) => `${images}/${batch}`))
  const wanted = [32, 128, 512].flatMap((images) => [1, 16, 50].map((batch) => `${images}/${batch}`))
  assert.equal([...pairs].sort(), wanted.sort())
})

test('there are never more images than there are', () => {
  assert.equal(planTrials(2, 100, 7), [
    { seed: 7, images: 32, batch: 1 },
    { seed: 8, images: 100, batch: 1 },
  ])
  for (const [count, available] of [
    [0, 10],
    [1.5, 10],
    [1, 0],
  ]) {
    assert.throws(
      () => planTrials(count, available, 0),
      (error: unknown) => error instanceof UsageError,
    )
  }
})

test('distributions by hand', () => {
  const { deviation, ...rest } = distribution([6, 1, 2])
  assert.equal(rest, { least: 1, median: 2, greatest: 6, mean: 3 })
  // (4 + 1 + 9) / 2 = 7.
  assert.is(deviation, Math.sqrt(7))
  assert.equal(distribution([4, 2]), { least: 2, median: 3, greatest: 4, mean: 3, deviation: Math.SQRT2 })
  assert.equal(distribution([5]), { least: 5, median: 5, greatest: 5, mean: 5, deviation: 0 })
  const trials = [
    { seed: 1, images: 8, batch: 1, top1: 0.5, sqnrDb: 20 },
    { seed: 2, images: 8, batch: 1, top1: 0.7, sqnrDb: 10 },
  ]
  const summary = summariseTrials('b', 'W8A8', trials)
  assert.is(summary.top1.least, 0.5)
  assert.is(summary.sqnrDb.median, 15)
  assert.equal(summary.trials, trials)
})

test.run()
