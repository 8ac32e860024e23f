import { UsageError } from '../../engine/base/errors.ts'
import { loadDataset } from '../../models/data/load.ts'
import { compareBackends } from '../../quant/audit/compare.ts'
import { comparedNames, findBackend } from '../../quant/backends/index.ts'
import { formatComparison } from '../comparisonTable.ts'
import { describeOptions, numberOf, type OptionSpecs, parseOptions, textOf } from '../options.ts'
import { loadRun, readConfig } from '../run.ts'
import { Progress } from '../terminal.ts'
import { calibrationImages, inBatches } from '../testImages.ts'
import { threadOptions, withThreads } from '../threads.ts'
import type { Command } from './command.ts'

const specs: OptionSpecs = {
  data: { type: 'string', value: 'SPEC', description: "another data set of the same shape [the run's]" },
  limit: { type: 'integer', minimum: 1, description: 'use only the first N test images' },
  backends: {
    type: 'string',
    value: 'LIST',
    default: comparedNames.join(','),
    description: 'back ends, comma-separated',
  },
  bits: { type: 'string', value: 'LIST', default: '8,4', description: 'weight bits, comma-separated' },
  calibration: {
    type: 'integer',
    minimum: 1,
    default: 128,
    description: 'training images that back ends calibrate on',
  },
  seed: { type: 'integer', minimum: 0, default: 0, description: 'of the choice of calibration images' },
  ...threadOptions,
  json: { type: 'boolean', description: 'print one JSON object on stdout' },
  quiet: { type: 'boolean', description: 'no progress on stderr' },
}

/** `quant-trim eval`: one checkpoint on all back ends. */
export const evalCommand: Command = {
  name: 'eval',
  summary: 'compile a trained run for every back end and compare with float',
  help: () => `Usage: quant-trim eval RUN [OPTIONS]

Compiles the checkpoint of a run for every back end and weight width, runs the test images in integers, and prints one
table: top-1, drop (top-1 minus the float top-1, in points: negative is a loss), mean squared error and SQNR of the
logits against float, Brier score and expected calibration error (15 bins); below, mean, worst and spread.

Options:
${describeOptions(specs)}

--json: {float: {top1, brier, ece}, backends: [{name, bits, top1, drop, logitMse, sqnrDb, brier, ece}], summary};
top1 and drop are fractions; sqnrDb is null where the logits equal float's.`,
  async run(args) {
    const { values, positionals } = parseOptions(specs, args, 1)
    const folder = runArgument(positionals)
    const progress = new Progress(values.quiet === true)
    const chosen = listOf(textOf(values, 'backends')).map(findBackend)
    const weightBits = listOf(textOf(values, 'bits')).map(bitsOf)
    const config = readConfig(folder)
    const data = (values.data as string | undefined) ?? config.data
    const test = await loadDataset(data, { split: 'test', limit: values.limit as number | undefined })
    const { graph, parameters } = loadRun(folder, config, test)
    const train = await loadDataset(data, { split: 'train', limit: config.limit ?? undefined })
    const calibration = calibrationImages(train, numberOf(values, 'calibration'), numberOf(values, 'seed'))
    const comparison = await withThreads(values, (executor) =>
      compareBackends({
        graph,
        parameters,
        backends: chosen,
        weightBits,
        calibration,
        test: inBatches(test),
        executor,
        onProgress: (what, done, total) => progress.line(`${done}/${total}  ${what}`),
      }),
    )
    console.log(values.json ? JSON.stringify(comparison) : formatComparison(comparison))
    return 0
  },
}

/** The one positional argument. */
export function runArgument(positionals: readonly string[]): string {
  if (positionals.length === 0)
    throw new UsageError('the run folder is missing: the one that quant-trim train --out wrote')
  return positionals[0]
}

function listOf(text: string): string[] {
  return text.split(',').map((part) => part.trim())
}

/** Weight bits as a number; whether a back end has such weights is the back end's to say. */
export function bitsOf(text: string): number {
  const bits = Number(text)
  if (!Number.isInteger(bits) || bits < 2 || bits > 16) {
    throw new UsageError(`--bits ${text}: wanted integers from 2 to 16, for example 8,4`)
  }
  return bits
}
