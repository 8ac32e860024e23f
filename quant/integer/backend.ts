/** What a back end is: a value. All the code that reads it is shared, so two back ends differ in data only. */

import type { RoundingMode } from '../../engine/base/rounding.ts'
import type { OpName } from '../../engine/ops/names.ts'
import type { Scheme } from '../affine/scheme.ts'
import type { ObserverSpec } from './observerSpec.ts'
import type { FloatFormat } from './program.ts'
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
import type { PassSpec } from './runPasses.ts'

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
  /** One code is s_in * s_w[c], so it adds to the accumulator as it is. Codes of fewer than 32 bits saturate. */
  | { readonly kind: 'product'; readonly bits: 16 | 20 | 32 }
  /** It stays an f32 and is added after scaling; for layers whose requantiser is 'f32-half-even'. */
  | { readonly kind: 'float' }
  /** A power-of-two scale of its own, per tensor, aligned to the accumulator by a left shift of at most `maximumShift`. */
  | { readonly kind: 'own-power-of-two'; readonly bits: 8; readonly maximumShift: number }

/** Limits of power-of-two scales. */
export interface ExponentLimits {
  /** The least exponent of a scale: -12 is a fix position of at most 12. */
  readonly minimum: number
  /** The right shift of a layer or an addition lies in [0, maximumShift]. */
  readonly maximumShift: number
}

/** Limits of the real multiplier s_in * s_w / s_out of a layer. A layer beyond them gets a coarser output scale. */
export interface MultiplierLimits {
  /** Every multiplier is less than this. */
  readonly below: number
}

/**
 * What runs an operator that the back end does not cover: dequantised inputs, the operator in f32 or with every result rounded to
 * `format`, and quantisation of what integer steps read. With `codes` 16, each result is kept in codes of 16 bits instead.
 */
export interface Fallback {
  readonly format: FloatFormat
  readonly codes?: 16
}

/**
 * Layers of higher precision: weights and results have codes of 16 bits (of the schemes that 8 bits have), and so has the network's
 * input where only such layers read it. Results are requantised to ordinary codes for what reads them; a graph output stays.
 */
export interface Islands {
  /** Which: by place, or those of the nodes named. */
  readonly layers: 'last' | 'first-and-last' | readonly string[]
  /** Of the islands' results, and of an input that they read. Default: those of the other tensors. */
  readonly observer?: ObserverSpec
  /** How the wide sums become codes: a kind that takes sums of any size ('f32' and 'f64' kinds). */
  readonly layer: LayerRule
  /** How their results become ordinary codes. */
  readonly rescale: RescaleRule
}

/**
 * Activations that travel as real numbers in `format`; then what says how integer operators compute does not count, and every
 * operator but the layers is a float step. Layers:
 * - 'static': the input is quantised to `activations` by its calibrated range, products are summed in integers, the sums dequantised.
 * - 'dynamic': the same, the range being the extremes of the input of each image.
 * - 'real': dequantised weights by real inputs, accumulated in f32.
 */
export interface FloatingActivations {
  readonly format: FloatFormat
  readonly layers: 'static' | 'dynamic' | 'real'
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
  /** The widths that activations may have. Default: that of the scheme. */
  readonly activationBits?: readonly number[]
  /** Absent: activations are codes. */
  readonly floating?: FloatingActivations
  /** A narrower activation range is widened to this. Default 0. */
  readonly minimumRange?: number
  /** The weight scheme at 8 bits; at other widths the same with fewer bits. */
  readonly weights: Scheme
  /** The same for matrix products where they differ. Default `weights`. */
  readonly gemmWeights?: Scheme
  /** What single layers have otherwise, by node name; only with `weightEstimator` 'max'. Default: nothing. */
  readonly layerWeights?: Readonly<Record<string, Partial<Scheme>>>
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
  /** Where multipliers are limited. */
  readonly multipliers?: MultiplierLimits
  /** What is done to the model before it is calibrated, in order. Default: batch norms are folded. */
  readonly passes?: readonly PassSpec[]
  /** The operators it covers. Batch norms that cannot be folded, and all others, go to the fallback. */
  readonly operators: readonly OpName[]
  /** Absent: a model with other operators is refused. */
  readonly fallback?: Fallback
  readonly islands?: Islands
}

/** The widths that a back end's activations may have, the usual one first; none where they are real numbers. */
export function activationWidths({
  floating,
  activations,
  activationBits = [activations.bits],
}: Backend): readonly number[] {
  return floating?.layers === 'real' ? [] : activationBits
}
