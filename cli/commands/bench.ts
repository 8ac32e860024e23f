import { UsageError } from '../../engine/base/errors.ts'
import { type BenchmarkRow, benchmark, benchmarkNames } from '../bench/benchmark.ts'
import { quick, thorough } from '../bench/measure.ts'
import { describeOptions, type OptionSpecs, parseOptions, textOf } from '../options.ts'
import { Progress, percent, table } from '../terminal.ts'
import type { Command } from './command.ts'

const specs: OptionSpecs = {
  filter: { type: 'string', value: 'TEXT', default: '', description: 'only lines with TEXT at the start of a word' },
  quick: { type: 'boolean', description: 'each case as seldom as possible: shows that it runs, not how fast' },
  json: { type: 'boolean', description: 'print one JSON object on stdout' },
  quiet: { type: 'boolean', description: 'no progress on stderr' },
}

/** `quant-trim bench`: how fast kernels and networks run here. */
export const benchCommand: Command = {
  name: 'bench',
  summary: 'measure kernels and networks on this machine, plain TypeScript against SIMD',
  help: () => `Usage: quant-trim bench [OPTIONS]

Measures kernels on arrays in place and whole networks, on one thread, with the plain TypeScript kernels and with the
SIMD ones (the same bits): medians of several samples. 'of peak' is the share of what multiplications and additions in SIMD
registers alone reach on this machine.

Options:
${describeOptions(specs)}

--json: {peak (GFLOP/s), rows: [{name, kind, unit, plain, simd, peakShare}]}; simd, peak and peakShare are null where there
is no WebAssembly SIMD, peakShare also where operations are not counted.`,
  async run(args) {
    const { values } = parseOptions(specs, args)
    const filter = textOf(values, 'filter')
    if (benchmarkNames(filter).length === 0) {
      throw new UsageError(`--filter ${filter}: no line is named so; there are ${benchmarkNames('').join(', ')}`)
    }
    const progress = new Progress(values.quiet === true)
    const result = benchmark(filter, values.quick === true ? quick : thorough, (name) => progress.update(name))
    if (values.json) console.log(JSON.stringify(result))
    else console.log(format(result.rows, result.peak))
    return 0
  },
}

function format(rows: readonly BenchmarkRow[], peak: number | null): string {
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
      : `SIMD registers alone: ${peak.toFixed(1)} GFLOP/s`
  return `${table(header, body)}\n\n${reference}`
}

/** Three digits, or all that stand before the point. */
function speedText(speed: number): string {
  return speed < 100 ? speed.toPrecision(3) : speed.toFixed(0)
}
