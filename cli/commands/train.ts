import { UsageError } from '../../engine/base/errors.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import type { Dataset } from '../../models/data/dataset.ts'
import { loadDataset } from '../../models/data/load.ts'
import { methodOptionSpecs } from '../methodOptions.ts'
import { classifierFrom, isModelFile, readModelFile } from '../modelFile.ts'
import { describeOptions, type OptionSpecs, type ParsedOptions, parseOptions, textOf } from '../options.ts'
import { openRun, startFrom } from '../run.ts'
import { sha256 } from '../runFolder.ts'
import { duration, Progress, percent } from '../terminal.ts'
import { evaluateFloat } from '../testImages.ts'
import { threadOptions, withThreads } from '../threads.ts'
import { epochBatches, graphOf, makeTrainer, stepsPerEpoch, type TrainingConfig } from '../trainingConfig.ts'
import { configFrom, runOptions } from '../trainingOptions.ts'
import type { Command } from './command.ts'

const outputOptions: OptionSpecs = {
  out: { type: 'string', value: 'RUN', description: 'run folder; made if it is missing [runs/MODEL-METHOD-SEED]' },
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
checkpoint.sha256, metrics.jsonl (a line an epoch), trim.jsonl (what was trimmed, a line a layer and event) and
state.safetensors (saved after every epoch, for --resume). The same options give the same checkpoint, bit for bit.
A model from an ONNX file is trained on from the weights in the file, which is kept in the run folder as source.onnx.

Run:
${describeOptions(runOptions)}

Method (in brackets: quant-trim's values; the baselines switch parts off):
${describeOptions(methodOptionSpecs)}

Output and threads:
${describeOptions(outputOptions)}

--json: {model, method, epochs, seed, floatTop1 (a fraction), checkpoint, sha256}`,
  run: train,
}

async function train(args: readonly string[]): Promise<number> {
  const parsed = parseOptions(specs, args)
  const { values } = parsed
  const described = configFrom(parsed)
  const folder = (values.out as string | undefined) ?? `runs/${described.model}-${described.method}-${described.seed}`
  const progress = new Progress(values.quiet === true)

  const limit = described.limit ?? undefined
  const trainSet = await loadDataset(described.data, { split: 'train', limit })
  const testSet = await loadDataset(described.data, { split: 'test' })
  const { graph, initial, startsFrom, source } = startingPoint(values, described, trainSet)
  const config: TrainingConfig = { ...described, ...(startsFrom && { startsFrom }) }
  const steps = stepsPerEpoch(config, trainSet)
  const trainer = makeTrainer(config, graph, trainSet, initial)
  const run = openRun(folder, config, { resume: values.resume === true, force: values.force === true, source })
  if (run.saved !== null) {
    trainer.loadState(run.saved)
    progress.line(`${folder}: continuing after epoch ${trainer.epoch} of ${config.epochs}`)
  }

  const stop = stopOnInterrupt(() => `interrupted; every finished epoch is saved: add --resume to continue ${folder}`)
  const execute = async (): Promise<number> => {
    while (trainer.epoch < config.epochs) {
      const started = performance.now()
      const label = `epoch ${trainer.epoch + 1}/${config.epochs}`
      const { metrics, trims } = await trainer.trainEpoch(
        epochBatches(config, trainSet, trainer.epoch),
        (step, loss) => {
          progress.update(`${label}  step ${step % steps || steps}/${steps}  loss ${loss.toFixed(4)}`)
          return yieldToEvents()
        },
      )
      const seconds = (performance.now() - started) / 1000
      run.saveEpoch(trainer.state(), { ...metrics, seconds }, trims)
      progress.line(
        `${label}  loss ${metrics.loss.toFixed(4)}  training accuracy ${percent(metrics.accuracy)} %  lambda ${metrics.lambda.toFixed(3)}  ${duration(seconds)}`,
      )
    }
    progress.update('exporting and evaluating')
    const exported = trainer.export(epochBatches(config, trainSet, 0))
    const { top1 } = evaluateFloat(exported, testSet)
    const { checkpoint, sha256: digest } = run.finish(exported, top1)
    const { model, method, epochs, seed } = config
    if (values.json) {
      console.log(JSON.stringify({ model, method, epochs, seed, floatTop1: top1, checkpoint, sha256: digest }))
    } else {
      console.log(
        `${model} trained with ${method}: float top-1 ${percent(top1)} % on ${testSet.labels.length} test images\n` +
          `${checkpoint}\nsha256 ${digest}\nNext: quant-trim eval ${folder}`,
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
  dataset: Dataset,
): { graph: Graph; initial?: Parameters; startsFrom?: string; source?: Uint8Array } {
  const model = textOf(values, 'model')
  const from = values.from as string | undefined
  if (isModelFile(model)) {
    if (from !== undefined) throw new UsageError('--from and an ONNX file: both bring weights; leave out one')
    const source = readModelFile(model)
    const { graph, parameters } = classifierFrom(source, model, dataset)
    return { graph, initial: parameters, startsFrom: sha256(source), source }
  }
  const graph = graphOf(config, dataset)
  if (from === undefined) return { graph }
  const start = startFrom(from, graph)
  return { graph, initial: start.initial, startsFrom: start.sha256 }
}

/** Lets signals be handled between two steps. */
function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Ends the process on Ctrl-C with a word about what is safe. Writes are never in progress then: they are synchronous. */
function stopOnInterrupt(message: () => string): () => void {
  const onInterrupt = (): void => {
    console.error(`\n${message()}`)
    process.exit(130)
  }
  process.on('SIGINT', onInterrupt)
  return () => process.off('SIGINT', onInterrupt)
}
