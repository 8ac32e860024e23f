import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../../engine/base/errors.ts'
import { MinMaxObserver } from '../../../../quant/affine/observers/minMax.ts'
import { type BatchStatistic, PerBatchObserver } from '../../../../quant/affine/observers/perBatch.ts'
import { createObserver, type ObserverSpec } from '../../../../quant/integer/observerSpec.ts'
import { throwsWith } from '../throwsWith.ts'

const test = suite('ranges of batches, joined')

function joined(statistic: BatchStatistic, batches: number[][]): { lo: number; hi: number } {
  const observer = new PerBatchObserver(() => new MinMaxObserver(), statistic)
  for (const batch of batches) observer.observe(Float32Array.from(batch))
  return observer.range()
}

test('hand-computed statistics', () => {
  const batches = [[0, 2], [], [-1, 4], [-0.5, 3], [-1, 4]]
  assert.equal(joined('mean', batches), { lo: -0.625, hi: 3.25 })
  assert.equal(joined('median', batches), { lo: -0.75, hi: 3.5 })
  assert.equal(joined('mode', batches), { lo: -1, hi: 4 })
  assert.equal(joined('union', batches), { lo: -1, hi: 4 })
})

test('the mode of equally frequent ranges is the widest, then the earliest', () => {
  assert.equal(joined('mode', [[1], [3], [2]]), { lo: 0, hi: 3 })
  assert.equal(
    joined('mode', [
      [-1, 2],
      [-2, 1],
    ]),
    { lo: -1, hi: 2 },
  )
})

test('a range for positive batches holds 0', () => {
  assert.equal(joined('mean', [[1, 2], [3]]), { lo: 0, hi: 2.5 })
})

test('nothing observed', () => {
  throwsWith(() => joined('mean', [[]]), UsageError, /no values/)
})

test('as data', () => {
  const specs: ObserverSpec[] = [
    { kind: 'entropy' },
    { kind: 'mse', bits: 4 },
    { kind: 'histogram' },
    { kind: 'percentile', p: 0.99, sides: 1 },
    { kind: 'perBatch', statistic: 'median', observer: { kind: 'percentile', p: 1 } },
  ]
  for (const spec of specs) {
    const observer = createObserver(spec)
    observer.observe(Float32Array.from({ length: 1000 }, (_, i) => i / 500 - 1))
    const { lo, hi } = observer.range()
    assert.ok(lo < -0.2 && hi > 0.2, spec.kind)
  }
  const bad: ObserverSpec = { kind: 'perBatch', statistic: 'mean', observer: { kind: 'percentile', p: 3 } }
  throwsWith(() => createObserver(bad), UsageError, /p 3/)
})

test.run()
