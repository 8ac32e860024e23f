import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { located } from '../../cli/experiment/data.ts'
import { readPlan } from '../../cli/experiment/plan.ts'
import { type ExperimentResults, rangeOf, summariseRuns } from '../../cli/experiment/results.ts'
import { UsageError } from '../../engine/base/errors.ts'
import { messageOf } from '../support/messageOf.ts'
import { runCommand, temporaryFolder } from './command.ts'

const test = suite('experiment')
const { folder, remove } = temporaryFolder()
test.after(remove)

const experiment = {
  name: 'small',
  data: ['synthetic:count=192'],
  models: ['lenet'],
  methods: ['float', { name: 'early', method: 'quant-trim', warmup: 0.1 }],
  seeds: [0, 1],
  training: { epochs: 2, batch: 32 },
  evaluation: { backends: ['onnx-spec', 'bf16-act-w8'], bits: [8, 4], limit: 60, calibration: 32, cost: true },
}
const file = 'small.json'
writeFileSync(join(folder, file), JSON.stringify(experiment))

/** Results without times, which differ each time. */
function timeless(results: ExperimentResults): unknown {
  const { seconds: _all, runs, ...rest } = results
  return { ...rest, runs: runs.map(({ seconds: _one, ...run }) => run) }
}

const results = (out: string): ExperimentResults =>
  JSON.parse(readFileSync(join(folder, out, 'small.results.json'), 'utf8'))

test('runs every cell, and writes results and a report', async () => {
  const { status, stdout, stderr } = await runCommand(folder, ['experiment', file, '--out', 'one', '--workers', '1'])
  assert.is(status, 0, stderr)
  assert.match(stdout, /lenet {2}early {3}W4BF16/)
  assert.match(stderr, /0 of 4 trainings are in the cache/)
  assert.match(stderr, /training: epochs 8\/8/)
  assert.match(stderr, /evaluation: runs 4\/4/)
  const { runs, summary, format, seconds } = results('one')
  assert.is(format, 'quant-trim experiment 1')
  assert.equal(
    runs.map(({ method, seed }) => `${method} ${seed}`),
    ['float 0', 'float 1', 'early 0', 'early 1'],
  )
  assert.is(runs[2].config.methodOptions.curriculum.warmup, 0.1)
  assert.is(runs[0].comparison.backends.length, 4)
  assert.is(runs[0].cost?.rows.length, 4)
  assert.is(summary.length, 8)
  assert.is(summary[0].seeds, 2)
  assert.ok(seconds.wall > 0 && seconds.training > 0)
  assert.match(readFileSync(join(folder, 'one/small.report.html'), 'utf8'), /<html/)
})

test('the same command computes nothing more, and gives the same file', async () => {
  const before = readFileSync(join(folder, 'one/small.results.json'), 'utf8')
  const { status, stderr } = await runCommand(folder, ['experiment', file, '--out', 'one'])
  assert.is(status, 0)
  assert.match(stderr, /4 of 4 trainings are in the cache\n4 of 4 evaluations are in the cache/)
  assert.is(readFileSync(join(folder, 'one/small.results.json'), 'utf8'), before)
})

test('two workers, and an interruption, give the same results', async () => {
  const args = ['experiment', file, '--out', 'two', '--cache', 'other', '--workers', '2']
  const stopped = await runCommand(folder, args, 'training: epochs 3/8')
  assert.is(stopped.status, 130, stopped.stderr)
  assert.match(stopped.stderr, /the same command goes on/)
  assert.not(existsSync(join(folder, 'two/small.results.json')))
  const resumed = await runCommand(folder, args)
  assert.is(resumed.status, 0, resumed.stderr)
  assert.equal(timeless(results('two')), timeless(results('one')))
})

