import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NumericError, ShapeError, UsageError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { brier, expectedCalibrationError, logitMse, logitSqnrDb, topOne } from '../../../quant/audit/metrics.ts'

const test = suite('metrics')

const f32 = (...values: number[]): Float32Array => Float32Array.from(values)

function near(actual: number, wanted: number, tolerance = 1e-12): void {
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${actual}, wanted ${wanted}`)
}

/** Logits of two classes whose softmax is (p, 1 - p), but for the rounding of the logit to float32. */
const logitsOf = (p: number): number[] => [Math.log(p / (1 - p)), 0]

test('topOne: ties go to the lowest index', () => {
  assert.is(topOne(f32(1, 2, 3, 3), [1, 1]), 0.5)
  assert.is(topOne(f32(1, 2, 3, 3), [1, 0]), 1)
  assert.is(topOne(f32(-5, -7, -5, 0, 0, 0, -3, -2, -1), Uint8Array.of(0, 0, 2)), 1)
  assert.is(topOne(f32(-0, 0), [1]), 0)
  assert.is(topOne(f32(4), [0]), 1)
})

test('logitMse', () => {
  assert.is(logitMse(f32(1, 2), f32(1, 4)), 2)
  assert.is(logitMse(f32(3), f32(3)), 0)
  assert.is(logitMse(f32(3e38), f32(-3e38)), (2 * Math.fround(3e38)) ** 2)
})

test('logitSqnrDb', () => {
  near(logitSqnrDb(f32(3, 4), f32(3, 3.5)), 20)
  near(logitSqnrDb(f32(1, 0), f32(0, 1)), 10 * Math.log10(0.5))
  assert.is(logitSqnrDb(f32(1, 2), f32(1, 2)), Number.POSITIVE_INFINITY)
  assert.is(logitSqnrDb(f32(0, 0), f32(0, 0)), Number.POSITIVE_INFINITY)
  assert.is(logitSqnrDb(f32(0, 0), f32(0, 1)), Number.NEGATIVE_INFINITY)
})

test('brier by hand', () => {
  near(brier(f32(0, 0), [0]), 0.5)
  // Softmax (0.9, 0.1): right 0.1^2 + 0.1^2, wrong 0.9^2 + 0.9^2.
  near(brier(f32(...logitsOf(0.9), ...logitsOf(0.9)), [0, 1]), (0.02 + 1.62) / 2, 1e-7)
  assert.is(brier(f32(1000, 0), [0]), 0)
  assert.is(brier(f32(1000, 0), [1]), 2)
  // Far below 0: nothing underflows to 0 / 0.
  near(brier(f32(-3e38, -3e38), [0]), 0.5)
})

test('expectedCalibrationError by hand', () => {
  near(expectedCalibrationError(f32(0, 0), [1]), 0.5)
  near(expectedCalibrationError(f32(0, 0), [0]), 0.5)
  // Half of the samples with confidence 0.5 right: perfectly calibrated.
  near(expectedCalibrationError(f32(0, 0, 0, 0), [0, 1]), 0)
  // Confidences 0.9, 0.9 (one bin) and 0.6: |1 - 1.8| / 3 + |1 - 0.6| / 3.
  const logits = f32(...logitsOf(0.9), ...logitsOf(0.9), ...logitsOf(0.6))
  near(expectedCalibrationError(logits, [0, 1, 0]), (0.8 + 0.4) / 3, 1e-7)
})

test('expectedCalibrationError: bins include their right end', () => {
  // Confidence 1/2 (exactly) wrong and a little above 1/2 right. With two bins 1/2 belongs to the lower one: |0 - 0.5| / 2 +
  // |1 - c| / 2. In one bin it would be |1 - 0.5 - c| / 2.
  const c = 1 / (1 + Math.exp(-0.25))
  near(expectedCalibrationError(f32(0, 0, 0.25, 0), [1, 0], 2), (0.5 + (1 - c)) / 2)
  near(expectedCalibrationError(f32(0, 0, 0.25, 0), [1, 0], 1), Math.abs(1 - 0.5 - c) / 2)
  // Confidence 1 is in the last bin.
  assert.is(expectedCalibrationError(f32(1000, 0), [0]), 0)
  // One class: always certain.
  assert.is(expectedCalibrationError(f32(7), [0]), 0)
})

test('against formulas written the textbook way, with Math.exp', () => {
  const random = new RandomStream(1, 'metrics')
  const [n, k, bins] = [400, 7, 15]
  const logits = Float32Array.from({ length: n * k }, () => random.uniform() * 8 - 4)
  const labels = Array.from({ length: n }, () => random.integer(k))
  const rows = labels.map((label, i) => {
    const powers = [...logits.subarray(i * k, i * k + k)].map((z) => Math.exp(z))
    const total = powers.reduce((a, b) => a + b)
    const p = powers.map((e) => e / total)
    const top = Math.max(...p)
    return { p, label, top, right: p.indexOf(top) === label }
  })
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length
  near(topOne(logits, labels), mean(rows.map(({ right }) => (right ? 1 : 0))))
  near(
    brier(logits, labels),
    mean(rows.map(({ p, label }) => p.reduce((sum, value, c) => sum + (value - Number(c === label)) ** 2, 0))),
  )
  let calibration = 0
  for (let b = 0; b < bins; b++) {
    const inside = rows.filter(({ top }) => top > b / bins && top <= (b + 1) / bins)
    if (inside.length === 0) continue
    const accuracy = mean(inside.map(({ right }) => (right ? 1 : 0)))
    calibration += (inside.length / n) * Math.abs(accuracy - mean(inside.map(({ top }) => top)))
  }
  near(expectedCalibrationError(logits, labels), calibration)
})

test('lengths, labels and bins that do not fit', () => {
  for (const metric of [topOne, brier, expectedCalibrationError]) {
    assert.throws(
      () => metric(f32(1, 2, 3), [0, 1]),
      (error: unknown) => error instanceof ShapeError,
    )
    assert.throws(
      () => metric(f32(), []),
      (error: unknown) => error instanceof ShapeError,
    )
    assert.throws(
      () => metric(f32(), [0]),
      (error: unknown) => error instanceof ShapeError,
    )
    assert.throws(
      () => metric(f32(1, 2, 3, 4), [1, 2]),
      (error: unknown) =>
        error instanceof ShapeError && /label 1 is 2, but the logits have 2 classes/.test(error.message),
    )
  }
  for (const metric of [logitMse, logitSqnrDb]) {
    assert.throws(
      () => metric(f32(1, 2), f32(1)),
      (error: unknown) => error instanceof ShapeError,
    )
    assert.throws(
      () => metric(f32(), f32()),
      (error: unknown) => error instanceof ShapeError,
    )
  }
  for (const bins of [0, 1.5]) {
    assert.throws(
      () => expectedCalibrationError(f32(1, 2), [0], bins),
      (error: unknown) => error instanceof UsageError,
    )
  }
})

test('NaN and infinity are never scored', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (const metric of [topOne, brier, expectedCalibrationError]) {
      assert.throws(
        () => metric(f32(0, 1, value, 1), [0, 1]),
        (error: unknown) => error instanceof NumericError && /logit 2/.test(error.message),
      )
    }
    for (const metric of [logitMse, logitSqnrDb]) {
      assert.throws(
        () => metric(f32(0, value), f32(0, 0)),
        (error: unknown) => error instanceof NumericError,
      )
      assert.throws(
        () => metric(f32(0, 0), f32(0, value)),
        (error: unknown) => error instanceof NumericError,
      )
    }
  }
})

test.run()
