import { UsageError } from '../../engine/base/errors.ts'
import { type FloatTensor, type Tensor, tensor } from '../../engine/core/tensor.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import { floatParameter } from '../../engine/graph/parameters.ts'
import { quantisationPoints } from '../affine/points.ts'
import { quantileOf } from '../affine/quantile.ts'
import { codeRange } from '../affine/scheme.ts'
import { magnitudeHistogram, type TrimHistogram } from './magnitudeHistogram.ts'

/** Options of reverse pruning; the idea is the paper's (arXiv 2511.15300), the constants are ours. */
export interface ReversePruningOptions {
  /** p_clip: the quantile of |W| that becomes the threshold, in (0, 1]. */
  readonly quantile: number
  /** beta_tau: how much of the earlier threshold is kept, in [0, 1). 0 takes each new one as it is. */
  readonly beta: number
  /** K: trim after every so many epochs. */
  readonly everyEpochs: number
  /** Trimming stops after this fraction of the run. */
  readonly until: number
  /** One threshold for the layer, or one for each output channel. */
  readonly granularity: 'tensor' | 'channel'
  /** Layers left out. */
  readonly exclude: readonly ('first' | 'last' | 'depthwise')[]
}

/** Starting values that a pilot found not to be bad: depthwise layers are hurt by clipping raw weights. */
export const defaultReversePruning: ReversePruningOptions = {
  quantile: 0.99,
  beta: 0,
  everyEpochs: 1,
  until: 0.9,
  granularity: 'tensor',
  exclude: ['depthwise'],
}

/** Throws `UsageError` for values outside their range. */
export function checkReversePruning({ quantile, beta, everyEpochs, until }: ReversePruningOptions): void {
  if (!(quantile > 0 && quantile <= 1)) throw new UsageError(`reverse pruning: quantile ${quantile}; wanted (0, 1]`)
  if (!(beta >= 0 && beta < 1)) throw new UsageError(`reverse pruning: beta ${beta}; wanted [0, 1)`)
  if (!Number.isInteger(everyEpochs) || everyEpochs < 1) {
    throw new UsageError(`reverse pruning: every ${everyEpochs} epochs; wanted an integer from 1 on`)
  }
  if (!(until >= 0 && until <= 1)) throw new UsageError(`reverse pruning: until ${until}; wanted a fraction in [0, 1]`)
}

/** What one trimming did to one layer: a line of the audit trail. */
export interface TrimEvent {
  readonly epoch: number
  /** 'weights': raw weights clipped to tau. 'gains': batch-norm gains scaled down, tau bounds the folded weight. */
  readonly kind: 'weights' | 'gains'
  /** The name of the weight. */
  readonly parameter: string
  /** The threshold; the largest of them where channels have their own. */
  readonly tau: number
  /** Weights clipped, or channels whose gain was scaled down. */
  readonly clipped: number
  /** Of so many. */
  readonly total: number
  /** The largest symmetric per-tensor scale (max |W| / qmax) before and after, at the bits trained for. */
  readonly scaleBefore: number
  readonly scaleAfter: number
  /** Of |W|, or of the folded |W| where gains were trimmed. */
  readonly histogram: TrimHistogram
}

/** A weight that may be trimmed. Its output channels are the first dimension of `shape`. */
export interface TrimTarget {
  readonly parameter: string
  readonly depthwise: boolean
}

/** The weights of a graph's convolutions and matrix products, in the order of the network. */
export function trimTargets(graph: Graph): TrimTarget[] {
  return quantisationPoints(graph).weights.map(({ parameter, node }) => {
    const group = graph.nodes.find(({ name }) => name === node)?.attributes.group ?? 1
    const shape = graph.parameters.find(({ name }) => name === parameter)?.shape ?? []
    return { parameter, depthwise: (group as number) > 1 && shape[1] === 1 }
  })
}

