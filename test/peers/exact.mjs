// `npm --prefix test/peers run exact`: this package against ONNX Runtime, integer by integer. See the usage below.

import { parseArgs } from 'node:util'
import { compareOperator } from './exact/compare.mjs'
import { operators } from './exact/operators.mjs'
import { runtimes as loaders } from './exact/runtimes.mjs'

const names = operators.map(({ name }) => name)

const usage = `Usage: npm --prefix test/peers run exact -- [OPTIONS]

Draws models and inputs, runs them with this package and with ONNX Runtime (native, WebAssembly; one thread), and compares
every output integer; float outputs by their bits. Cases are dense in ties: scales that are ratios of small integers, odd
zero points, values half way between codes. The package must be built (npm run build in the repository root).

  --seed N          draws other cases [1]
  --integers N      compares at least so many for each operator and runtime [1000000]
  --only NAME,...   ${names.join(', ')}
  --runtime NAME,...  ${Object.keys(loaders).join(', ')}
  --json            [{runtime, operator, cases, integers, mismatches}] as one line on stdout
  --verbose         says where the first mismatch of each case is, and what a runtime refused

Exit status: 0 no mismatch, 1 mismatches or nothing compared, 2 bad usage.`

class UsageError extends Error {}

function chosen(option, text, known) {
  if (text === undefined) return known
  const wanted = text.split(',')
  for (const name of wanted) {
    if (!known.includes(name)) throw new UsageError(`--${option} ${name}: wanted some of ${known.join(', ')}`)
  }
  return wanted
}

function positive(option, text, least) {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new UsageError(`--${option} ${text}: wanted an integer from ${least}`)
}

function parseOptions() {
  const options = {
    seed: { type: 'string', default: '1' },
    integers: { type: 'string', default: '1000000' },
    only: { type: 'string' },
    runtime: { type: 'string' },
    json: { type: 'boolean' },
    verbose: { type: 'boolean' },
    help: { type: 'boolean' },
  }
  let values
  try {
    values = parseArgs({ options }).values
  } catch (error) {
    throw new UsageError(error.message)
  }
  return {
    ...values,
    seed: positive('seed', values.seed, 0),
    integers: positive('integers', values.integers, 1),
    only: chosen('only', values.only, names),
    runtime: chosen('runtime', values.runtime, Object.keys(loaders)),
  }
}

function format({ runtime, operator, cases, integers, mismatches, refused, fused }) {
  const numbers = [cases, integers, mismatches].map((value) => String(value).padStart(10)).join(' ')
  const remarks = []
  if (fused !== undefined) remarks.push(fused === cases ? 'all fused' : `${fused} of ${cases} fused`)
  if (refused > 0) remarks.push(`${refused} cases refused by the runtime`)
  return `${runtime.padEnd(9)} ${operator.padEnd(26)} ${numbers}  ${remarks.join(', ')}`.trimEnd()
}

/** Returns the exit status. */
async function main() {
  const options = parseOptions()
  if (options.help) {
    console.log(usage)
    return 0
  }
  const show = (line) => (options.json ? console.error(line) : console.log(line))
  const log = options.verbose ? (line) => console.error(`  ${line}`) : () => {}
  const runtimes = {}
  for (const name of options.runtime) runtimes[name] = await loaders[name]()
  const rows = []
  show(
    `${'runtime'.padEnd(9)} ${'operator'.padEnd(26)} ${['cases', 'integers', 'mismatches'].map((s) => s.padStart(10)).join(' ')}`,
  )
  for (const operator of operators.filter(({ name }) => options.only.includes(name))) {
    for (const row of await compareOperator(operator, runtimes, { ...options, log })) {
      rows.push(row)
      show(format(row))
    }
    for (const note of operator.notes ?? []) show(`  ${note}`)
  }
  if (options.json) console.log(JSON.stringify(rows))
  return rows.every(({ integers, mismatches }) => integers > 0 && mismatches === 0) ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`exact: ${error instanceof UsageError ? error.message : error.stack}`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
