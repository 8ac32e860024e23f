import { UsageError } from '../engine/base/errors.ts'
import type { FloatTensor } from '../engine/core/tensor.ts'
import type { Graph, Parameters } from '../engine/graph/graph.ts'
import { AdamW } from '../engine/optim/adamw.ts'
import type { Optimiser } from '../engine/optim/optimiser.ts'
import { constant, cosine, type Schedule, stepDecay, warmup } from '../engine/optim/schedules.ts'
import { SGD } from '../engine/optim/sgd.ts'
import type { Augmentation } from '../models/data/augment.ts'
import { batches } from '../models/data/batches.ts'
import type { Dataset } from '../models/data/dataset.ts'
import { buildModel } from '../models/zoo/index.ts'
import type { ImbalanceOptions } from '../quant/passes/injectImbalance.ts'
import type { MethodOptions } from '../quant/trim/methods.ts'
import { Trainer } from '../quant/trim/trainer.ts'

/** Everything that determines a training run, to the bit: what `config.json` of a run folder holds. */
export interface TrainingConfig {
  /** A model of the zoo, or the name of an ONNX file. */
  readonly model: string
  /** SHA-256 of the file whose weights it begins with; absent: they are drawn from the seed. */
  readonly startsFrom?: string
  /** How these weights are rescaled before it begins, without changing their function; null: not at all. */
  readonly imbalance: ImbalanceOptions | null
  /** Options of the model beside its input and classes. */
  readonly modelOptions: Readonly<Record<string, unknown>>
  /** As `loadDataset` takes it. */
  readonly data: string
  /** Training images used; null: all. */
  readonly limit: number | null
  /** Of these, so many from the end are not trained on but measured on, instead of the test images; null: none. */
  readonly holdOut: number | null
  readonly method: string
  readonly methodOptions: MethodOptions
  readonly epochs: number
  readonly batch: number
  readonly seed: number
  readonly optimiser: 'sgd' | 'adamw'
  readonly learningRate: number
  readonly momentum: number
  readonly nesterov: boolean
  readonly weightDecay: number
  readonly schedule: 'constant' | 'step' | 'cosine'
  /** Fraction of the run over which the learning rate rises from 0. */
  readonly learningRateWarmup: number
  readonly labelSmoothing: number
  readonly augment: 'none' | 'crop' | 'crop-flip'
}

/** The zoo model of a run, for its data set's pictures and classes. */
export function graphOf(
  config: Pick<TrainingConfig, 'model' | 'modelOptions'>,
  dataset: Pick<Dataset, 'shape' | 'classes'>,
): Graph {
  return buildModel(config.model, { input: dataset.shape, classes: dataset.classes.length, ...config.modelOptions })
}

/** The batches of one epoch of a run, in its seeded order and augmentation. */
export function epochBatches(config: TrainingConfig, train: Dataset, epoch: number): ReturnType<typeof batches> {
  const augment = augmentations[config.augment]
  return batches(train, { size: config.batch, shuffle: true, seed: config.seed, epoch, augment, dropLast: true })
}

/** Steps of one epoch: the last, smaller batch is left out. Throws `UsageError` where there is no whole batch. */
export function stepsPerEpoch(config: TrainingConfig, train: Dataset): number {
  const steps = Math.floor(train.labels.length / config.batch)
  if (steps === 0) {
    throw new UsageError(
      `train: ${train.labels.length} training images make no batch of ${config.batch}; use a smaller --batch or more images`,
    )
  }
  return steps
}

/** The trainer of a run, at its beginning: with `initial` parameters, or with those of its seed. */
export function makeTrainer(config: TrainingConfig, graph: Graph, train: Dataset, initial?: Parameters): Trainer {
  return new Trainer(graph, {
    method: config.methodOptions,
    epochs: config.epochs,
    stepsPerEpoch: stepsPerEpoch(config, train),
    seed: config.seed,
    optimiser: (parameters) => makeOptimiser(config, parameters),
    schedule: makeSchedule(config),
    labelSmoothing: config.labelSmoothing,
    initial,
  })
}

const augmentations: Readonly<Record<TrainingConfig['augment'], Augmentation | undefined>> = {
  none: undefined,
  crop: { pad: 4 },
  'crop-flip': { pad: 4, flip: true },
}

function makeOptimiser(config: TrainingConfig, parameters: ReadonlyMap<string, FloatTensor>): Optimiser {
  const { learningRate: lr, momentum, nesterov, weightDecay } = config
  // Biases and batch norm's parameters are vectors: decaying them gains nothing.
  const noDecay = (name: string): boolean => (parameters.get(name)?.shape.length ?? 0) < 2
  return config.optimiser === 'sgd'
    ? new SGD(parameters, { lr, momentum, nesterov, weightDecay, noDecay })
    : new AdamW(parameters, { lr, weightDecay, noDecay })
}

function makeSchedule(config: TrainingConfig): Schedule {
  const after = { constant: constant(), step: stepDecay({ every: 1 / 3, factor: 0.1 }), cosine: cosine() }[
    config.schedule
  ]
  return config.learningRateWarmup > 0 ? warmup(config.learningRateWarmup, after) : after
}