test('what another code made does not count, unless asked', async () => {
  const runs = join(folder, 'other')
  const [run] = readdirSync(runs).filter((name) => !name.startsWith('wall'))
  const record = join(runs, run, 'training.json')
  const made = JSON.parse(readFileSync(record, 'utf8'))
  writeFileSync(record, JSON.stringify({ ...made, madeBy: { ...made.madeBy, code: 'another' } }))
  const args = ['experiment', file, '--out', 'two', '--cache', 'other', '--workers', '2']
  const trusting = await runCommand(folder, [...args, '--any-code'])
  assert.match(trusting.stderr, /4 of 4 trainings/)
  const wary = await runCommand(folder, args)
  assert.match(wary.stderr, /3 of 4 trainings/)
  assert.equal(timeless(results('two')), timeless(results('one')))
})

test('a run of the cache is a run folder', async () => {
  const run = readdirSync(join(folder, 'other')).find((name) => !name.startsWith('wall')) as string
  const { status, stdout, stderr } = await runCommand(folder, [
    ...[
      'eval',
      join('other', run),
      '--limit',
      '20',
      '--backends',
      'onnx-spec',
      '--bits',
      '8',
      '--no-report',
      '--quiet',
    ],
    ...['--layers', '--attribute', '--calibration-trials', '2', '--cost', '--measure', '--threads', '2'],
  ])
  assert.is(status, 0, stderr)
  for (const heading of [
    /SQNR of each layer/,
    /onnx-spec W8A8: from float, one knob at a time/,
    /onnx-spec W8A8: the layers that hurt most/,
    /Calibration repeated over other images/,
    /Cost of one inference by a model\. A model, not a measurement\./,
    /Measured here: our own runtime on one thread/,
  ]) {
    assert.match(stdout, heading)
  }
})

test('all problems of a file are listed at once, with their places', () => {
  const wrong = {
    name: 'a b',
    data: [],
    models: ['lenet', { name: 'x' }, 'lenet', { model: 'lenet', epochs: 'many', depht: 3 }],
    methods: ['flaot'],
    seeds: [0, 0, -1],
    trainings: {},
    evaluation: { backends: ['onnx-spec', 'nobody'], limit: 0 },
  }
  const message = messageOf(UsageError, () => readPlan(JSON.stringify(wrong), 'x.json'))
  for (const part of [
    /^x\.json: \d+ problems:/,
    /trainings: there is no such key; wanted name, title/,
    /name: wanted a string of letters/,
    /data: wanted a list of names of data sets/,
    /seeds: wanted a list of integers from 0 on/,
    /models\[1\]: wanted a name, or an object with "model"/,
    /models\[3\]\.epochs: --epochs many: wanted an integer from 1 to 10000/,
    /models\[3\]\.depht: there is no such option/,
    /models: two are named 'lenet'/,
    /methods\[0\]: there is no method 'flaot'/,
    /evaluation\.limit: --limit 0: wanted an integer from 1/,
  ]) {
    assert.match(message, part)
  }
})

test('options that do not go together are problems too', () => {
  const at = (changes: object): string =>
    messageOf(UsageError, () => readPlan(JSON.stringify({ ...experiment, ...changes }), 'x.json'))
  assert.match(
    at({ models: [{ model: 'lenet', depth: 8 }] }),
    /lenet x float on .*--depth: model lenet has no such option/,
  )
  assert.match(at({ models: ['nothing'] }), /--model nothing: wanted one of/)
  assert.match(at({ models: ['a.onnx'] }), /experiments train models of the zoo/)
  assert.match(at({ evaluation: { backends: ['nobody'] } }), /evaluation: there is no back end 'nobody'/)
  assert.match(at({ evaluation: { bits: [5] } }), /evaluation: .*none of the back ends can express 5-bit weights/)
  assert.match(at({ training: { nesterov: 1 } }), /training\.nesterov: wanted true or false/)
  assert.match(
    messageOf(UsageError, () => readPlan('{', 'x.json')),
    /^x\.json is not JSON/,
  )
  assert.match(
    messageOf(UsageError, () => readPlan('[]', 'x.json')),
    /wanted a JSON object/,
  )
})

