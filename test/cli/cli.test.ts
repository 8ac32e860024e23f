import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loadRun, readConfig } from '../../cli/run.ts'
import { backendNames } from '../../quant/backends/index.ts'
import { type Result, runCommand, temporaryFolder } from './command.ts'

const test = suite('command line')
const { folder, remove } = temporaryFolder()
test.after(remove)

const run = (args: string[], interruptAt?: string): Promise<Result> => runCommand(folder, args, interruptAt)

const small = ['--model', 'lenet', '--data', 'synthetic:count=192', '--batch', '32', '--epochs', '3', '--seed', '1']
let trained: { sha256: string; floatTop1: number; checkpoint: string }

test('train writes a run folder and one JSON object', async () => {
  const { status, stdout, stderr } = await run(['train', ...small, '--out', 'first', '--json'])
  assert.is(status, 0, stderr)
  trained = JSON.parse(stdout)
  const { sha256, floatTop1, checkpoint, ...rest } = JSON.parse(stdout)
  assert.equal(rest, { model: 'lenet', method: 'quant-trim', epochs: 3, seed: 1, split: 'test' })
  assert.ok(floatTop1 >= 0 && floatTop1 <= 1)
  assert.equal(readdirSync(join(folder, 'first')).sort(), [
    'checkpoint.safetensors',
    'checkpoint.sha256',
    'config.json',
    'metrics.jsonl',
    'report.html',
    'state.safetensors',
    'trim.jsonl',
  ])
  const bytes = readFileSync(join(folder, checkpoint))
  assert.is(createHash('sha256').update(bytes).digest('hex'), sha256)
  assert.is(readFileSync(join(folder, 'first/checkpoint.sha256'), 'utf8'), `${sha256}  checkpoint.safetensors\n`)
  const metrics = readFileSync(join(folder, 'first/metrics.jsonl'), 'utf8').trim().split('\n')
  assert.equal(
    metrics.map((line) => JSON.parse(line).epoch),
    [0, 1, 2],
  )
})

test('the report of a training shows its curves, that of an evaluation the back ends as well', async () => {
  const headings = (file: string): string[] =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading]) => heading)
  assert.equal(headings('first/report.html'), ['Training', 'Trimming'])
  const options = ['--limit', '50', '--calibration', '32', '--backends', 'onnx-spec', '--json']
  const written = await run(['eval', 'first', ...options, '--report', 'page.html'])
  assert.is(written.status, 0, written.stderr)
  assert.match(written.stderr, 'report: page.html')
  assert.equal(headings('page.html'), ['Accuracy on the back ends', 'Spread', 'Training', 'Trimming'])
  assert.equal(headings('first/report.html'), ['Training', 'Trimming'], 'not touched')
  const without = await run(['eval', 'first', ...options, '--no-report'])
  assert.is(without.stdout, written.stdout)
  assert.not.match(without.stderr, 'report')
})

test('the same command gives the same checkpoint', async () => {
  const { stdout } = await run(['train', ...small, '--out', 'second', '--json', '--quiet'])
  assert.is(JSON.parse(stdout).sha256, trained.sha256)
  const again = await run(['train', ...small, '--out', 'second', '--json', '--quiet'])
  assert.is(JSON.parse(again.stdout).sha256, trained.sha256, 'into the same folder as well')
  assert.is(again.stderr, '', '--quiet is quiet')
})

test('any number of threads gives the same checkpoint and the same comparison', async () => {
  const comparisons: string[] = []
  for (const threads of ['1', '2']) {
    const out = `threads${threads}`
    const { status, stdout, stderr } = await run([
      'train',
      ...small,
      '--threads',
      threads,
      '--out',
      out,
      '--json',
      '--quiet',
    ])
    assert.is(status, 0, stderr)
    assert.is(JSON.parse(stdout).sha256, trained.sha256)
    const options = ['--limit', '50', '--calibration', '32', '--backends', 'onnx-spec', '--json', '--quiet']
    comparisons.push((await run(['eval', out, '--threads', threads, ...options])).stdout)
  }
  assert.is(JSON.parse(comparisons[0]).backends.length, 2)
  assert.is(comparisons[1], comparisons[0])
})

