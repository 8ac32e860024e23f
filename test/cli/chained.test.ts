import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readPlan } from '../../cli/experiment/plan.ts'
import type { ExperimentResults } from '../../cli/experiment/results.ts'
import { loadRun, readConfig } from '../../cli/run.ts'
import { checkBase } from '../../cli/runImages.ts'
import { UsageError } from '../../engine/base/errors.ts'
import { synthetic } from '../../models/data/synthetic.ts'
import { injectImbalance } from '../../quant/passes/injectImbalance.ts'
import { messageOf } from '../support/messageOf.ts'
import { type Result, runCommand, temporaryFolder } from './command.ts'

const test = suite('chained trainings')
const { folder, remove } = temporaryFolder()
test.after(remove)

const run = (...args: string[]): Promise<Result> => runCommand(folder, args)
const data = 'synthetic:count=96'
const small = ['--model', 'lenet', '--data', data, '--batch', '32', '--seed', '1', '--quiet', '--no-report']

async function train(...args: string[]): Promise<{ sha256: string; floatTop1: number }> {
  const { status, stdout, stderr } = await run('train', ...small, ...args, '--json')
  assert.is(status, 0, stderr)
  return JSON.parse(stdout)
}

test('train injects imbalance into what it begins with', async () => {
  const base = await train('--method', 'float', '--epochs', '2', '--out', 'base')
  // Without learning, what it begins with is what comes out.
  const still = ['--method', 'float', '--epochs', '1', '--learning-rate', '0', '--from', 'base', '--out', 'still']
  const injected = await train(
    ...still,
    '--inject-imbalance',
    '0.3',
    '--imbalance-range',
    '3,5',
    '--imbalance-seed',
    '7',
  )
  const pictures = synthetic({ split: 'train', count: 96 })
  const model = (name: string) => loadRun(join(folder, name), readConfig(join(folder, name)), pictures)
  const { graph, parameters } = model('base')
  const wanted = injectImbalance(graph, parameters, { fraction: 0.3, least: 3, greatest: 5, seed: 7 })
  for (const [name, { data: values }] of model('still').parameters) {
    assert.equal(values, wanted.parameters.get(name)?.data, name)
  }
  assert.not.equal(model('still').parameters.get('conv1.weight')?.data, parameters.get('conv1.weight')?.data)
  assert.is(injected.floatTop1, base.floatTop1, 'the same function')
  const config = readConfig(join(folder, 'still'))
  assert.equal(config.imbalance, { fraction: 0.3, least: 3, greatest: 5, seed: 7 })
  assert.is(config.startsFrom, base.sha256)
  const told = await run(
    'train',
    ...small.filter((arg) => arg !== '--quiet'),
    ...still,
    '--inject-imbalance',
    '0.3',
    '--force',
  )
  // Layers of 6, 16, 120 and 84 channels.
  assert.match(told.stderr, /^imbalance injected: 68 of 226 channels between 4 pairs of layers$/m)
  assert.equal(
    readConfig(join(folder, 'still')).imbalance,
    { fraction: 0.3, least: 2, greatest: 12, seed: 1 },
    "by default the run's seed",
  )
})

const refused: [args: string[], message: RegExp][] = [
  [['--inject-imbalance', '0.1'], /--inject-imbalance: is done to trained weights; say which with --from/],
  [['--from', 'base', '--inject-imbalance', '2'], /--inject-imbalance 2: wanted a number from 0 to 1/],
  [['--from', 'base', '--imbalance-range', '2,4'], /--imbalance-range: says how, but --inject-imbalance is missing/],
  [
    ['--from', 'base', '--inject-imbalance', '0.1', '--imbalance-range', '2'],
    /--imbalance-range 2: wanted two numbers/,
  ],
  [['--from', 'base', '--inject-imbalance', '0.1', '--imbalance-range', '4,2'], /factors from 4 to 2; wanted two/],
  [['--from', 'base', '--inject-imbalance', '0.1', '--imbalance-range', '2,x'], /factors from 2 to NaN/],
  [['--from', 'base', '--hold-out', '32'], /--hold-out 32: held out are the images from 64 on, but .* the first 96/],
]
for (const [args, message] of refused) {
  test(`refused: ${args.join(' ')}`, async () => {
    const { status, stderr } = await run('train', ...small, ...args, '--out', 'never')
    assert.is(status, 2)
    assert.match(stderr, message)
  })
}

