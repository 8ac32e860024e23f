import { RandomStream } from '../../engine/base/random.ts'
import type { RoundingMode } from '../../engine/base/rounding.ts'
import type { Scheme } from '../affine/scheme.ts'
import type { MethodOptions } from './methods.ts'

/** What back ends differ in, as far as a training step can simulate it. */
export type SampledPart = 'granularity' | 'symmetry' | 'scale-form' | 'range' | 'rounding' | 'bits'

/** All of them. */
export const sampledParts: readonly SampledPart[] = [
  'granularity',
  'symmetry',
  'scale-form',
  'range',
  'rounding',
  'bits',
]

/** Options of back-end sampling (ours: the paper trains with one scheme). */
export interface SchemeSampling {
  /** 'step': one scheme for the whole network and step. 'point': one for each weight and activation. */
  readonly every: 'step' | 'point'
  /** What is drawn; the rest stays as the method has it. */
  readonly parts: readonly SampledPart[]
  /** Widths to draw from, each as likely as it stands in the list often. */
  readonly weightBits: readonly number[]
  readonly activationBits: readonly number[]
  /**
   * Asymmetric weights while the weights are held on a grid. 'any', also where absent: as drawn. 'tensor': per tensor, with a free
   * scale: on a grid all symmetric schemes are one and the same, and this is the one that differs from them.
   */
  readonly onGrid?: 'any' | 'tensor'
}

/** A family as general as the scheme allows; it names no back end. */
export const defaultSchemeSampling: SchemeSampling = {
  every: 'point',
  parts: sampledParts,
  weightBits: [4],
  activationBits: [4, 8],
}

/** The scheme of one weight and one activation in one training step. */
export interface TrainingScheme {
  readonly weights: Scheme
  /** The quantile of |w| that bounds a weight's range; 1 is the largest. */
  readonly weightQuantile: number
  readonly activations: Scheme
  /** 'observed': the observer's averages. 'batch': the minimum and maximum of this very batch. */
  readonly activationRange: 'observed' | 'batch'
  readonly rounding: RoundingMode
}

/** The method's own scheme: what every step sees without sampling. */
export function fixedScheme(method: MethodOptions): TrainingScheme {
  const { weightBits, activationBits, weightGranularity, weightScaleForm, activationSymmetric } = method
  return {
    weights: {
      bits: weightBits,
      signed: true,
      symmetric: true,
      narrow: true,
      granularity: weightGranularity,
      scaleForm: weightScaleForm,
    },
    weightQuantile: 1,
    activations: { bits: activationBits, signed: true, symmetric: activationSymmetric, granularity: 'tensor' },
    activationRange: 'observed',
    rounding: 'half-even',
  }
}

/**
 * What `exportSnapped` rounds weights to: the method's own scheme. A grid is one for the folded weights; the raw ones, which are
 * rounded, have it channel by channel. Example: per tensor with grid alignment: per channel.
 */
export function snappingScheme(method: MethodOptions): Scheme {
  const { weights } = fixedScheme(method)
  return method.gridAlignment === null ? weights : { ...weights, granularity: 'channel' }
}

/**
 * Draws schemes, so that a checkpoint is trained for a family of back ends and not for one: for each step (or for each
 * point and step) every sampled part is uniform over
 *
 *     granularity   weights per tensor, per channel
 *     symmetry      symmetric, asymmetric; drawn for weights and for activations
 *     scale-form    any f32, power of two; drawn for weights and for activations
 *     range         weights: maximum, quantile 0.999; activations: observed averages, the batch's own extremes
 *     rounding      ties to even, ties away, ties up
 *     bits          weightBits, activationBits
 *
 * A draw is a function of the run's seed, the step and the point's name, so that a resumed run draws the same.
 * Example: parts ['bits'], activationBits [4, 8]: half of the steps see 4-bit activations, all else is the method's.
 */
export class SchemeSampler {
  readonly #fixed: TrainingScheme
  readonly #options: SchemeSampling
  readonly #seed: number
  readonly #gridFrom: number

  /** `gridFrom`: the first step whose weights are held on a grid. */
  constructor(method: MethodOptions, options: SchemeSampling, seed: number, gridFrom = Number.POSITIVE_INFINITY) {
    this.#fixed = fixedScheme(method)
    this.#options = options
    this.#seed = seed
    this.#gridFrom = gridFrom
  }

  /** The scheme of one point (a weight's or tensor's name) in one step of the run. */
  draw(step: number, point: string): TrainingScheme {
    const { every, parts, weightBits, activationBits, onGrid = 'any' } = this.#options
    const random = new RandomStream(this.#seed, every === 'step' ? `scheme ${step}` : `scheme ${step} ${point}`)
    // Each part is drawn whether it is used or not, so that leaving one out leaves the others as they were.
    const pick = <T>(part: SampledPart, fixed: T, choices: readonly T[]): T => {
      const choice = choices[random.integer(choices.length)]
      return parts.includes(part) ? choice : fixed
    }
    const { weights, weightQuantile, activations, activationRange, rounding } = this.#fixed
    const isSymmetric = pick('symmetry', weights.symmetric, [true, false])
    const differs = onGrid === 'tensor' && step >= this.#gridFrom && !isSymmetric
    return {
      weights: {
        ...weights,
        symmetric: isSymmetric,
        // A balanced range is what symmetric codes have it for.
        narrow: isSymmetric,
        granularity: pick('granularity', weights.granularity, ['tensor', 'channel']),
        scaleForm: pick('scale-form', weights.scaleForm, ['float', 'pow2']),
        ...(differs && { granularity: 'tensor', scaleForm: 'float' }),
        bits: pick('bits', weights.bits, weightBits),
      },
      weightQuantile: pick('range', weightQuantile, [1, 0.999]),
      activations: {
        ...activations,
        symmetric: pick('symmetry', activations.symmetric, [true, false]),
        scaleForm: pick('scale-form', activations.scaleForm, ['float', 'pow2']),
        bits: pick('bits', activations.bits, activationBits),
      },
      activationRange: pick('range', activationRange, ['observed', 'batch']),
      rounding: pick('rounding', rounding, ['half-even', 'half-away', 'half-up']),
    }
  }
}
