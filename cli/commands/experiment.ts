import { mkdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { UsageError } from '../../engine/base/errors.ts'
import { evaluationOptions } from '../evaluation/options.ts'
import { readPlan } from '../experiment/plan.ts'
import type { ExperimentResults } from '../experiment/results.ts'
import { runExperiment } from '../experiment/runExperiment.ts'
import { formatFailed, formatResults, formatTimes } from '../experiment/text.ts'
import { stopOnInterrupt } from '../interrupt.ts'
import { describeOptions, type OptionSpecs, parseOptions, textOf } from '../options.ts'
import { trainingOf, writeReport } from '../report.ts'
import { writeWhole } from '../runFolder.ts'
import { Progress } from '../terminal.ts'
import type { Command } from './command.ts'

const specs: OptionSpecs = {
  out: { type: 'string', value: 'DIR', description: "where results and report go [the file's folder]" },
  cache: { type: 'string', value: 'DIR', default: 'runs/experiments', description: 'finished runs, by content' },
  'data-root': {
    type: 'string',
    value: 'DIR',
    description: 'folder that relative folders of data sets are in [the current one]',
  },
  workers: {
    type: 'integer',
    minimum: 1,
    maximum: 64,
    description: 'trainings, or pieces of evaluation, at a time; the results stay the same [cores of this machine]',
  },
  'any-code': { type: 'boolean', description: 'also take from the cache what other versions of the code made' },
  json: { type: 'boolean', description: 'print the results JSON on stdout' },
  quiet: { type: 'boolean', description: 'no progress on stderr' },
}

const example = `  {
    "name": "lenet-seeds",
    "title": "LeNet, float against Quant-Trim",
    "data": ["synthetic:count=2000"],
    "models": ["lenet", {"name": "narrow", "model": "mobilenet", "width": 0.5}],
    "methods": ["float", {"name": "early", "method": "quant-trim", "warmup": 0.1}],
    "seeds": [0, 1, 2],
    "training": {"epochs": 5, "batch": 32},
    "evaluation": {"backends": ["onnx-spec", "tfl-int8-q31"], "bits": ["8", "4", "w4a4"], "limit": 1000}
  }`

/** `quant-trim experiment`: a file of runs, all of them, with one table, one JSON file and one report. */
export const experimentCommand: Command = {
  name: 'experiment',
  summary: 'run models x data x methods x seeds x back ends from a file; caches and resumes',
  help: () => `Usage: quant-trim experiment FILE [OPTIONS]

Trains every model with every method and seed on every data set, evaluates each checkpoint on every back end and width,
and writes NAME.results.json (each run's numbers, and mean and range over the seeds) and NAME.report.html. Finished
pieces are kept in --cache by the hash of what determines them, so the same command goes on after Ctrl-C, and only
computes what changed. Each run there is a run folder: eval, explain and export take it.

FILE is JSON (an example):
${example}

"models" and "methods" are names, or objects with "model" or "method", options of train (without dashes) and a "name" of
their own. "training" has options of train for all; a model's come before it, a method's before both. "seeds": default
[0]. With "hold-out" in "training" (only there) all is measured on training images that were set aside. A model's
"from": {"method": "float", OPTIONS} is a training, with the same data, net and seed, that each of its runs begins with;
the model's other options are of its runs alone, for example "inject-imbalance". "evaluation" has these options:
${describeOptions(evaluationOptions)}

Options:
${describeOptions(specs)}

--json: {format, name, title, split (test or validation), hash, versions, seconds: {wall, training, evaluation},
runs: [{model, method, data, seed, hash, sha256, config, base (what it began with), madeBy, seconds, comparison, ...}],
failed (only where a checkpoint's numbers are beyond a back end: the others go on, and the exit status is 1),
summary: [{data, model, method, bits, seeds, floatTop1, meanDrop, worstDrop, spread, meanSqnrDb, backends}]}; fractions;
ranges are {mean, least, greatest} over the seeds.`,
  async run(args) {
    const { values, positionals } = parseOptions(specs, args, 1)
    if (positionals.length === 0) throw new UsageError('the experiment file is missing; --help describes it')
    const [file] = positionals
    const plan = readPlan(readFileSync(file, 'utf8'), file)
    const out = (values.out as string | undefined) ?? dirname(file)
    const progress = new Progress(values.quiet === true)
    const stop = stopOnInterrupt(
      () => 'interrupted; every finished epoch and evaluation is kept: the same command goes on',
    )
    try {
      const { results, folders } = await runExperiment(plan, {
        cache: textOf(values, 'cache'),
        dataRoot: values['data-root'] as string | undefined,
        workers: values.workers as number | undefined,
        anyCode: values['any-code'] === true,
        progress,
      })
      mkdirSync(out, { recursive: true })
      const path = join(out, `${plan.name}.results.json`)
      writeWhole(path, `${JSON.stringify(results, null, 2)}\n`)
      progress.line(`results: ${path}`)
      writeExperimentReport(join(out, `${plan.name}.report.html`), basename(file), results, folders, progress)
      console.log(values.json ? JSON.stringify(results) : formatResults(results))
      return results.failed ? 1 : 0
    } finally {
      stop()
    }
  },
}

/** One page with every run's curves and comparisons. */
function writeExperimentReport(
  path: string,
  file: string,
  { title, split, hash, versions, seconds, runs, failed }: ExperimentResults,
  folders: readonly string[],
  progress: Progress,
): void {
  const several = new Set(runs.map(({ data }) => data)).size > 1
  const labelled = runs.map((run) => ({ ...run, model: several ? `${run.model} on ${run.data}` : run.model }))
  writeReport(
    path,
    {
      title,
      command: `quant-trim experiment ${file}`,
      versions,
      notes: [
        `Measured on ${split} images.`,
        `Experiment ${hash}.`,
        `${runs.length} runs: ${formatTimes(seconds)}.`,
        ...formatFailed(failed),
      ],
      runs: labelled.map(({ model, method, seed, config }, i) => ({
        ...trainingOf(folders[i], config),
        model,
        method,
        seed,
      })),
      comparisons: labelled,
    },
    progress,
  )
}
