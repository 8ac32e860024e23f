import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ExperimentResults, Range, SummaryRow } from '../cli/experiment/results.ts'

const test = suite('README')
const root = fileURLToPath(new URL('../../', import.meta.url))
const text = readFileSync(`${root}README.md`, 'utf8')

test('the library example runs as printed', () => {
  const [, code] = /```js\n([\s\S]*?)```/.exec(text) as RegExpExecArray
  assert.ok(code.split('\n').filter((line) => line.trim() !== '').length <= 20, 'it is at most 20 lines')
  // Inside the package, so that its own name resolves through package.json's exports.
  const file = `${root}readme-example-${process.pid}.mjs`
  writeFileSync(file, code)
  try {
    const output = execFileSync(process.execPath, [file], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, FORCE_COLOR: '0' },
    })
    assert.match(output, /epoch: 1/)
    assert.match(output, /program lenet for tfl-int8-q31/)
    assert.match(output, /Float32Array\(10\)/)
  } finally {
    rmSync(file)
  }
})

test('it tells the test command that CI runs', () => {
  assert.match(text, /^npm test /m)
  assert.match(readFileSync(`${root}.ci/run`, 'utf8'), /^npm test$/m)
})

/** A method's line in a table of the README: means over seeds, of accuracies in percent and of drops in points. */
function lineOf(results: ExperimentResults, method: string, columns: readonly Column[]): string {
  const rows = results.summary.filter((row) => row.method === method)
  const cells = columns.map(({ bits, number }) => {
    const row = bits === undefined ? rows[0] : rows.find((candidate) => candidate.bits === bits)
    return number(row as SummaryRow)
  })
  return `| ${[method, ...cells].join(' | ')} |`
}

interface Column {
  readonly bits?: string
  readonly number: (row: SummaryRow) => string
}

const points = (fraction: number): string => (100 * fraction).toFixed(1)
const worst = (bits: string): Column => ({ bits, number: ({ worstDrop }) => points(worstDrop.mean) })
const spread = (bits: string): Column => ({ bits, number: (row) => points(row.spread.mean) })
const decibels = (bits: string): Column => ({ bits, number: (row) => (row.meanSqnrDb as Range).mean.toFixed(1) })
const float: Column = { number: ({ floatTop1 }) => points(floatTop1.mean) }
const eightBits = [worst('W8A8'), spread('W8A8'), decibels('W8A8')]

for (const [name, columns, page] of [
  ['cifar10-resnet8', [float, ...eightBits, worst('W4A8'), worst('W4A4')], 'README.md'],
  ['cifar10-fragile', [float, ...eightBits], 'README.md'],
  ['cifar10-mobilenet', [float, ...eightBits, worst('W4A8'), worst('W4A4')], 'README.md'],
  ['cifar10-mobilenet-long', [float, ...eightBits, worst('W4A8'), worst('W4A4')], 'README.md'],
  ['mnist-lenet', [float, ...eightBits, worst('W4A8'), worst('W4A4')], 'experiments/README.md'],
] as const) {
  test(`the numbers of ${name} are those of its committed results`, () => {
    const results = JSON.parse(readFileSync(`${root}experiments/${name}.results.json`, 'utf8')) as ExperimentResults
    for (const method of new Set(results.summary.map((row) => row.method))) {
      const line = lineOf(results, method, columns)
      assert.ok(readFileSync(root + page, 'utf8').includes(`${line}\n`), `${page} lacks ${line}`)
    }
  })
}

test.run()
