import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadRun, readConfig } from '../../cli/run.ts'
import { heldOutImages, loadRunImages, trainedCount, trainingImages } from '../../cli/runImages.ts'
import { evaluateFloat } from '../../cli/testImages.ts'
import { UsageError } from '../../engine/base/errors.ts'
import { subset } from '../../models/data/dataset.ts'
import { synthetic } from '../../models/data/synthetic.ts'
import { messageOf } from '../support/messageOf.ts'
import { type Result, runCommand, temporaryFolder } from './command.ts'

const test = suite('held-out training images')
const { folder, remove } = temporaryFolder()
test.after(remove)

const run = (...args: string[]): Promise<Result> => runCommand(folder, args)
const data = 'synthetic:count=192'
const small = ['--model', 'lenet', '--data', data, '--batch', '32', '--epochs', '2', '--quiet']
const evaluation = ['--calibration', '32', '--backends', 'onnx-spec', '--bits', '8', '--quiet']
const all = synthetic({ split: 'train', count: 192 })
/** Images 96 to 159: the last 64 of the first 160. */
const heldOut = subset(
  all,
  Array.from({ length: 64 }, (_, i) => 96 + i),
)

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await run(...args, '--json')
  assert.is(status, 0, stderr)
  return JSON.parse(stdout)
}

test('training and held-out images by hand', () => {
  const chosen = { limit: 160, holdOut: 64, batch: 32 }
  assert.is(trainedCount(chosen, 192), 96)
  assert.is(trainedCount({ ...chosen, limit: 500 }, 192), 128, 'the limit may be more than there is')
  assert.is(trainedCount({ ...chosen, limit: null, holdOut: null }, 192), 192)
  assert.equal([...trainingImages(chosen, all).labels], [...all.labels.subarray(0, 96)])
  const held = heldOutImages(chosen, all)
  assert.equal([...held.labels], [...heldOut.labels])
  assert.equal(Buffer.compare(held.images, heldOut.images), 0)
})

test('what leaves no batch is refused', () => {
  const refused = (holdOut: number): string =>
    messageOf(UsageError, () => trainedCount({ limit: 160, holdOut, batch: 32 }, 192))
  assert.is(trainedCount({ limit: 160, holdOut: 128, batch: 32 }, 192), 32)
  assert.match(
    refused(129),
    /^--hold-out 129: of 160 training images this leaves 31, no batch of 32; hold out at most 128/,
  )
  assert.match(refused(500), /this leaves 0,/)
})

test('train sets them aside, and measures on them', async () => {
  const held = await json('train', ...small, '--limit', '160', '--hold-out', '64', '--out', 'held')
  const fewer = await json('train', ...small, '--limit', '96', '--out', 'fewer')
  assert.equal([held.split, fewer.split], ['validation', 'test'])
  const config = readConfig(join(folder, 'held'))
  assert.is(config.holdOut, 64)
  const model = loadRun(join(folder, 'held'), config, all)
  const { parameters } = loadRun(join(folder, 'fewer'), config, all)
  for (const [name, { data: values }] of model.parameters) {
    assert.equal(values, parameters.get(name)?.data, `${name}: as if there were only the others`)
  }
  assert.is(held.floatTop1, evaluateFloat(model, heldOut).top1)
  assert.is(fewer.floatTop1, evaluateFloat(model, (await loadRunImages({ ...config, holdOut: null })).test).top1)
  assert.match(readFileSync(join(folder, 'held/report.html'), 'utf8'), /on 64 validation images of synthetic/)
  assert.match(readFileSync(join(folder, 'fewer/report.html'), 'utf8'), /on [\d,]+ test images of synthetic/)
})

test('eval measures on them, and says so', async () => {
  const found = await json('eval', 'held', ...evaluation)
  const config = readConfig(join(folder, 'held'))
  const model = loadRun(join(folder, 'held'), config, all)
  assert.is(found.split, 'validation')
  assert.equal(found.float, evaluateFloat(model, heldOut))
  assert.match(readFileSync(join(folder, 'held/report.html'), 'utf8'), /64 validation images of synthetic/)
  const { stdout } = await run('eval', 'held', ...evaluation, '--limit', '10', '--no-report')
  assert.match(stdout, /^10 validation images of synthetic:count=192\nback end /)
  const other = await json('eval', 'fewer', ...evaluation, '--limit', '10', '--no-report')
  assert.is(other.split, 'test')
})

test('back ends are not calibrated on them', async () => {
  const options = ['--form', 'program', '--backend', 'onnx-spec', '--calibration', '96']
  const held = await json('export', 'held', '--out', 'held.safetensors', ...options)
  const fewer = await json('export', 'fewer', '--out', 'fewer.safetensors', ...options)
  assert.is(held.sha256, fewer.sha256)
})

test('an experiment holds out for all its runs', async () => {
  const plan = {
    name: 'choice',
    data: [data],
    models: ['lenet'],
    methods: ['quant-trim'],
    training: { epochs: 2, batch: 32, limit: 160, 'hold-out': 64 },
    evaluation: { backends: ['onnx-spec'], bits: [8], calibration: 32 },
  }
  writeFileSync(join(folder, 'choice.json'), JSON.stringify(plan))
  const { status, stdout, stderr } = await run('experiment', 'choice.json', '--quiet')
  assert.is(status, 0, stderr)
  assert.match(stdout, /^choice\nMeasured on validation images\n/)
  const results = JSON.parse(readFileSync(join(folder, 'choice.results.json'), 'utf8'))
  assert.is(results.split, 'validation')
  assert.is(results.runs[0].config.holdOut, 64)
  const { float, backends } = await json('eval', 'held', ...evaluation, '--no-report')
  assert.equal(results.runs[0].comparison.float, float)
  assert.equal(results.runs[0].comparison.backends, backends)
  assert.match(readFileSync(join(folder, 'choice.report.html'), 'utf8'), /Measured on validation images\./)
  writeFileSync(
    join(folder, 'choice.json'),
    JSON.stringify({ ...plan, methods: [{ method: 'float', 'hold-out': 10 }] }),
  )
  assert.match(
    (await run('experiment', 'choice.json')).stderr,
    /methods\[0\]\.hold-out: there is no such option/,
    'all runs are measured on the same images',
  )
})

test('a run from before there was the option holds out nothing', async () => {
  const path = join(folder, 'fewer/config.json')
  const { holdOut, ...before } = JSON.parse(readFileSync(path, 'utf8'))
  assert.is(holdOut, null)
  writeFileSync(path, JSON.stringify(before))
  assert.is((await json('eval', 'fewer', ...evaluation, '--limit', '10', '--no-report')).split, 'test')
  assert.is((await run('train', ...small, '--limit', '96', '--out', 'fewer', '--resume')).status, 0)
})

test.run()
