import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../engine/base/errors.ts'
import { measureProgram, memoryOf } from '../../../quant/audit/edge.ts'
import { onnxSpec } from '../../../quant/backends/onnxSpec.ts'
import { handProgram } from '../integer/hand.ts'

const test = suite('measuring programs')

/** A clock by which the runs take the given times, in order. */
function clockOf(times: readonly number[]): () => number {
  let now = 0
  let calls = 0
  return () => {
    // Two readings a run: the second is later by the run's time.
    if (calls++ % 2 === 1) now += times[(calls / 2 - 1) % times.length]
    return now
  }
}

test('median and 95th percentile are nearest ranks; throughput is the fastest of three batches', () => {
  const program = handProgram(onnxSpec)
  const clock = clockOf([4, 1, 3, 2, 8, 5, 10])
  const measured = measureProgram(program, { clock, runs: 4, warmup: 0, batch: 20 })
  assert.is(measured.medianMs, 2)
  assert.is(measured.p95Ms, 4)
  assert.is(measured.imagesPerSecond, 4000)
})

test('memory is that of constants and buffers', () => {
  // A weight of 1 byte, a bias of 4, and one code each for the input and the result.
  assert.is(memoryOf(handProgram(onnxSpec)), 7)
})

test('refuses counts that make no sense', () => {
  const clock = (): number => 0
  for (const wrong of [{ runs: 0 }, { batch: 0 }, { runs: Number.NaN }]) {
    assert.throws(
      () => measureProgram(handProgram(onnxSpec), { clock, ...wrong }),
      (error: unknown) => error instanceof UsageError,
    )
  }
})

test.run()