test('a run interrupted after an epoch is resumed to the same checkpoint', async () => {
  const stopped = await run(['train', ...small, '--out', 'third'], 'epoch 1/3')
  assert.is(stopped.status, 130, stopped.stderr)
  assert.match(stopped.stderr, /add --resume to continue third/)
  assert.not(existsSync(join(folder, 'third/checkpoint.safetensors')))
  assert.is((await run(['eval', 'third'])).status, 2, 'an unfinished run is no run to evaluate')
  const resumed = await run(['train', ...small, '--out', 'third', '--resume', '--json'])
  assert.match(resumed.stderr, /continuing after epoch [12] of 3/)
  assert.is(JSON.parse(resumed.stdout).sha256, trained.sha256)
})

test('a run is not resumed or replaced with other options, unless forced', async () => {
  const other = ['train', ...small, '--ste', 'clipped', '--out', 'second']
  for (const extra of [[], ['--resume']]) {
    const { status, stderr } = await run([...other, ...extra])
    assert.is(status, 2)
    assert.match(stderr, /methodOptions\.ste "identity", now "clipped"/)
  }
  assert.is((await run([...other, '--force', '--quiet'])).status, 0)
})

test('eval compares all back ends at both widths', async () => {
  const { status, stdout, stderr } = await run(['eval', 'first', '--limit', '100', '--calibration', '32', '--json'])
  assert.is(status, 0, stderr)
  const { float, backends, summary } = JSON.parse(stdout)
  assert.equal(Object.keys(float), ['top1', 'brier', 'ece'])
  const names = ['dsp-asym-tensor', 'onnx-spec', 'pow2-tensor-npu', 'tfl-int8-q31']
  const rows = ['W8A8', 'W4A8'].flatMap((bits) => names.map((name) => `${name} ${bits}`))
  assert.equal(
    backends.map(({ name, bits }: { name: string; bits: string }) => `${name} ${bits}`),
    rows,
  )
  for (const row of backends) {
    for (const key of ['top1', 'drop', 'logitMse', 'sqnrDb', 'brier', 'ece']) assert.type(row[key], 'number')
    assert.ok(Math.abs(row.drop - (row.top1 - float.top1)) < 1e-12)
  }
  assert.equal(
    summary.map(({ bits }: { bits: string }) => bits),
    ['W8A8', 'W4A8'],
  )
  const drops = backends.slice(0, 4).map(({ drop }: { drop: number }) => drop)
  assert.is(summary[0].worstDrop, Math.min(...drops))
  const table = await run([
    'eval',
    'first',
    '--limit',
    '50',
    '--calibration',
    '32',
    '--backends',
    'onnx-spec',
    '--bits',
    '8',
  ])
  assert.match(
    table.stdout,
    /^50 test images of synthetic:count=192\nback end +bits +top-1 % +drop +logit MSE +SQNR dB +Brier +ECE\n/,
  )
  assert.match(table.stdout, /onnx-spec +W8A8/)
})

test('explain prints formulas, backends lists and describes', async () => {
  const explained = await run(['explain', 'first', '--backend', 'tfl-int8-q31', '--calibration', '32'])
  assert.is(explained.status, 0, explained.stderr)
  assert.match(explained.stdout, /conv1/)
  const json = await run([
    'explain',
    'first',
    '--backend',
    'pow2-tensor-npu',
    '--bits',
    '4',
    '--calibration',
    '32',
    '--json',
  ])
  assert.type(JSON.parse(json.stdout), 'object')
  assert.match((await run(['backends'])).stdout, /pow2-tensor-npu +vendor-model +W8 W4/)
  assert.match((await run(['backends', 'dsp-asym-tensor'])).stdout, /assumed:\n.*\n.*sources:/s)
  assert.is(JSON.parse((await run(['backends', '--json'])).stdout).length, backendNames.length)
})

test('demo compares three methods', async () => {
  const { status, stdout, stderr } = await run(['demo', '--images', '64', '--epochs', '1', '--quiet'])
  assert.is(status, 0, stderr)
  assert.match(stdout, /float +qat +quant-trim/)
  assert.match(stdout, /W4A8 +worst change/)
  assert.match(stdout, /On its worst back end at W4A8, .* points of top-1/)
})

