import { UsageError } from '../../engine/base/errors.ts'
import type { StraightThrough } from '../affine/fakeQuantise.ts'
import { type CurriculumOptions, defaultCurriculum } from './curriculum.ts'
import { defaultGainTrimming, type GainTrimmingOptions } from './gainTrimming.ts'
import { defaultGridAlignment, type GridAlignmentOptions } from './gridAlignment.ts'
import { defaultKure, type KureOptions } from './kurtosis.ts'
import type { PairTrimmingOptions } from './pairTrimming.ts'
import { defaultReversePruning, type ReversePruningOptions } from './reversePruning.ts'
import { defaultSchemeSampling, type SchemeSampling } from './schemeSampling.ts'

/** Everything that distinguishes one training method from another. */
export interface MethodOptions {
  /** Bits of the weights that training simulates. */
  readonly weightBits: number
  /** Bits of the activations that training simulates. */
  readonly activationBits: number
  readonly weightGranularity: 'tensor' | 'channel'
  /** 'pow2': weight scales are powers of two. */
  readonly weightScaleForm: 'float' | 'pow2'
  /** Whether training quantises the weights that folding a following batch norm gives, as compilers do. */
  readonly weightFolding: boolean
  /** Weights are always symmetric and narrow; activations may be either. */
  readonly activationSymmetric: boolean
  /**
   * 'estimated': scales follow the weights and the activations' observers. 'learned': LSQ, steps are trained; for
   * curricula 'none' and 'step', with its own straight-through estimator and the codes of `LearnedSteps`.
   */
  readonly stepSizes: 'estimated' | 'learned'
  /** null: one scheme, the above, in every step. */
  readonly sampling: SchemeSampling | null
  /** The straight-through estimator: see `fakeQuantise`. */
  readonly ste: StraightThrough
  readonly curriculum: CurriculumOptions
  /** beta: how much of the earlier activation range each batch keeps. */
  readonly observerBeta: number
  /** p: a batch's range is [Q_(1-p), Q_p] of the activation. */
  readonly observerQuantile: number
  /** Batches at the start of training that the observers do not see. */
  readonly observerSkip: number
  /** null: no kurtosis regularisation. */
  readonly kure: KureOptions | null
  /** null: no reverse pruning. */
  readonly reversePruning: ReversePruningOptions | null
  /** null: no gain trimming. */
  readonly gainTrimming: GainTrimmingOptions | null
  /** null: no grid alignment. */
  readonly gridAlignment: GridAlignmentOptions | null
  /** null: no pair trimming. */
  readonly pairTrimming: PairTrimmingOptions | null
  /**
   * From this fraction of the run on, batch norm keeps its running statistics and normalises by them, as what is exported
   * will: training then sees the shifts that quantised weights cause, which batch statistics would take out again. 1: never.
   */
  readonly batchNormFreeze: number
  /** Factor on the learning rate from there on, in [0, 1]; absent: `defaultFrozenRate`. */
  readonly frozenRate?: number
  /** Whether the export step rounds the weights to the codes that training simulates at its end. */
  readonly exportSnapped: boolean
  /** Whether the export step clips activations to their learned ranges. */
  readonly exportClips: boolean
  /** Whether the export step centres the logits and clips what cannot win: see `centreLogits`; absent: no. */
  readonly exportCentredLogits?: boolean
  /** Training batches over which the export step re-estimates batch norm; 0 leaves it as trained. */
  readonly batchNormBatches: number
  /** The blend that these batches see: 0 re-estimates in float, 1 as training quantises at its end. */
  readonly batchNormLambda: number
}

/**
 * Once batch norm is frozen nothing takes out what a step does to the scale of the activations, and at the rate that batch norm
 * bears networks fall back to chance (seen at 0.01, not at 0.0012).
 */
export const defaultFrozenRate = 0.1

