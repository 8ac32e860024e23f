import { argmax } from '../../engine/base/argmax.ts'
import { NumericError } from '../../engine/base/errors.ts'
import { scope } from '../../engine/core/context.ts'
import { type FloatTensor, type Tensor, tensor } from '../../engine/core/tensor.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { initialise } from '../../engine/graph/initialise.ts'
import { runGraph, type Tap } from '../../engine/graph/interpreter.ts'
import { checkParameters, floatParameter, trainableParameters } from '../../engine/graph/parameters.ts'
import { add } from '../../engine/ops/add.ts'
import { crossEntropy } from '../../engine/ops/softmaxCrossEntropyLoss.ts'
import type { Optimiser } from '../../engine/optim/optimiser.ts'
import type { Schedule } from '../../engine/optim/schedules.ts'
import type { ValueRange } from '../affine/quantiser.ts'
import { codeRange } from '../affine/scheme.ts'
import { centreLogits, checkLogits, clipLogits, defaultLogitBatches } from './centreLogits.ts'
import { checkCurriculum, lambdaAt } from './curriculum.ts'
import { insertClips, reestimateBatchNorm, snapWeights } from './exportStep.ts'
import { GainTrimming } from './gainTrimming.ts'
import { GridAlignment } from './gridAlignment.ts'
import { checkKure, kurePenalty } from './kurtosis.ts'
import { LearnedSteps } from './learnedSteps.ts'
import { defaultFrozenRate, type MethodOptions } from './methods.ts'
import { PairTrimming } from './pairTrimming.ts'
import { ReversePruning, type TrimEvent, trimTargets } from './reversePruning.ts'
import { snappingScheme } from './schemeSampling.ts'
import { QuantisationSimulator, type Simulator } from './simulator.ts'

/** Some images with their labels, as a data set's batches give them. */
export interface LabelledBatch {
  /** As the graph's only input wants them. */
  readonly images: FloatTensor
  /** One class for each image. */
  readonly labels: Tensor<'int32'>
}

/** What the whole run is, fixed from its first step to its last. */
export interface TrainerOptions {
  readonly method: MethodOptions
  readonly epochs: number
  readonly stepsPerEpoch: number
  readonly seed: number
  /** Makes the optimiser of the trainable parameters. */
  readonly optimiser: (parameters: ReadonlyMap<string, FloatTensor>) => Optimiser
  /** Factor on the optimiser's learning rate at each step of the run. */
  readonly schedule: Schedule
  /** In [0, 1). */
  readonly labelSmoothing: number
  /** What the parameters begin as; they are copied. Default: drawn from `seed`. */
  readonly initial?: Parameters
}

/** What one epoch did. */
export interface EpochMetrics {
  /** From 0. */
  readonly epoch: number
  /** Mean training loss over the epoch's images, penalties included. */
  readonly loss: number
  /** Fraction of the epoch's images whose largest logit was their label's, as training saw them. */
  readonly accuracy: number
  /** Blending coefficient at the epoch's last step. */
  readonly lambda: number
  /** Learning rate at the epoch's last step. */
  readonly learningRate: number
}

/** A checkpoint: a float model that any toolchain can take. */
export interface ExportedModel {
  readonly graph: Graph
  readonly parameters: Parameters
  /** Learned activation ranges by tensor name. */
  readonly ranges: ReadonlyMap<string, ValueRange>
  /** The range that centred logits are clipped to. */
  readonly logits?: ValueRange
}

/** Trains one graph with one method, epoch by epoch; all of its state can be saved between epochs. */
export class Trainer {
  readonly graph: Graph
  readonly parameters: Parameters
  readonly #options: TrainerOptions
  readonly #optimiser: Optimiser
  readonly #baseRate: number
  readonly #simulator: Simulator
  /** The weights that KURE regularises; none without it. */
  readonly #regularised: readonly FloatTensor[]
  readonly #reversePruning: ReversePruning | null
  readonly #gainTrimming: GainTrimming | null
  readonly #gridAlignment: GridAlignment | null
  readonly #pairTrimming: PairTrimming | null
  #epoch = 0

