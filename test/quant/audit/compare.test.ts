import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UnsupportedError } from '../../../engine/base/errors.ts'
import {
  type BackendResult,
  compareBackends,
  floatLogits,
  floatReference,
  formatBits,
  jobsOf,
  summarise,
} from '../../../quant/audit/compare.ts'
import { findBackend } from '../../../quant/backends/index.ts'
import { messageOf } from '../../support/messageOf.ts'
import { layersWithLoudChannel, randomData } from './networks.ts'

const test = suite('compare')
const onnx = findBackend('onnx-spec')
const gpu = { ...findBackend('gpu-sym-entropy'), activationBits: [8, 4] }
const real = findBackend('bf16-act-w8')

test('jobs go width by width, over the back ends that can', () => {
  const eightOnly = { ...onnx, name: 'eight', weightBits: [8] }
  const jobs = jobsOf(
    [onnx, eightOnly, gpu],
    [{ weightBits: 8 }, { weightBits: 4 }, { weightBits: 4, activationBits: 4 }],
  )
  assert.equal(
    jobs.map((job) => `${job.backend.name} ${formatBits(job)}`),
    [
      'onnx-spec W8A8',
      'eight W8A8',
      'gpu-sym-entropy W8A8',
      'onnx-spec W4A8',
      'gpu-sym-entropy W4A8',
      'gpu-sym-entropy W4A4',
    ],
  )
})

test('a width that nobody has is refused with those that there are', () => {
  assert.match(
    messageOf(UnsupportedError, () => jobsOf([onnx], [{ weightBits: 5 }])),
    /none of the back ends can express 5-bit weights; they can express 8, 4/,
  )
  assert.match(
    messageOf(UnsupportedError, () => jobsOf([onnx, real], [{ weightBits: 8, activationBits: 4 }])),
    /8-bit weights with 4-bit activations/,
  )
})

test('real activations are named by their format', () => {
  assert.is(formatBits({ backend: real, weightBits: 8 }), 'W8BF16')
})

test('the comparison is that of its parts, batches joined in order', () => {
  const model = layersWithLoudChannel(null)
  const { calibration, test: data } = randomData()
  const batches = [data[0], randomData(10).test[0]]
  const progress: string[] = []
  const { float, backends, summary } = compareBackends({
    ...model,
    backends: [onnx, gpu],
    weightBits: [8, 4],
    calibration,
    test: batches,
    onProgress: (what, done, total) => progress.push(`${done}/${total} ${what}`),
  })
  const { logits, quality } = floatReference(model, batches)
  assert.equal(float, quality)
  assert.is(logits.length, 74 * 4)
  assert.equal(logits.slice(64 * 4), floatLogits(model.graph, model.parameters, batches[1].images).data)
  assert.is(backends.length, 4)
  for (const row of backends) assert.is(row.drop, row.top1 - float.top1)
  assert.equal(progress[1], '0/4 onnx-spec W8A8')
  assert.equal(
    summary.map(({ bits }) => bits),
    ['W8A8', 'W4A8'],
  )
})

test('the summary by hand', () => {
  const row = (name: string, top1: number, drop: number, sqnrDb: number): BackendResult => ({
    name,
    bits: 'W8A8',
    top1,
    drop,
    sqnrDb,
    logitMse: 0,
    brier: 0,
    ece: 0,
  })
  assert.equal(summarise([row('a', 0.75, 0.25, 20), row('b', 0.25, -0.25, 10)]), [
    { bits: 'W8A8', meanTop1: 0.5, meanDrop: 0, worstDrop: -0.25, worst: 'b', spread: 0.5, meanSqnrDb: 15 },
  ])
})

test.run()
