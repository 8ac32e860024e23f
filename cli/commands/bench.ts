import { UsageError } from '../../engine/base/errors.ts'
import { type BenchmarkResult, benchmark, benchmarkNames } from '../bench/benchmark.ts'
import { quick, thorough } from '../bench/measure.ts'
import { describeOptions, type OptionSpecs, parseOptions, textOf } from '../options.ts'
import { Progress, percent, table } from '../terminal.ts'
import { threadOptions, withThreads } from '../threads.ts'
import type { Command } from './command.ts'

const specs: OptionSpecs = {
  filter: { type: 'string', value: 'TEXT', default: '', description: 'only lines with TEXT at the start of a word' },
  quick: { type: 'boolean', description: 'each case as seldom as possible: shows that it runs, not how fast' },
  threads: {
    ...threadOptions.threads,
    default: 1,
    description: 'threads that compute with the SIMD kernels',
  },
  json: { type: 'boolean', description: 'print one JSON object on stdout' },
  quiet: { type: 'boolean', description: 'no progress on stderr' },
}

/** `quant-trim bench`: how fast kernels and networks run here. */
export const benchCommand: Command = {
  name: 'bench',
  summary: 'measure kernels and networks on this machine, plain TypeScript against SIMD',
  help: () => `Usage: quant-trim bench [OPTIONS]

Measures kernels on arrays in place and whole networks, with the plain TypeScript kernels on one thread and with the SIMD
ones on --threads (the same bits): medians of several samples. 'of peak' is the share of what multiplications and
additions in SIMD registers alone reach on as many cores of this machine as there are threads.

Options:
${describeOptions(specs)}

--json: {threads, peak (GFLOP/s of one thread), dispatch (microseconds of an empty parallel job; null with one thread), rows: [{name, kind, unit, plain, simd, peakShare}]}; simd, peak and peakShare are null where there
is no WebAssembly SIMD, peakShare also where operations are not counted.`,
  async run(args) {
    const { values } = parseOptions(specs, args)
    const filter = textOf(values, 'filter')
    if (benchmarkNames(filter).length === 0) {
      throw new UsageError(`--filter ${filter}: no line is named so; there are ${benchmarkNames('').join(', ')}`)
    }
    const progress = new Progress(values.quiet === true)
    const effort = values.quick === true ? quick : thorough
    const onCase = (name: string): void => progress.update(name)
    const result = await withThreads(values, (executor) => benchmark(filter, { effort, executor, onCase }))
    if (values.json) console.log(JSON.stringify(result))
    else console.log(format(result))
    return 0
  },
}

function format({ threads, rows, peak, dispatch }: BenchmarkResult): string {
  const header = ['kernel or network', 'unit', 'plain', 'SIMD', 'times', 'of peak']
  const body = rows.map(({ name, unit, plain, simd, peakShare }) => [
    name,
    unit,
    speedText(plain),
    simd === null ? '' : speedText(simd),
    simd === null ? '' : (simd / plain).toFixed(1),
    peakShare === null ? '' : `${percent(peakShare)} %`,
  ])
  const reference =
    peak === null
      ? 'There is no WebAssembly SIMD here: the plain kernels serve.'
      : `SIMD registers alone: ${peak.toFixed(1)} GFLOP/s on one thread; SIMD kernels: ${threads} thread${threads === 1 ? '' : 's'}`
  const sharing = dispatch === null ? '' : `; an empty job, shared out and finished: ${dispatch.toFixed(1)} µs`
  return `${table(header, body)}\n\n${reference}${sharing}`
}

/** Three digits, or all that stand before the point. */
function speedText(speed: number): string {
  return speed < 100 ? speed.toPrecision(3) : speed.toFixed(0)
}