test('held-out images must not have been trained on before', () => {
  const config = { data: 'd', limit: 100, holdOut: 20, batch: 10 }
  checkBase(config, config, 500)
  checkBase({ ...config, limit: 60, holdOut: null }, config, 500)
  checkBase({ ...config, data: 'other', holdOut: null }, config, 500)
  checkBase({ ...config, limit: null, holdOut: null }, { ...config, holdOut: null }, 500)
  const message = messageOf(UsageError, () => checkBase({ ...config, limit: null }, config, 500))
  assert.match(message, /from 80 on, but the run that it begins with was trained on the first 480/)
})

const experiment = {
  name: 'fragile',
  data: [data],
  models: [
    'lenet',
    { name: 'fragile', model: 'lenet', from: { method: 'float' }, 'inject-imbalance': 0.15, 'learning-rate': 0.01 },
  ],
  methods: ['float', 'qat'],
  seeds: [0, 1],
  training: { epochs: 1, batch: 32 },
  evaluation: { backends: ['onnx-spec'], bits: [8], calibration: 32 },
}

async function runExperiment(plan: object): Promise<{ results: ExperimentResults; stderr: string }> {
  writeFileSync(join(folder, 'fragile.json'), JSON.stringify(plan))
  const { status, stderr } = await run('experiment', 'fragile.json', '--workers', '2', '--cache', 'cache')
  assert.is(status, 0, stderr)
  return { results: JSON.parse(readFileSync(join(folder, 'fragile.results.json'), 'utf8')), stderr }
}

let first: ExperimentResults

test('a base that is a cell as well is trained once; cells begin with its checkpoint', async () => {
  const { results, stderr } = await runExperiment(experiment)
  first = results
  assert.match(stderr, /0 of 8 trainings are in the cache/)
  assert.match(stderr, /training: epochs 8\/8/)
  assert.equal(
    results.runs.map(({ model, method, seed }) => `${model} ${method} ${seed}`),
    ['lenet', 'fragile'].flatMap((model) => ['float 0', 'float 1', 'qat 0', 'qat 1'].map((rest) => `${model} ${rest}`)),
  )
  for (const [i, chained] of results.runs.slice(4).entries()) {
    const base = results.runs[i % 2]
    assert.is(chained.base?.sha256, base.sha256)
    assert.is(chained.base?.hash, base.hash)
    assert.is(chained.base?.floatTop1, base.comparison.float.top1)
    assert.is(chained.config.startsFrom, base.sha256)
    assert.equal(chained.config.imbalance, { fraction: 0.15, least: 2, greatest: 12, seed: i % 2 })
    assert.equal(chained.base?.config, base.config, 'the learning rate is not the base')
  }
  assert.not('base' in results.runs[0])
})

test('the same by hand', async () => {
  const options = ['--epochs', '1', '--no-report']
  await train('--method', 'float', ...options, '--out', 'by-hand')
  const { sha256 } = await train(
    ...['--method', 'qat', ...options, '--learning-rate', '0.01', '--out', 'tuned'],
    ...['--from', 'by-hand', '--inject-imbalance', '0.15'],
  )
  assert.is(sha256, first.runs[7].sha256)
})

test('nothing changed: nothing computed; another code of a base: what hangs on it is computed again', async () => {
  assert.match((await runExperiment(experiment)).stderr, /8 of 8 trainings are in the cache\n8 of 8 evaluations/)
  const record = join(folder, 'cache', first.runs[0].hash, 'training.json')
  const made = JSON.parse(readFileSync(record, 'utf8'))
  writeFileSync(record, JSON.stringify({ ...made, madeBy: { ...made.madeBy, code: 'another' } }))
  const { results, stderr } = await runExperiment(experiment)
  assert.match(stderr, /5 of 8 trainings are in the cache/)
  assert.equal(
    results.runs.map(({ sha256 }) => sha256),
    first.runs.map(({ sha256 }) => sha256),
  )
})

