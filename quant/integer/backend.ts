/** What a back end is: a value. All the code that reads it is shared, so two back ends differ in data only. */

import type { RoundingMode } from '../../engine/base/rounding.ts'
import type { OpName } from '../../engine/ops/names.ts'
import type { Scheme } from '../affine/scheme.ts'
import type { ObserverSpec } from './observerSpec.ts'
import type {
  AddRule,
  AverageRule,
  ClampRule,
  LayerRule,
  MulRule,
  RescaleRule,
  SoftmaxRule,
  TableFunction,
  TableRule,
} from './rules.ts'

/** A parameter without a source, or one that the model leaves out. */
export interface Assumption {
  /** The knob, e.g. 'calibration momentum'. */
  readonly parameter: string
  /** One plain sentence: what we do, and what is not known. */
  readonly sentence: string
}

/** How activation ranges are estimated. */
export interface Calibration {
  /** For the tensors that the graph computes. */
  readonly observer: ObserverSpec
  /** For the graph's input. Default: `observer`. */
  readonly inputObserver?: ObserverSpec
  /** How many calibration images the tool takes by default. */
  readonly images: number
}

/** How a bias becomes integers. */
export type BiasRule =
  /** One code is s_in * s_w[c], so it adds to the accumulator as it is. */
  | { readonly kind: 'product'; readonly bits: 32 }
  /** A power-of-two scale of its own, per tensor, aligned to the accumulator by a left shift of at most `maximumShift`. */
  | { readonly kind: 'own-power-of-two'; readonly bits: 8; readonly maximumShift: number }

/** Limits of power-of-two scales. */
export interface ExponentLimits {
  /** The least exponent of a scale: -12 is a fix position of at most 12. */
  readonly minimum: number
  /** The right shift of a layer or an addition lies in [0, maximumShift]. */
  readonly maximumShift: number
}

/** A back end: the numerical behaviour of one runtime, or of our model of one vendor's compiler. */
export interface Backend {
  readonly name: string
  readonly title: string
  /** 'runtime': follows software or a text that exists. 'vendor-model': our model; what is assumed says so. */
  readonly kind: 'runtime' | 'vendor-model'
  /** What it stands for. */
  readonly models: string
  readonly sources: readonly string[]
  readonly assumptions: readonly Assumption[]
  readonly activations: Scheme
  /** A narrower activation range is widened to this. Default 0. */
  readonly minimumRange?: number
  /** The weight scheme at 8 bits; at other widths the same with fewer bits. */
  readonly weights: Scheme
  /** The same for matrix products where they differ. Default `weights`. */
  readonly gemmWeights?: Scheme
  /** 'max': from the largest magnitude. 'power-of-two-mse': the best of five exponents. */
  readonly weightEstimator: 'max' | 'power-of-two-mse'
  readonly weightBits: readonly number[]
  readonly bias: BiasRule
  /**
   * int32; a model whose bound exceeds it is refused when it is compiled. `pairSaturation`: see `pairSaturation` of a layer
   * step; it concerns convolutions that are not depthwise, and matrix products.
   */
  readonly accumulator: { readonly bits: 32; readonly overflow: 'refuse'; readonly pairSaturation?: 'u8s8-int16' }
  readonly rounding: { readonly weight: RoundingMode; readonly bias: RoundingMode; readonly input: RoundingMode }
  /** The bounds of fused activations. */
  readonly clamp: ClampRule
  readonly calibration: Calibration
  readonly layers: { readonly conv: LayerRule; readonly depthwise: LayerRule; readonly gemm: LayerRule }
  readonly add: AddRule
  /** Wanted where Mul is covered. */
  readonly mul?: MulRule
  readonly averagePool: AverageRule
  readonly globalAveragePool: AverageRule
  /** ReduceMean over the plane; wanted where it is covered. */
  readonly mean?: AverageRule
  /** Wanted where Softmax is covered. */
  readonly softmax?: SoftmaxRule
  /** Wanted for each function that is covered. */
  readonly tables?: Readonly<Partial<Record<TableFunction, TableRule>>>
  /** Quantisers that the runtime prescribes for the results of operators, whatever their range. */
  readonly fixedOutputs?: Readonly<Partial<Record<OpName, { readonly scale: number; readonly zeroPoint: number }>>>
  /**
   * 'shared': inputs and output share the quantiser of their joint range, so that the scale is the largest and codes are copied.
   * 'requantise': each keeps its own; an input whose quantiser differs from the output's is rescaled first.
   */
  readonly concat: 'shared' | 'requantise'
  /** Wanted where `concat` is 'requantise' or outputs are fixed. */
  readonly rescale?: RescaleRule
  /** Power-of-two back ends only. */
  readonly exponents?: ExponentLimits
  /** The operators it covers. Batch norms are folded into layers before; one that cannot be is refused. */
  readonly operators: readonly OpName[]
}
