/** What a back end is: a value. All the code that reads it is shared, so two back ends differ in data only. */

import type { RoundingMode } from '../../engine/base/rounding.ts'
import type { OpName } from '../../engine/ops/names.ts'
import type { Scheme } from '../affine/scheme.ts'
import type { ObserverSpec } from './observerSpec.ts'
import type { RequantiserKind } from './requantise/requantiser.ts'

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

/**
 * How a layer's multiplier s_in * s_w / s_out is formed. 'f64': f64(s_in) * f64(s_w) / f64(s_out); 'f32':
 * f32(f32(s_in * s_w) / s_out). Powers of two give the same either way.
 */
export type ScaleProduct = 'f32' | 'f64'

/** How two tensors are added; see `AddArithmetic` in program.ts. */
export type AddRule =
  | { readonly kind: 'q31'; readonly leftShift: number }
  | { readonly kind: 'shift' }
  | { readonly kind: 'f64' }
  | { readonly kind: 'qdq' }

/**
 * How a mean over n codes is formed; see `AverageArithmetic` in program.ts.
 * - 'raw-half-away': on raw codes, input and output share their quantiser (TFLite AVERAGE_POOL).
 * - 'q31-mean': single rounding Q31 with s_in / s_out divided by n in integers (TFLite MEAN).
 * - 'q31-reciprocal': single rounding Q31 of the real number s_in / (s_out * n).
 * - 'f64': the double s_in / (s_out * n), ties away from zero.
 * - 'qdq': f32 as ONNX's operators compose.
 */
export type AverageRule = 'raw-half-away' | 'q31-mean' | 'q31-reciprocal' | 'f64' | 'qdq'

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
  /** 'max': from the largest magnitude. 'power-of-two-mse': the best of five exponents. */
  readonly weightEstimator: 'max' | 'power-of-two-mse'
  readonly weightBits: readonly number[]
  readonly bias: BiasRule
  /** int32; a model whose bound exceeds it is refused when it is compiled. */
  readonly accumulator: { readonly bits: 32; readonly overflow: 'refuse' }
  /** `clamp` rounds the bounds of fused activations: round(f32(v / s)) + z. */
  readonly rounding: {
    readonly weight: RoundingMode
    readonly bias: RoundingMode
    readonly input: RoundingMode
    readonly clamp: RoundingMode
  }
  readonly calibration: Calibration
  readonly scaleProduct: ScaleProduct
  readonly requantise: {
    readonly conv: RequantiserKind
    readonly depthwise: RequantiserKind
    readonly gemm: RequantiserKind
  }
  readonly add: AddRule
  readonly averagePool: AverageRule
  readonly globalAveragePool: AverageRule
  /** Inputs and output share the quantiser of their joint range, so that the scale is the largest and codes are copied. */
  readonly concat: 'shared'
  /** Power-of-two back ends only. */
  readonly exponents?: ExponentLimits
  /** The operators it covers. Batch norms are folded into layers before; one that cannot be is refused. */
  readonly operators: readonly OpName[]
}
