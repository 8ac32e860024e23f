import type { Graph, Parameters } from '../engine/graph/graph.ts'
import type { Dataset } from '../models/data/dataset.ts'
import { type ImbalanceSite, injectImbalance } from '../quant/passes/injectImbalance.ts'
import { type EpochLine, openRun } from './run.ts'
import { evaluateFloat } from './testImages.ts'
import { epochBatches, makeTrainer, stepsPerEpoch, type TrainingConfig } from './trainingConfig.ts'

/** What is trained, and into which folder. */
export interface TrainRunOptions {
  readonly config: TrainingConfig
  readonly graph: Graph
  /** What the parameters begin as. Default: drawn from the seed. */
  readonly initial?: Parameters
  /** The file that the model came from, to be kept. */
  readonly source?: Uint8Array
  readonly folder: string
  readonly train: Dataset
  /** What its accuracy is measured on. */
  readonly test: Dataset
  /** As `openRun` takes them. */
  readonly resume: boolean
  readonly force: boolean
}

/** Who is told what happens while a run trains. */
export interface TrainEvents {
  /** Awaited after each step of an epoch, so that events are let in; the step is counted from 1. */
  readonly onStep?: (epoch: number, step: number, steps: number, loss: number) => Promise<void>
  readonly onEpoch?: (line: EpochLine) => void
  /** All epochs are done; the checkpoint is made. */
  readonly onExport?: () => void
}

/** A finished training. */
export interface TrainedRun {
  readonly checkpoint: string
  readonly sha256: string
  /** A fraction, on all images that the run is measured on. */
  readonly floatTop1: number
}

/** A training that is about to run. */
export interface OpenTraining {
  /** Epochs done before, of a run that is resumed. */
  readonly epoch: number
  /** Where imbalance was injected into what it begins with. */
  readonly imbalance: readonly ImbalanceSite[]
  /** Trains the remaining epochs, each saved, and writes the checkpoint. Throws what the trainer throws. */
  complete(events: TrainEvents): Promise<TrainedRun>
}

/** Opens a run folder and makes its trainer. Throws what `openRun`, `injectImbalance` and the trainer's constructor throw. */
export function openTraining(options: TrainRunOptions): OpenTraining {
  const { config, graph, initial, source, folder, train, test } = options
  const steps = stepsPerEpoch(config, train)
  const imbalanced = config.imbalance && initial && injectImbalance(graph, initial, config.imbalance)
  const trainer = makeTrainer(config, graph, train, imbalanced?.parameters ?? initial)
  const run = openRun(folder, config, { resume: options.resume, force: options.force, source })
  if (run.saved !== null) trainer.loadState(run.saved)
  return {
    epoch: trainer.epoch,
    imbalance: imbalanced?.sites ?? [],
    async complete({ onStep, onEpoch, onExport }) {
      while (trainer.epoch < config.epochs) {
        const started = performance.now()
        const { epoch } = trainer
        const { metrics, trims } = await trainer.trainEpoch(epochBatches(config, train, epoch), async (step, loss) =>
          onStep?.(epoch, step % steps || steps, steps, loss),
        )
        const line = { ...metrics, seconds: (performance.now() - started) / 1000 }
        run.saveEpoch(trainer.state(), line, trims)
        onEpoch?.(line)
      }
      onExport?.()
      const exported = trainer.export(epochBatches(config, train, 0))
      const { top1 } = evaluateFloat(exported, test)
      return { ...run.finish(exported, top1), floatTop1: top1 }
    },
  }
}
