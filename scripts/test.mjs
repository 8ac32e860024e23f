// `npm test`: installs what is missing, builds, lints, weighs the bundles, runs every test under c8 with its thresholds, and ends with
// uvu's own totals in one line. Arguments after `--` are a pattern that selects test files (coverage is then not judged).

import { spawn } from 'node:child_process'
import { build, install, run, runLocal } from './prepare.mjs'
import { root } from './root.mjs'

const [pattern] = process.argv.slice(2)

install()
build()
runLocal('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.'])
if (pattern === undefined) run(process.execPath, ['scripts/size.mjs'])

const uvu = ['node_modules/uvu/bin.js', 'dist/test', pattern ?? '\\.test\\.js$']
const args = pattern === undefined ? ['node_modules/c8/bin/c8.js', process.execPath, ...uvu] : uvu
const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
let output = ''
child.stdout.on('data', (chunk) => {
  output += chunk
  process.stdout.write(chunk)
})
child.on('close', (status) => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: uvu colours its totals.
  const plain = output.replace(/\x1b\[\d+m/g, '')
  const count = (label) => Number(plain.match(new RegExp(`^\\s*${label}:\\s+(\\d+)`, 'm'))?.[1])
  const total = count('Total')
  const passed = count('Passed')
  if (Number.isNaN(total)) {
    console.error('the test run ended before uvu printed its totals')
    process.exit(status || 1)
  }
  // Thousands of lines, the coverage table among them, part a failure from the end: its name is said again there.
  for (const line of plain.match(/^ {3}FAIL .*$/gm) ?? []) console.log(line.trim())
  if (status !== 0 && passed === total) console.log('every test passed, but the run failed: see above (coverage?)')
  console.log(`${passed} passed, ${total - passed} failed`)
  process.exit(status ?? 1)
})