  /** Throws `UsageError` for options outside their range, `ShapeError` for initial parameters that are not the graph's. */
  constructor(graph: Graph, options: TrainerOptions) {
    const { method } = options
    checkCurriculum(method.curriculum)
    if (method.exportCentredLogits) checkLogits(graph)
    this.graph = graph
    this.#options = options
    this.parameters = initialise(graph, options.seed)
    if (options.initial !== undefined) {
      checkParameters(graph, options.initial)
      for (const [name, { data }] of this.parameters) data.set((options.initial.get(name) as Tensor).data)
    }
    const trainable = trainableParameters(graph, this.parameters)
    if (method.stepSizes === 'learned') {
      const steps = new LearnedSteps(graph, method)
      for (const [name, step] of steps.trainable()) trainable.set(name, step)
      this.#simulator = steps
    } else {
      this.#simulator = new QuantisationSimulator(graph, method, {
        parameters: this.parameters,
        seed: options.seed,
        gridFrom: method.gridAlignment
          ? Math.ceil(method.gridAlignment.from * options.stepsPerEpoch * options.epochs)
          : undefined,
      })
    }
    this.#optimiser = options.optimiser(trainable)
    this.#baseRate = this.#optimiser.lr
    const targets = trimTargets(graph)
    if (method.kure) checkKure(method.kure)
    this.#regularised = method.kure
      ? [...new Set(targets.map(({ parameter }) => parameter))].map((name) => floatParameter(this.parameters, name))
      : []
    this.#reversePruning =
      method.reversePruning && new ReversePruning(targets, method.reversePruning, method.weightBits)
    this.#gainTrimming = method.gainTrimming && new GainTrimming(graph, method.gainTrimming, method.weightBits)
    this.#gridAlignment = method.gridAlignment && new GridAlignment(graph, method.gridAlignment, method.weightBits)
    const codes = method.exportSnapped ? codeRange({ bits: method.weightBits, signed: true }).qmax : null
    this.#pairTrimming = method.pairTrimming && new PairTrimming(graph, method.pairTrimming, codes)
  }

  /** Epochs done. */
  get epoch(): number {
    return this.#epoch
  }

  /**
   * Trains on one epoch of batches, then trims. `onStep` is awaited after each step, so that a caller can report and let
   * events in. Throws `NumericError` when the loss, or what is quantised, is not finite.
   */
  async trainEpoch(
    batches: Iterable<LabelledBatch>,
    onStep?: (step: number, loss: number) => Promise<void>,
  ): Promise<{ metrics: EpochMetrics; trims: TrimEvent[] }> {
    const { stepsPerEpoch, epochs, method } = this.#options
    const { frozenRate = defaultFrozenRate } = method
    const totalSteps = stepsPerEpoch * epochs
    let images = 0
    let lossSum = 0
    let correct = 0
    let step = this.#epoch * stepsPerEpoch
    let lambda = 0
    for (const batch of batches) {
      lambda = lambdaAt(step / totalSteps, method.curriculum)
      this.#optimiser.lr =
        this.#baseRate * this.#options.schedule(step, totalSteps) * (this.#isFrozen(step) ? frozenRate : 1)
      const { loss, hits } = scope(() => this.#step(batch, lambda, step))
      images += batch.labels.size
      lossSum += loss * batch.labels.size
      correct += hits
      step++
      await onStep?.(step, loss)
    }
    const metrics = {
      epoch: this.#epoch,
      loss: lossSum / images,
      accuracy: correct / images,
      lambda,
      learningRate: this.#optimiser.lr,
    }
    const trims = this.#trim()
    this.#epoch++
    return { metrics, trims }
  }

  #isFrozen(step: number): boolean {
    const { stepsPerEpoch, epochs, method } = this.#options
    return step >= method.batchNormFreeze * stepsPerEpoch * epochs
  }

  #step({ images, labels }: LabelledBatch, lambda: number, step: number): { loss: number; hits: number } {
    const { method, labelSmoothing, stepsPerEpoch, epochs } = this.#options
    const { kure } = method
    const [input] = this.graph.inputs
    const [output] = this.graph.outputs
    const tap = this.#simulator.tap(lambda, step)
    const training = !this.#isFrozen(step)
    const diverged = (what: string): NumericError =>
      new NumericError(
        `training: ${what} in epoch ${this.#epoch + 1}, step ${(step % stepsPerEpoch) + 1}; try a lower learning rate or, with tight activation ranges, the clipped straight-through estimator`,
      )
    let logits: FloatTensor
    try {
      logits = runGraph(this.graph, this.parameters, { [input.name]: images }, { training, tap })[output] as FloatTensor
    } catch (error) {
      // A quantiser meets what is not finite before the loss does.
      throw error instanceof NumericError ? diverged(error.message) : error
    }
    const fit = crossEntropy(logits, labels, { labelSmoothing })
    const penalty = kure ? kurePenalty(this.#regularised, kure) : null
    const loss = penalty === null ? fit : add(fit, penalty)
    if (!Number.isFinite(loss.item())) throw diverged(`the loss is ${loss.item()}`)
    loss.backward()
    this.#optimiser.step()
    const fraction = (step + 1) / (stepsPerEpoch * epochs)
    this.#gridAlignment?.afterStep(fraction, this.parameters)
    this.#pairTrimming?.afterStep(fraction, this.parameters)
    // Gradients live in the step's scope.
    this.#optimiser.zeroGrad()
    return { loss: loss.item(), hits: countHits(logits.data, labels.data) }
  }

  /** After the warm-up: reverse pruning of raw weights, then of the gains that folding multiplies them with. */
  #trim(): TrimEvent[] {
    const { curriculum } = this.#options.method
    const fraction = (this.#epoch + 1) / this.#options.epochs
    if (fraction < curriculum.warmup) return []
    return [
      ...(this.#reversePruning?.afterEpoch(this.#epoch, fraction, this.parameters) ?? []),
      ...(this.#gainTrimming?.afterEpoch(this.#epoch, this.parameters) ?? []),
    ]
  }

  /**
   * The checkpoint. With the method's export step, in this order: weights are rounded to their codes, in place, batch norm is
   * re-estimated over the first of `batches`, activations are clipped to their learned ranges, logits are centred.
   */
  export(batches: Iterable<LabelledBatch>): ExportedModel {
    const { stepsPerEpoch, epochs, method } = this.#options
    const { batchNormBatches, batchNormLambda, exportClips, exportSnapped, exportCentredLogits = false } = method
    if (exportSnapped) snapWeights(this.graph, this.parameters, snappingScheme(method))
    // What the re-estimation shows the observers is no training.
    const ranges = this.#simulator.ranges()
    const images = [...firstImages(batches, batchNormBatches || (exportCentredLogits ? defaultLogitBatches : 0))]
    if (batchNormBatches > 0) {
      const tap = (k: number): Tap =>
        batchNormLambda === 0 ? {} : this.#simulator.tap(batchNormLambda, stepsPerEpoch * epochs + k)
      reestimateBatchNorm(this.graph, this.parameters, images, tap)
    }
    this.#pairTrimming?.atExport(this.parameters)
    const graph = exportClips ? insertClips(this.graph, ranges) : this.graph
    const exported = { graph, parameters: this.parameters, ranges: exportClips ? ranges : new Map() }
    if (!exportCentredLogits) return exported
    const logits = centreLogits(graph, this.parameters, images)
    return { ...exported, graph: clipLogits(graph, logits), logits }
  }

  /** Everything a resumed run needs, as named tensors. */
  state(): Map<string, Tensor> {
    const state = new Map<string, Tensor>([['epoch', tensor([this.#epoch])]])
    const put = (prefix: string, entries: Iterable<[string, Tensor]>): void => {
      for (const [name, value] of entries) state.set(`${prefix}/${name}`, value)
    }
    put('model', this.parameters)
    put('optimiser', this.#optimiser.state())
    put('observer', this.#simulator.state())
    put('threshold', this.#reversePruning?.state() ?? [])
    put('grid', this.#gridAlignment?.state() ?? [])
    return state
  }

  /** Takes over what `state` returned, under the same options. Throws `FormatError` when it does not fit. */
  loadState(state: ReadonlyMap<string, Tensor>): void {
    const part = (prefix: string): Map<string, FloatTensor> =>
      new Map(
        [...state]
          .filter(([name]) => name.startsWith(`${prefix}/`))
          .map(([name, value]) => [name.slice(prefix.length + 1), value as FloatTensor]),
      )
    const model = part('model')
    checkParameters(this.graph, model)
    for (const [name, { data }] of model) this.parameters.get(name)?.data.set(data)
    this.#optimiser.loadState(part('optimiser'))
    this.#simulator.loadState(part('observer'))
    this.#reversePruning?.loadState(part('threshold'))
    this.#gridAlignment?.loadState(part('grid'))
    this.#epoch = state.get('epoch')?.item() ?? 0
  }
}

/** How many rows of logits [N, K] are largest at their label; the lowest index wins a tie. */
function countHits(logits: ArrayLike<number>, labels: Int32Array): number {
  const classes = logits.length / labels.length
  let hits = 0
  for (let i = 0; i < labels.length; i++) if (argmax(logits, i * classes, classes) === labels[i]) hits++
  return hits
}

/** The images of the first `count` batches. */
function* firstImages(batches: Iterable<LabelledBatch>, count: number): Generator<FloatTensor> {
  let taken = 0
  for (const { images } of batches) {
    if (taken++ === count) return
    yield images
  }
}
