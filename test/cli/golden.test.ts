import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('golden command')
const main = fileURLToPath(new URL('../../cli/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'quant-trim-golden-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

function run(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { cwd: folder })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
}

const options = ['--backend', 'tfl-int8-q31', '--count', '3', '--calibration', '16', '--quiet']

test.before(async () => {
  const data = ['--data', 'synthetic:count=192', '--batch', '32', '--epochs', '1', '--seed', '1']
  await run('train', '--model', 'lenet', ...data, '--out', 'run', '--quiet')
})

test('create writes the set of a run, the same bytes each time', async () => {
  const first = await run('golden', 'create', 'run', ...options, '--out', 'gold', '--json')
  assert.is(first.status, 0, first.stderr)
  assert.is(first.stderr, '')
  const { out, files, bytes, sha256 } = JSON.parse(first.stdout)
  assert.is(out, 'gold')
  assert.ok(bytes > 0)
  assert.match(sha256, /^[0-9a-f]{64}$/)
  const written = readdirSync(join(folder, 'gold'), { recursive: true, withFileTypes: true })
  assert.is(written.filter((entry) => entry.isFile()).length, files)
  assert.equal(readdirSync(join(folder, 'gold')).sort(), [
    'manifest.json',
    'model.onnx',
    'program.safetensors',
    'test_data_set_0',
  ])
  const manifest = JSON.parse(readFileSync(join(folder, 'gold/manifest.json'), 'utf8'))
  const version = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version
  assert.equal(manifest.producer, { name: 'quant-trim', version })
  assert.equal(manifest.origin, { data: 'synthetic:count=192', weightBits: 8, calibration: 16, seed: 0, count: 3 })
  const again = await run('golden', 'create', 'run', ...options, '--out', 'gold2', '--json')
  assert.is(JSON.parse(again.stdout).sha256, sha256)
})

test('an existing folder is replaced only with --force, and only if it is a golden set', async () => {
  const refused = await run('golden', 'create', 'run', ...options, '--out', 'gold2')
  assert.is(refused.status, 2)
  assert.match(refused.stderr, /gold2 exists; choose another --out, or --force/)
  writeFileSync(join(folder, 'gold2/stray.txt'), '')
  const forced = await run('golden', 'create', 'run', ...options, '--out', 'gold2', '--force')
  assert.is(forced.status, 0, forced.stderr)
  assert.not(existsSync(join(folder, 'gold2/stray.txt')), 'replaced as a whole')
  assert.equal(
    readdirSync(folder).filter((name) => name.startsWith('gold2')),
    ['gold2'],
    'nothing is left beside it',
  )
  const other = await run('golden', 'create', 'run', ...options, '--out', 'run', '--force')
  assert.is(other.status, 2)
  assert.match(other.stderr, /run is no golden set, so it is not replaced/)
})

test('check: equal is 0', async () => {
  const { status, stdout } = await run('golden', 'check', 'gold', 'gold2')
  assert.is(status, 0)
  assert.match(stdout, /^equal: \d+ of \d+ given tensors are equal, 0 are not given \(lenet, tfl-int8-q31, 3 images\)/)
  const json = await run('golden', 'check', 'gold', 'gold2', '--json')
  assert.is(JSON.parse(json.stdout).verdict, 'equal')
})

/** A copy of the intermediates, flat, with one byte of one file changed. */
function changedCopy(name: string, pattern: RegExp): string {
  const from = join(folder, 'gold/test_data_set_0/intermediates')
  mkdirSync(join(folder, name))
  cpSync(from, join(folder, name), { recursive: true })
  const file = readdirSync(join(folder, name)).find((one) => pattern.test(one)) as string
  const bytes = readFileSync(join(folder, name, file))
  bytes[bytes.length - 1] = bytes[bytes.length - 1] === 0 ? 1 : 0
  writeFileSync(join(folder, name, file), bytes)
  return file
}

test('check: different is 1, the operator is named', async () => {
  changedCopy('wrong', /^001_/)
  const { status, stdout } = await run('golden', 'check', 'gold', 'wrong')
  assert.is(status, 1)
  assert.match(stdout, /^different: \d+ of \d+ given tensors are equal, 0 are not given/)
  assert.match(stdout, /first diverging operator: 1, conv '/)
  assert.match(stdout, /no semantics known here|reproduced exactly by/)
  const json = await run('golden', 'check', 'gold', 'wrong', '--json')
  assert.is(json.status, 1)
  const report = JSON.parse(json.stdout)
  assert.is(report.first.op, 'conv')
  assert.is(report.tensors[1].different, 1)
})

test('check: what cannot be used is 2', async () => {
  mkdirSync(join(folder, 'empty'))
  mkdirSync(join(folder, 'damaged'))
  writeFileSync(join(folder, 'damaged/output_0.pb'), 'nonsense')
  const refused: [args: string[], message: RegExp][] = [
    [['check', 'gold'], /wanted two folders/],
    [['check', 'gold', 'nowhere'], /nowhere does not exist/],
    [['check', 'empty', 'gold'], /empty holds no golden set/],
    [['check', 'gold', 'empty'], /no file has a name of the golden set/],
    [['check', 'gold', 'damaged'], /candidate: output_0\.pb/],
    [['paint'], /wanted golden create or golden check/],
    [['create', '--backend', 'tflm', '--out', 'x'], /the model is missing/],
    [['create', 'run', '--out', 'x'], /--backend is missing/],
    [['create', 'run', ...options, '--bits', '6', '--out', 'x'], /has no 6-bit weights/],
    [['create', 'run', '--operators', '--out', 'x'], /give one of them/],
    [['create', '--operators', '--count', '3', '--out', 'x'], /--count: operator sets have no such option/],
    [['create', 'model.onnx', '--backend', 'tflm', '--out', 'x'], /--data is missing/],
    [['create', 'run', ...options, '--count', '100000', '--out', 'x'], /--count 100000: synthetic:count=192 has/],
  ]
  const results = await Promise.all(refused.map(([args]) => run('golden', ...args)))
  for (const [i, [args, message]] of refused.entries()) {
    const { status, stderr, stdout } = results[i]
    assert.is(status, 2, `${args.join(' ')}: ${stderr}`)
    assert.match(stderr, message)
    assert.is(stdout, '')
  }
  assert.not(existsSync(join(folder, 'x')))
})

test('operator sets: created, checked as a collection', async () => {
  const created = await run('golden', 'create', '--operators', '--backend', 'tflm', '--out', 'operators', '--quiet')
  assert.is(created.status, 0, created.stderr)
  assert.ok(readdirSync(join(folder, 'operators/tflm')).includes('sigmoid'))
  mkdirSync(join(folder, 'some/tflm'), { recursive: true })
  cpSync(join(folder, 'operators/tflm/add'), join(folder, 'some/tflm/add'), { recursive: true })
  const { status, stdout } = await run('golden', 'check', 'operators', 'some', '--json')
  assert.is(status, 0)
  assert.equal(Object.keys(JSON.parse(stdout).sets), ['tflm/add/'])
})

test('help names both uses', async () => {
  const { status, stdout } = await run('golden', '--help')
  assert.is(status, 0)
  assert.match(stdout, /^Usage: quant-trim golden create MODEL/)
  assert.match(stdout, /Exit status of check: 0 equal, 1 different/)
})

test.run()