test('bad files end with status 2', async () => {
  writeFileSync(join(folder, 'bad.json'), '{"name": 1}')
  const { status, stderr } = await runCommand(folder, ['experiment', 'bad.json'])
  assert.is(status, 2)
  assert.match(stderr, /name: wanted a string/)
  assert.is((await runCommand(folder, ['experiment'])).status, 2)
  assert.is((await runCommand(folder, ['experiment', 'missing.json'])).status, 2)
  rmSync(join(folder, 'bad.json'))
})

test('a run that fails is named, and ends with status 1', async () => {
  const wild = {
    ...experiment,
    name: 'wild',
    methods: ['float'],
    training: { ...experiment.training, 'learning-rate': 1e30 },
  }
  writeFileSync(join(folder, 'wild.json'), JSON.stringify(wild))
  for (const workers of ['1', '2']) {
    const args = ['experiment', 'wild.json', '--workers', workers, '--cache', `wild${workers}`, '--quiet']
    const { status, stderr } = await runCommand(folder, args)
    assert.is(status, 1)
    assert.match(stderr, /^quant-trim: lenet float synthetic:count=192 seed 0: training: the loss is NaN/)
  }
})

test('a checkpoint that a back end cannot take does not stop the others', async () => {
  const collapsed = {
    ...experiment,
    name: 'collapsed',
    data: ['synthetic:count=64'],
    models: ['mobilenet'],
    methods: ['float', { name: 'too fast', method: 'float', 'learning-rate': 1e6 }],
    training: { epochs: 1, batch: 16 },
    evaluation: { backends: ['onnx-spec', 'tfl-int8-q31'], bits: [8], limit: 20, calibration: 16 },
  }
  writeFileSync(join(folder, 'collapsed.json'), JSON.stringify(collapsed))
  const args = ['experiment', 'collapsed.json', '--cache', 'collapsed', '--json']
  const { status, stdout, stderr } = await runCommand(folder, args)
  assert.is(status, 1, stderr)
  const { runs, failed, summary }: ExperimentResults = JSON.parse(stdout)
  assert.equal(
    runs.map(({ method, seed }) => `${method} ${seed}`),
    ['float 0', 'float 1'],
  )
  assert.equal(
    failed?.map(({ method, seed }) => `${method} ${seed}`),
    ['too fast 0', 'too fast 1'],
  )
  assert.match(failed?.[0].error ?? '', /lowering: step .*sum may reach/)
  assert.is(summary.length, 1)
  const report = readFileSync(join(folder, 'collapsed.report.html'), 'utf8')
  assert.match(report, /Failed, and not in any number here: mobilenet too fast/)
  assert.match((await runCommand(folder, args.slice(0, -1))).stdout, /Failed, and not in any number here/)
  writeFileSync(join(folder, 'collapsed.json'), JSON.stringify({ ...collapsed, methods: collapsed.methods.slice(1) }))
  const all = await runCommand(folder, args)
  assert.is(all.status, 1)
  assert.match(all.stderr, /quant-trim: mobilenet too fast synthetic:count=64 seed 0: lowering/)
})

test('the committed experiments are sound', () => {
  const root = fileURLToPath(new URL('../../../experiments/', import.meta.url))
  const files = readdirSync(root).filter((name) => name.endsWith('.json') && !name.endsWith('.results.json'))
  assert.ok(files.length >= 3)
  for (const name of files) {
    const plan = readPlan(readFileSync(join(root, name), 'utf8'), name)
    assert.is(`${plan.name}.json`, name)
    assert.ok(new Set(plan.cells.map(({ seed }) => seed)).size >= 3, 'a difference needs three seeds')
  }
})

test('relative folders of data sets are found below the root', () => {
  assert.is(located('cifar10:cifar', '/data'), 'cifar10:/data/cifar')
  assert.is(located('cifar10:/abs', '/data'), 'cifar10:/abs')
  assert.is(located('mnist:m', undefined), 'mnist:m')
  assert.is(located('synthetic:count=3', '/data'), 'synthetic:count=3')
})

test('ranges over seeds by hand', () => {
  assert.equal(rangeOf([1, 2, 6]), { mean: 3, least: 1, greatest: 6 })
  assert.equal(summariseRuns([]), [])
})

test.run()
