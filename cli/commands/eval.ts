import { UsageError } from '../../engine/base/errors.ts'
import { plural } from '../../report/format.ts'
import { formatComparison } from '../comparisonTable.ts'
import { evaluateModel } from '../evaluation/evaluate.ts'
import { evaluationFrom, evaluationOptions } from '../evaluation/options.ts'
import { formatExtras } from '../evaluation/text.ts'
import { describeOptions, numberOf, type OptionSpecs, parseOptions } from '../options.ts'
import { reportOptions, reportPath, trainingOf, writeReport } from '../report.ts'
import { loadRun, readConfig } from '../run.ts'
import { limited, loadRunImages, splitOf } from '../runImages.ts'
import { Progress } from '../terminal.ts'
import { threadOptions } from '../threads.ts'
import type { Command } from './command.ts'

const specs: OptionSpecs = {
  data: { type: 'string', value: 'SPEC', description: "another data set of the same shape [the run's]" },
  ...evaluationOptions,
  ...reportOptions,
  ...threadOptions,
  json: { type: 'boolean', description: 'print one JSON object on stdout' },
  quiet: { type: 'boolean', description: 'no progress on stderr' },
}

/** `quant-trim eval`: one checkpoint on all back ends. */
export const evalCommand: Command = {
  name: 'eval',
  summary: 'compile a trained run for every back end and compare with float',
  help: () => `Usage: quant-trim eval RUN [OPTIONS]

Compiles the checkpoint of a run for every back end and weight width, runs the test images (of a run trained with --hold-out:
the held-out ones) in integers, and prints one table: top-1, drop (top-1 minus the float top-1, in points: negative is a loss), mean squared error and SQNR of the
logits against float, Brier score and expected calibration error (15 bins); below, mean, worst and spread. The same and
the training go into one HTML page, RUN/report.html.

Options:
${describeOptions(specs)}

Back ends and what is asked about them are evaluated --threads at a time; the results are the same with any number.
--attribute turns one knob after the other from float to the back end (weights, granularity, activations, scale form,
calibration, passes, fallback, rounding, accumulator; the order matters), and heals one layer at a time. --cost is a
model with the constants it names, never a measurement; --measure is one of this machine.

--json: {split (test, or validation), float: {top1, brier, ece}, backends: [{name, bits, top1, drop, logitMse, sqnrDb, brier, ece}], summary}, and,
asked for, layerSqnr, waterfalls and culprits, calibrationTrials, cost, measured; top1 and drop are fractions; sqnrDb is
null where the logits equal float's.`,
  async run(args) {
    const { values, positionals } = parseOptions(specs, args, 1)
    const folder = runArgument(positionals)
    const progress = new Progress(values.quiet === true)
    const settings = evaluationFrom({ values })
    const config = readConfig(folder)
    const training = trainingOf(folder, config)
    const data = (values.data as string | undefined) ?? config.data
    const { train, test: measured } = await loadRunImages({ ...config, data })
    const test = limited(measured, settings.limit)
    const { graph, parameters } = loadRun(folder, config, test)
    const split = splitOf(config)
    const measuredOn = `${plural(test.labels.length, `${split} image`)} of ${data}`
    const { comparison, ...others } = await evaluateModel({
      ...settings,
      model: { graph, parameters },
      train,
      test,
      threads: values.threads as number | undefined,
      onProgress: (what, done, total) => progress.line(`${done}/${total}  ${what}`),
    })
    const path = reportPath(values, folder)
    if (path !== null) {
      const { model, method, seed } = config
      writeReport(
        path,
        {
          title: `${model} trained with ${method}, seed ${seed}, on the back ends`,
          notes: [`${measuredOn}; ${numberOf(values, 'calibration')} training images for calibration.`],
          runs: [training],
          comparisons: [{ model, method, seed, comparison, ...others }],
        },
        progress,
      )
    }
    console.log(
      values.json
        ? JSON.stringify({ split, ...comparison, ...others })
        : [`${measuredOn}\n${formatComparison(comparison)}`, ...formatExtras(others)].join('\n\n'),
    )
    return 0
  },
}

/** The one positional argument. */
export function runArgument(positionals: readonly string[]): string {
  if (positionals.length === 0)
    throw new UsageError('the run folder is missing: the one that quant-trim train --out wrote')
  return positionals[0]
}