test('each command has a help text', async () => {
  for (const command of ['demo', 'train', 'eval', 'backends', 'explain']) {
    const { status, stdout } = await run([command, '--help'])
    assert.is(status, 0)
    assert.match(stdout, new RegExp(`^Usage: quant-trim ${command}`))
  }
  assert.is((await run(['--help'])).status, 0)
  assert.match((await run(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
})

// What was asked, its exit status, and what the one message must say.
const refused: [args: string[], status: number, message: RegExp][] = [
  [['paint'], 2, /there is no command 'paint'; wanted one of demo, train/],
  [['train', '--model', 'vgg'], 2, /--model vgg: wanted one of mlp, lenet/],
  [['train', '--model', 'mlp', '--threads', '0'], 2, /--threads 0: wanted an integer from 1 to 64/],
  [['train', '--model', 'lenet', '--depth', '8'], 2, /model lenet has no such option/],
  [['train', '--model', 'resnet', '--depth', '9'], 2, /6n \+ 2/],
  [['train', '--model', 'mlp', '--weight-bits', '17'], 2, /from 2 to 16/],
  [['train', '--model', 'mlp', '--warmup', '0.9'], 2, /ascending order/],
  [['train', '--model', 'mlp', '--clip-exclude', 'middle'], 2, /first, last, depthwise/],
  [['train', '--model', 'mlp', '--speed', '9'], 2, /there is no option --speed/],
  [['train', '--model', 'mlp', '--data', 'imagenet:x'], 2, /there is no data set 'imagenet'/],
  [['train', '--model', 'mlp', '--data', 'mnist:nowhere'], 2, /looked in the folder nowhere/],
  [['train', '--model', 'mlp', '--limit', '10'], 2, /10 training images make no batch of 64/],
  [['train', '--model', 'mlp', '--out', 'none', '--resume'], 2, /none holds no run to resume/],
  [
    ['train', '--model', 'mlp', '--limit', '640', '--learning-rate', '1e30', '--out', 'nan'],
    1,
    /loss is NaN in epoch 1/,
  ],
  [['eval'], 2, /run folder is missing/],
  [['eval', 'nowhere'], 2, /nowhere is not a finished run/],
  [['eval', 'first', '--backends', 'tpu'], 2, /there is no back end 'tpu'/],
  [['eval', 'first', '--bits', '1'], 2, /from 2 to 16/],
  [['eval', 'first', '--bits', '6', '--limit', '10'], 2, /none of the back ends can express 6-bit/],
  [['explain', 'first'], 2, /--backend is missing/],
  [['backends', 'tpu'], 2, /there is no back end 'tpu'/],
]

for (const [args, wanted, message] of refused) {
  test(`refused: ${args.join(' ')}`, async () => {
    const { status, stdout, stderr } = await run([...args, ...(args[0] === 'train' ? ['--quiet'] : [])])
    assert.is(status, wanted, stderr)
    assert.is(stdout, '')
    const line = stderr.trim().split('\n').at(-1) as string
    assert.match(line, /^quant-trim: /)
    assert.match(line, message)
  })
}

test('centred logits are clipped in whatever reads the run', async () => {
  const trained = await run([
    'train',
    ...small,
    '--epochs',
    '1',
    '--export-centred-logits',
    '--out',
    'centred',
    '--quiet',
  ])
  assert.is(trained.status, 0, trained.stderr)
  const config = readConfig(join(folder, 'centred'))
  const { graph } = loadRun(join(folder, 'centred'), config, { shape: [1, 16, 16], classes: Array(10).fill('') })
  const [clip] = graph.nodes.filter(({ name }) => name === 'logits.clip')
  const { min, max } = clip.attributes as { min: number; max: number }
  assert.ok(max > 0 && Math.abs(min + max) <= 2 ** -22 * max, `[${min}, ${max}] is balanced`)
  assert.equal(clip.outputs, graph.outputs)
  const { status, stdout } = await run(['eval', 'centred', '--limit', '20', '--backends', 'onnx-spec', '--json'])
  assert.is(status, 0)
  assert.ok(JSON.parse(stdout).backends.length > 0)
})

test('a truncated checkpoint is refused by name', async () => {
  const file = join(folder, 'second/checkpoint.safetensors')
  truncateSync(file, 1000)
  const { status, stderr } = await run(['eval', 'second'])
  assert.is(status, 2)
  assert.match(stderr, /second\/checkpoint\.safetensors/)
  writeFileSync(join(folder, 'second/config.json'), '[]')
  assert.match((await run(['eval', 'second'])).stderr, /config\.json is not a JSON object/)
})

test.run()