/**
 * Reverse pruning: at intervals the largest magnitudes of each weight are clipped to a threshold, in place, on the
 * full-precision master weight:
 *
 *     tau <- beta tau + (1 - beta) Q_p(|W|)        (the first time copied)
 *     W   <- clip(W, -tau, tau)
 *
 * Q_p is `quantileOf`: exact, linear between neighbours. Example: p = 0.5 and W = [1, -2, 4]
 * give tau = 2 and W = [1, -2, 2].
 */
export class ReversePruning {
  readonly #targets: readonly TrimTarget[]
  readonly #options: ReversePruningOptions
  readonly #qmax: number
  /** Per parameter, one threshold per tensor or channel. */
  readonly #thresholds = new Map<string, Float32Array>()

  /** `targets` in the order of the network: the first and the last are what `exclude` means by those names. */
  constructor(targets: readonly TrimTarget[], options: ReversePruningOptions, weightBits: number) {
    checkReversePruning(options)
    this.#options = options
    this.#qmax = codeRange({ bits: weightBits, signed: true }).qmax
    const excluded = new Set(options.exclude)
    this.#targets = targets.filter(
      (target, i) =>
        !(excluded.has('first') && i === 0) &&
        !(excluded.has('last') && i === targets.length - 1) &&
        !(excluded.has('depthwise') && target.depthwise),
    )
  }

  /** Trims every target after `epoch` (counted from 0) and reports what it did; nothing when the epoch is not due. */
  afterEpoch(epoch: number, fraction: number, parameters: ReadonlyMap<string, Tensor>): TrimEvent[] {
    if ((epoch + 1) % this.#options.everyEpochs !== 0 || fraction > this.#options.until) return []
    return this.#targets.map(({ parameter }) => this.#trim(epoch, parameter, floatParameter(parameters, parameter)))
  }

  #trim(epoch: number, parameter: string, weight: FloatTensor): TrimEvent {
    const { quantile: p, beta, granularity } = this.#options
    const groups = granularity === 'channel' ? weight.shape[0] : 1
    const length = weight.size / groups
    const before = this.#thresholds.get(parameter)
    const thresholds = new Float32Array(groups)
    const limit = largestMagnitude(weight.data)
    const histogramBefore = magnitudeHistogram(weight.data, limit)
    let clipped = 0
    for (let g = 0; g < groups; g++) {
      const values = weight.data.subarray(g * length, (g + 1) * length)
      const current = values.length === 0 ? 0 : quantileOf(values.map(Math.abs), p)
      const tau = Math.fround(before === undefined ? current : beta * before[g] + (1 - beta) * current)
      thresholds[g] = tau
      for (let i = 0; i < values.length; i++) {
        if (Math.abs(values[i]) <= tau) continue
        values[i] = values[i] < 0 ? -tau : tau
        clipped++
      }
    }
    this.#thresholds.set(parameter, thresholds)
    return {
      epoch,
      kind: 'weights',
      parameter,
      tau: largestMagnitude(thresholds),
      clipped,
      total: weight.size,
      scaleBefore: limit / this.#qmax,
      scaleAfter: largestMagnitude(weight.data) / this.#qmax,
      histogram: { limit, before: histogramBefore, after: magnitudeHistogram(weight.data, limit) },
    }
  }

  /** The thresholds, by parameter name, for a run that is to be resumed. */
  state(): Map<string, FloatTensor> {
    return new Map([...this.#thresholds].map(([parameter, thresholds]) => [parameter, tensor(thresholds)]))
  }

  /** Takes over what `state` returned. */
  loadState(state: ReadonlyMap<string, FloatTensor>): void {
    this.#thresholds.clear()
    for (const [parameter, { data }] of state) this.#thresholds.set(parameter, data.slice())
  }
}

/** max |x|, 0 for an empty array. Example: [1, -3] gives 3. */
export function largestMagnitude(values: Float32Array): number {
  let largest = 0
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]))
  return largest
}
