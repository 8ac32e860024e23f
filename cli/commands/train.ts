import { UsageError } from '../../engine/base/errors.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import type { ImbalanceSite } from '../../quant/passes/injectImbalance.ts'
import { plural } from '../../report/format.ts'
import { stopOnInterrupt } from '../interrupt.ts'
import { methodOptionSpecs } from '../methodOptionSpecs.ts'
import { classifierFrom, isModelFile, readModelFile } from '../modelFile.ts'
import { describeOptions, type OptionSpecs, type ParsedOptions, parseOptions, textOf } from '../options.ts'
import { reportOptions, reportPath, trainingOf, writeReport } from '../report.ts'
import { readConfig, startFrom } from '../run.ts'
import { sha256 } from '../runFolder.ts'
import { checkBase, loadRunImages, type RunImages, splitOf } from '../runImages.ts'
import { duration, Progress, percent } from '../terminal.ts'
import { threadOptions, withThreads } from '../threads.ts'
import { graphOf, type TrainingConfig } from '../trainingConfig.ts'
import { configFrom, runOptions } from '../trainingOptions.ts'
import { openTraining } from '../trainRun.ts'
import type { Command } from './command.ts'

const outputOptions: OptionSpecs = {
  out: { type: 'string', value: 'RUN', description: 'run folder; made if it is missing [runs/MODEL-METHOD-SEED]' },
  ...reportOptions,
  resume: { type: 'boolean', description: 'continue the run in --out after its last saved epoch' },
  force: { type: 'boolean', description: 'replace another run in --out' },
  json: { type: 'boolean', description: 'print one JSON object on stdout' },
  quiet: { type: 'boolean', description: 'no progress on stderr' },
  ...threadOptions,
}

const specs: OptionSpecs = { ...runOptions, ...methodOptionSpecs, ...outputOptions }

/** `quant-trim train`: one model, one data set, one method, into a run folder. */
export const trainCommand: Command = {
  name: 'train',
  summary: 'train a model with Quant-Trim or a baseline into a run folder',
  help: () => `Usage: quant-trim train --model MODEL [--data SPEC] [--method METHOD] [--out RUN] [OPTIONS]

Trains a model and writes a run folder: config.json, checkpoint.safetensors (plain float, PyTorch-like names) with its
checkpoint.sha256, metrics.jsonl (a line an epoch), trim.jsonl (what was trimmed, a line a layer and event),
state.safetensors (saved after every epoch, for --resume) and report.html (curves and trims). The same options give the
same checkpoint, bit for bit.
A model from an ONNX file is trained on from the weights in the file, which is kept in the run folder as source.onnx.

Run:
${describeOptions(runOptions)}

Method (in brackets: quant-trim's values; the baselines switch parts off):
${describeOptions(methodOptionSpecs)}

Output and threads:
${describeOptions(outputOptions)}

With --inject-imbalance, channels of what it begins with are scaled and the next layer's weights divided by the same, so
that the function stays and quantising gets harder: a test of how well a method mends it.
With --hold-out, what is measured here and by eval is measured on training images that were set aside: choose options with
it, and train with the chosen ones without it.

--json: {model, method, epochs, seed, split (test or validation), floatTop1 (a fraction), checkpoint, sha256}`,
  run: train,
}

async function train(args: readonly string[]): Promise<number> {
  const parsed = parseOptions(specs, args)
  const { values } = parsed
  const described = configFrom(parsed)
  const folder = (values.out as string | undefined) ?? `runs/${described.model}-${described.method}-${described.seed}`
  const progress = new Progress(values.quiet === true)

  const images = await loadRunImages(described)
  const { graph, initial, startsFrom, source } = startingPoint(values, described, images)
  const config: TrainingConfig = { ...described, ...(startsFrom && { startsFrom }) }
  const training = openTraining({
    config,
    graph,
    initial,
    source,
    folder,
    train: images.train,
    test: images.test,
    resume: values.resume === true,
    force: values.force === true,
  })
  if (training.epoch > 0) {
    progress.line(`${folder}: continuing after epoch ${training.epoch} of ${config.epochs}`)
  }
  if (training.imbalance.length > 0) progress.line(describeImbalance(training.imbalance))

  const stop = stopOnInterrupt(() => `interrupted; every finished epoch is saved: add --resume to continue ${folder}`)
  const execute = async (): Promise<number> => {
    const label = (epoch: number): string => `epoch ${epoch + 1}/${config.epochs}`
    const run = await training.complete({
      onStep: (epoch, step, steps, loss) => {
        progress.update(`${label(epoch)}  step ${step}/${steps}  loss ${loss.toFixed(4)}`)
        return yieldToEvents()
      },
      onEpoch: ({ epoch, loss, accuracy, lambda, seconds }) =>
        progress.line(
          `${label(epoch)}  loss ${loss.toFixed(4)}  training accuracy ${percent(accuracy)} %  lambda ${lambda.toFixed(3)}  ${duration(seconds)}`,
        ),
      onExport: () => progress.update('exporting and evaluating'),
    })
    const { checkpoint, sha256: digest, floatTop1: top1 } = run
    const { model, method, epochs, seed } = config
    const split = splitOf(config)
    const accuracy = `float top-1 ${percent(top1)} % on ${plural(images.test.labels.length, `${split} image`)}`
    const path = reportPath(values, folder)
    if (path !== null) {
      writeReport(
        path,
        {
          title: `${model} trained with ${method}, seed ${seed}`,
          notes: [`F${accuracy.slice(1)} of ${config.data}.`, `Checkpoint SHA-256 ${digest}.`],
          runs: [trainingOf(folder, config)],
        },
        progress,
      )
    }
    if (values.json) {
      console.log(JSON.stringify({ model, method, epochs, seed, split, floatTop1: top1, checkpoint, sha256: digest }))
    } else {
      console.log(
        `${model} trained with ${method}: ${accuracy}\n${checkpoint}\nsha256 ${digest}\nNext: quant-trim eval ${folder}`,
      )
    }
    return 0
  }
  try {
    return await withThreads(values, execute)
  } finally {
    stop()
  }
}

/** The model to train, and what it begins with: an ONNX file's weights, another run's, or those of the seed. */
function startingPoint(
  values: ParsedOptions['values'],
  config: TrainingConfig,
  { train, total }: RunImages,
): { graph: Graph; initial?: Parameters; startsFrom?: string; source?: Uint8Array } {
  const model = textOf(values, 'model')
  const from = values.from as string | undefined
  if (isModelFile(model)) {
    if (from !== undefined) throw new UsageError('--from and an ONNX file: both bring weights; leave out one')
    const source = readModelFile(model)
    const { graph, parameters } = classifierFrom(source, model, train)
    return { graph, initial: parameters, startsFrom: sha256(source), source }
  }
  const graph = graphOf(config, train)
  if (from === undefined) return { graph }
  const start = startFrom(from, graph)
  checkBase(readConfig(from), config, total)
  return { graph, initial: start.initial, startsFrom: start.sha256 }
}

/** Example: imbalance injected: 17 of 112 channels between 3 pairs of layers. */
function describeImbalance(sites: readonly ImbalanceSite[]): string {
  const sum = (of: (site: ImbalanceSite) => number): number => sites.reduce((total, site) => total + of(site), 0)
  const [scaled, channels] = [sum((site) => site.scaled), sum((site) => site.channels)]
  return `imbalance injected: ${scaled} of ${plural(channels, 'channel')} between ${plural(sites.length, 'pair')} of layers`
}

/** Lets signals be handled between two steps. */
function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