test('a base of other options: it and what hangs on it are computed, and it is no result', async () => {
  const [plain, fragile] = experiment.models
  const changed = { ...(fragile as object), from: { method: 'float', epochs: 2 } }
  const { results, stderr } = await runExperiment({ ...experiment, models: [plain, changed] })
  assert.match(stderr, /4 of 10 trainings are in the cache/)
  assert.match(stderr, /training: epochs 8\/8/)
  assert.is(results.runs.length, 8)
  assert.equal(
    results.runs.slice(0, 4).map(({ sha256 }) => sha256),
    first.runs.slice(0, 4).map(({ sha256 }) => sha256),
  )
  for (const [i, chained] of results.runs.slice(4).entries()) {
    assert.is(chained.base?.config.epochs, 2)
    assert.is(chained.config.epochs, 1)
    assert.is.not(chained.hash, first.runs[4 + i].hash)
    assert.is.not(chained.sha256, first.runs[4 + i].sha256)
  }
})

test('a checkpoint begun with another base does not count, whatever code is trusted', async () => {
  const path = join(folder, 'cache', first.runs[4].hash, 'config.json')
  const config = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...config, startsFrom: 'another' }))
  writeFileSync(join(folder, 'fragile.json'), JSON.stringify(experiment))
  const { stderr } = await run('experiment', 'fragile.json', '--cache', 'cache', '--any-code')
  assert.match(stderr, /7 of 8 trainings are in the cache/)
})

test('what is wrong with "from" is said with its place', () => {
  const at = (changes: object, training: object = {}): string =>
    messageOf(UsageError, () =>
      readPlan(
        JSON.stringify({
          ...experiment,
          models: [{ model: 'lenet', ...changes }],
          training: { ...experiment.training, ...training },
        }),
        'x.json',
      ),
    )
  assert.match(at({ from: 'float' }), /models\[0\]\.from: wanted an object with "method", and options/)
  assert.match(at({ from: { method: 'none' } }), /models\[0\]\.from: there is no method 'none'/)
  assert.match(at({ from: { method: 'float', depht: 1 } }), /models\[0\]\.from\.depht: there is no such option/)
  assert.match(at({ from: { method: 'float', 'hold-out': 1 } }), /models\[0\]\.from\.hold-out: there is no such option/)
  assert.match(at({ from: { method: 'float', warmup: 0.9, middle: 2 } }), /models\[0\]\.from\.middle: --middle 2/)
  assert.match(
    at({ from: { method: 'float', depth: 8 } }),
    /lenet x float on synthetic:count=96, from: --depth: model lenet has no such option/,
  )
  assert.match(at({ 'inject-imbalance': 0.1 }), /--inject-imbalance: is done to trained weights/)
  assert.match(
    messageOf(UsageError, () =>
      readPlan(JSON.stringify({ ...experiment, methods: [{ method: 'qat', from: { method: 'float' } }] }), 'x.json'),
    ),
    /methods\[0\]\.from: there is no such option/,
  )
})

test('methods that differ in the export step only are trained once, and give what each gives by itself', async () => {
  const exported = { 'export-clips': true, 'export-centred-logits': true, 'batch-norm-batches': 2 }
  const plan = {
    name: 'twins',
    data: [data],
    models: ['lenet'],
    methods: ['qat', { name: 'qat exported', method: 'qat', ...exported }],
    seeds: [1],
    training: { epochs: 2, batch: 32 },
    evaluation: { backends: ['onnx-spec'], bits: ['8'], limit: 8 },
  }
  writeFileSync(join(folder, 'twins.json'), JSON.stringify(plan))
  const { status, stderr } = await run('experiment', 'twins.json', '--cache', 'twins', '--workers', '1')
  assert.is(status, 0, stderr)
  const { runs, seconds } = JSON.parse(readFileSync(join(folder, 'twins.results.json'), 'utf8')) as ExperimentResults
  const alone = ['--method', 'qat', '--epochs', '2']
  const plain = await train(...alone, '--out', 'plain')
  const flags = ['--export-clips', '--export-centred-logits', '--batch-norm-batches', '2']
  const twin = await train(...alone, ...flags, '--out', 'twin')
  assert.equal(
    runs.map(({ sha256 }) => sha256),
    [plain.sha256, twin.sha256],
  )
  const metrics = (name: string): string => readFileSync(join(folder, 'twins', name, 'metrics.jsonl'), 'utf8')
  // Seconds included: the second was not trained again.
  assert.is(metrics(runs[0].hash), metrics(runs[1].hash))
  assert.is(seconds.training, runs[0].seconds.training, 'the time of both is counted once')
})

test.run()
