/** The rules that a back end chooses from: how the constants of a step follow from scales. Lowering turns a rule into arithmetic. */

import type { RoundingMode } from '../../engine/base/rounding.ts'
import type { RequantiserKind } from './requantise/requantiser.ts'

/**
 * How a multiplier s_1 * s_2 / s_out is formed from f32 scales. Powers of two give the same either way.
 * - 'f64': f64(s_1) * f64(s_2) / f64(s_out).
 * - 'f32': f32(f32(s_1 * s_2) / s_out).
 * - 'f32-f64': f32(s_1 * s_2), then divided by s_out in f64 (TFLite's per-tensor fully connected layers).
 */
export type ScaleProduct = 'f32' | 'f64' | 'f32-f64'

/** How the sums of a kind of layer become codes. */
export interface LayerRule {
  readonly requantiser: RequantiserKind
  readonly product: ScaleProduct
}

/**
 * How a bound v of a fused activation becomes a code.
 * - 'round-then-add': round(f32(v / s)) + z.
 * - 'add-then-round': RNE(f32(f32(v / s) + z)) (XNNPACK).
 */
export type ClampRule =
  | { readonly kind: 'round-then-add'; readonly rounding: RoundingMode }
  | { readonly kind: 'add-then-round' }

/** How two tensors are added; see `AddArithmetic`. 'multiply-shift': multipliers of 20 bits. */
export type AddRule =
  | { readonly kind: 'q31' | 'q31-single'; readonly leftShift: number }
  | { readonly kind: 'multiply-shift' }
  | { readonly kind: 'shift' }
  | { readonly kind: 'f64' }
  | { readonly kind: 'qdq' | 'qdq-zero-inside' }
  | { readonly kind: 'fma' }

/** How two tensors are multiplied; see `MulArithmetic`. */
export type MulRule =
  | { readonly kind: 'requantise'; readonly requantiser: RequantiserKind; readonly product: ScaleProduct }
  | { readonly kind: 'f32-zero-inside' }
  | { readonly kind: 'qdq' | 'qdq-zero-inside' }

/**
 * How a mean over n codes is formed; see `AverageArithmetic`.
 * - 'raw-half-away': on raw codes, input and output share their quantiser (TFLite AVERAGE_POOL).
 * - 'tosa-pool': TOSA AVG_POOL2D: single rounding of the sum over n, input and output share their quantiser.
 * - 'tflite-mean': Q31 of s_in / s_out divided by n in integers (TFLite MEAN, reference kernel).
 * - 'tflite-mean-optimised': Q31, double rounding, of f32(s_in / f32(n * s_out)), zero points in a bias (4-D int8 kernel).
 * - 'reciprocal': the real number s_in / (s_out * n), formed in f64, or as f32(s_in / f32(s_out * n)).
 * - 'f32-zero-inside': f32(f32(s_in / s_out) * f32(1 / n)), zero points in an f32 offset (XNNPACK).
 * - 'qdq', 'qdq-zero-inside': f32 as ONNX's operators compose; ONNX Runtime adds the zero point before it rounds.
 */
export type AverageRule =
  | { readonly kind: 'raw-half-away' | 'tosa-pool' | 'tflite-mean-optimised' }
  | { readonly kind: 'tflite-mean'; readonly requantiser: 'q31-single' | 'q31-double' }
  | { readonly kind: 'reciprocal'; readonly requantiser: RequantiserKind; readonly product: 'f32' | 'f64' }
  | { readonly kind: 'f32-zero-inside' }
  | { readonly kind: 'qdq' | 'qdq-zero-inside' }

/** How codes are given another quantiser; see `RescaleArithmetic`. 'requantise' forms s_in / s_out in f64; 'multiply-shift' has 8 bits behind the point. */
export type RescaleRule =
  | { readonly kind: 'requantise'; readonly requantiser: RequantiserKind }
  | { readonly kind: 'multiply-shift' }
  | { readonly kind: 'qdq' }

/** The functions of one variable that become tables, by their ONNX names. */
export type TableFunction = 'Gelu' | 'HardSigmoid' | 'HardSwish' | 'LeakyRelu' | 'Sigmoid' | 'Swish' | 'Tanh'

/**
 * How the table of a function f is made; x = f32(s_in * (q - z_in)), t = f(x) rounded to f32 ('half-away' and 'zero-inside' take
 * Sigmoid as C code does, f32(1 / f32(1 + f32(e^-x)))). All are limited to the code range.
 * - 'qdq': RNE(f32(t / s_out)) + z_out (ONNX, ONNX Runtime).
 * - 'half-away': RHA(f32(t * f32(1 / s_out))) + z_out (TFLite).
 * - 'zero-inside': RNE(f32(f32(t * f32(1 / s_out)) + z_out)) (XNNPACK).
 * - 'f64-half-away': RHA(f(s_in * (q - z_in)) / s_out) + z_out in f64 (what a TOSA legaliser puts into TABLE).
 * - 'fixed-point': gemmlowp's logistic and tanh on Q4.27 (TFLM); see lower/fixedPointTable.ts.
 * - 'requantise': LeakyRelu only: q - z_in, requantised by s_in / s_out, or alpha times that below zero.
 * - 'multiply-shift': LeakyRelu only: the same with multipliers of 8 bits behind the point, ties up (XNNPACK).
 */
export type TableRule =
  | { readonly kind: 'qdq' | 'half-away' | 'zero-inside' | 'f64-half-away' | 'fixed-point' | 'multiply-shift' }
  | { readonly kind: 'requantise'; readonly requantiser: RequantiserKind }

/**
 * How a softmax is computed; see `SoftmaxArithmetic`.
 * - 'fixed-point': TFLite's reference kernel and TFLM.
 * - 'reciprocal': TFLite's optimised kernel. 'quotient': the ONNX operators. 'multiplier': ONNX Runtime's QLinearSoftmax.
 */
export type SoftmaxRule = { readonly kind: 'fixed-point' | 'reciprocal' | 'quotient' | 'multiplier' }
