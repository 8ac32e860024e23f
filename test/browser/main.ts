/**
 * Computes golden networks and a training run in Node, with both kinds of kernels, and in Chromium, in every mode, and
 * compares; then opens a sample report in Chromium. Prints a row for each and exits with status 1 if anything differs or
 * is not as it should be.
 */

import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { FLAGS } from './flags.ts'
import { differences, faults, kernelsInWords } from './judge.ts'
import { modes } from './modes.ts'
import { type Proof, prove } from './proof.ts'
import { lookAtReport } from './reportPage.ts'
import { serve } from './server.ts'
import { visit } from './visit.ts'

/** Pages that compute at a time. */
const TOGETHER = 2

const COLUMNS = [8, 8, 9, 8, 8, 5]

let failed = false

/** Prints a row; `found` is what is wrong with it. */
function print(cells: readonly string[], seconds: number, found: readonly string[]): void {
  const row = [...cells, seconds.toFixed(1), found.length === 0 ? 'equal' : 'FAILED']
  console.log(row.map((cell, i) => cell.padEnd(COLUMNS[i])).join('  '))
  for (const fault of found) console.log(`  ${fault}`)
  failed ||= found.length > 0
}

/** What a piece of work gives, and the seconds that it took. */
async function timed<T>(work: Promise<T>): Promise<[T, number]> {
  const begun = performance.now()
  return [await work, (performance.now() - begun) / 1000]
}

/** Computes in Node, prints the row, and returns the proof. */
async function inNode(kernels: 'simd' | 'plain', expected?: Proof): Promise<Proof> {
  const [proof, seconds] = await timed(prove(kernels))
  const used = kernelsInWords(proof.kernels)
  const found = used === kernels ? [] : [`wanted ${kernels} kernels`]
  if (expected !== undefined) found.push(...differences(proof, expected))
  print(['Node', '', '', used], seconds, found)
  return proof
}

const executablePath = process.argv[2]
const titles = ['place', 'isolated', 'CSP', 'kernels', 'seconds', 'bits']
console.log(titles.map((cell, i) => cell.padEnd(COLUMNS[i])).join('  '))
const expected = await inNode('simd')
await inNode('plain', expected)

const { origin, server } = await serve(fileURLToPath(new URL('../../', import.meta.url)), modes)
const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS })
try {
  for (let first = 0; first < modes.length; first += TOGETHER) {
    const some = modes.slice(first, first + TOGETHER)
    const visits = await Promise.all(some.map((mode, i) => timed(visit(browser, `${origin}/${first + i}/`, mode))))
    for (const [i, [seen, seconds]] of visits.entries()) {
      const { place, isolated, policy } = some[i]
      const kernels = 'proof' in seen.report ? kernelsInWords(seen.report.proof.kernels) : '-'
      const cells = [place, isolated ? 'yes' : 'no', policy, kernels]
      print(cells, seconds, faults(some[i], origin, expected, seen))
    }
  }
  const results = Object.values(expected.results)
  const refused = results.filter((result) => result.startsWith('refused')).length
  console.log(
    `${results.length} results compared in each (of which ${refused} refusals); Chromium ${browser.version()}`,
  )
  const { folder, looked } = await lookAtReport(browser)
  for (const { view, faults: found } of looked) {
    console.log(`report ${view.padEnd(10)}  ${found.length === 0 ? 'as it should be' : 'FAILED'}`)
    for (const fault of found) console.log(`  ${fault}`)
    failed ||= found.length > 0
  }
  console.log(`pictures of the report: ${folder}`)
} finally {
  await browser.close()
  server.close()
}
process.exitCode = failed ? 1 : 0