/** Full Quant-Trim, with the values that a pilot found not to be bad; none of them is the paper's. */
const quantTrim: MethodOptions = {
  weightBits: 4,
  activationBits: 8,
  weightGranularity: 'channel',
  weightScaleForm: 'float',
  weightFolding: false,
  activationSymmetric: false,
  stepSizes: 'estimated',
  sampling: null,
  ste: 'identity',
  curriculum: defaultCurriculum,
  observerBeta: 0.95,
  observerQuantile: 0.999,
  observerSkip: 10,
  kure: null,
  reversePruning: defaultReversePruning,
  gainTrimming: defaultGainTrimming,
  gridAlignment: null,
  pairTrimming: null,
  batchNormFreeze: 1,
  exportSnapped: false,
  exportClips: true,
  batchNormBatches: 32,
  batchNormLambda: 0,
}

/**
 * What grid alignment needs: an early ramp, batch norm frozen at the end (its statistics are then those of the network that is
 * exported, and need no new estimate, which would move the weights off the grid), weights exported on the grid.
 */
const grid = {
  curriculum: { ...defaultCurriculum, warmup: 0.1, middle: 0.2, full: 0.4 },
  gridAlignment: defaultGridAlignment,
  batchNormFreeze: 0.7,
  batchNormBatches: 0,
  exportSnapped: true,
} as const

/** The parts that the baselines go without. */
const plain = { reversePruning: null, gainTrimming: null, exportClips: false, batchNormBatches: 0 } as const

const none = { ...defaultCurriculum, kind: 'none' } as const
const step = { ...defaultCurriculum, kind: 'step' } as const

/** What the methods are, by name. */
export const methods = {
  float: {
    summary: 'full-precision training, nothing quantised',
    options: { ...quantTrim, ...plain, curriculum: none },
  },
  qat: {
    summary: 'plain quantisation-aware training: one scheme, lambda 1 after the warm-up, no trimming',
    options: { ...quantTrim, ...plain, curriculum: step },
  },
  'quant-trim': {
    summary: 'progressive fake quantisation, reverse pruning, gain trimming and the export step',
    options: quantTrim,
  },
  'quant-trim-no-pruning': {
    summary: 'ablation: Quant-Trim without reverse pruning and gain trimming',
    options: { ...quantTrim, reversePruning: null, gainTrimming: null },
  },
  'quant-trim-no-ramp': {
    summary: 'ablation: Quant-Trim with lambda 1 right after the warm-up',
    options: { ...quantTrim, curriculum: step },
  },
  'quant-trim+sampling': {
    summary: 'Quant-Trim with a quantisation scheme drawn anew for each point and step',
    options: { ...quantTrim, weightFolding: true, sampling: defaultSchemeSampling },
  },
  'quant-trim+grid': {
    summary: 'Quant-Trim with the weights of every layer on one power-of-two grid from half of the run on',
    options: { ...quantTrim, ...grid },
  },
  'quant-trim+grid+sampling': {
    summary: 'the same with bits, symmetry and granularity drawn anew for each point and step',
    options: {
      ...quantTrim,
      ...grid,
      weightFolding: true,
      sampling: { ...defaultSchemeSampling, parts: ['granularity', 'symmetry', 'bits'] },
    },
  },
  kure: {
    summary: 'full-precision training with kurtosis regularisation (KURE, arXiv 2002.07686)',
    options: { ...quantTrim, ...plain, curriculum: none, kure: defaultKure },
  },
  lsq: {
    summary: 'quantisation-aware training with learned step sizes (LSQ, arXiv 1902.08153)',
    options: { ...quantTrim, ...plain, curriculum: step, stepSizes: 'learned' },
  },
} satisfies Record<string, { summary: string; options: MethodOptions }>

/** The name of a training method. */
export type MethodName = keyof typeof methods

/** The options of a method. Throws `UsageError` that lists the methods for an unknown name. */
export function methodOptions(name: string): MethodOptions {
  if (!Object.hasOwn(methods, name)) {
    throw new UsageError(`there is no method '${name}'; wanted one of ${Object.keys(methods).join(', ')}`)
  }
  return methods[name as MethodName].options
}
