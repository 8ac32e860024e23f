/** What a step of a program does to codes, as data: one union an operator, one entry a rule that some runtime follows. */

import type { Requantiser } from './requantise/requantiser.ts'

/** Two inputs dequantised, and a result divided by its scale, in f32. */
interface QdqPair {
  readonly kind: 'qdq' | 'qdq-zero-inside'
  readonly scales: readonly [number, number]
  readonly outputScale: number
}

/**
 * How two tensors of codes are added; a = q1 - z1, b = q2 - z2, then + z_out and clamp.
 * - 'q31': D(D(a * 2^leftShift, m1, e1) + D(b * 2^leftShift, m2, e2), m_out, e_out), D as in q31Double.ts (TFLite).
 * - 'q31-single': the same with S of q31Single.ts for D (TFLITE_SINGLE_ROUNDING; TOSA without double rounding).
 * - 'multiply-shift': RHU((a * m1 + b * m2) / 2^shift) (XNNPACK).
 * - 'shift': (a * 2^l1 + b * 2^l2) shifted right by `rightShift`, ties up (see shiftHalfUp.ts).
 * - 'f64': RHA(f64(f64(a * r1) + f64(b * r2))), the ratios being f64 s_i / s_out.
 * - 'qdq': RNE(f32(f32(f32(a * s1) + f32(b * s2)) / s_out)), every step in f32 (ONNX DequantizeLinear, Add, QuantizeLinear).
 * - 'qdq-zero-inside': the same quotient v, RNE(f32(v + z_out)) (ONNX Runtime where it has no vector kernel).
 * - 'fma': RNE(fma(q1, r1, fma(q2, r2, fixed))) on raw codes, zero points inside `fixed`, f32 fused multiply-adds (ONNX
 *   Runtime on x86 with AVX2): nothing is added after the rounding.
 */
export type AddArithmetic =
  | {
      readonly kind: 'q31' | 'q31-single'
      readonly leftShift: number
      readonly multipliers: readonly [number, number]
      readonly shifts: readonly [number, number]
      readonly outputMultiplier: number
      readonly outputShift: number
    }
  | { readonly kind: 'multiply-shift'; readonly multipliers: readonly [number, number]; readonly shift: number }
  | { readonly kind: 'shift'; readonly leftShifts: readonly [number, number]; readonly rightShift: number }
  | { readonly kind: 'f64'; readonly ratios: readonly [number, number] }
  | QdqPair
  | { readonly kind: 'fma'; readonly ratios: readonly [number, number]; readonly fixed: number }

/**
 * How two tensors of codes are multiplied; a = q1 - z1, b = q2 - z2.
 * - 'requantise': the int32 product a * b, requantised; the zero point is added after the rounding.
 * - 'f32-zero-inside': RNE(f32(f32(a * b * ratio) + z_out)) (ONNX Runtime).
 * - 'qdq': RNE(f32(f32(f32(a * s1) * f32(b * s2)) / s_out)) + z_out; 'qdq-zero-inside': z_out added, in f32, before the rounding.
 */
export type MulArithmetic =
  | { readonly kind: 'requantise'; readonly requantiser: Requantiser }
  | { readonly kind: 'f32-zero-inside'; readonly ratio: number }
  | QdqPair

/**
 * How the in-image codes of a window become their mean; n is what the window is divided by.
 * - 'raw-half-away': RHA((sum of raw codes + z * padding taps counted in n) / n), quantiser shared by input and output (TFLite).
 * - 'requantise': S = sum of (q - z), requantised with entry i of the requantiser where n = counts[i]; 1/n is part of its multiplier.
 * - 'requantise-raw': S = sum of raw codes, requantised alike; then the bias is added in place of z_out (TFLite's optimised MEAN).
 * - 'qdq': RNE(f32(f32(sum / n) / s_out)), sum = f32 sum of f32((q - z) * s_in) in row-major window order.
 * - 'qdq-zero-inside': the same sum, RNE(f32(f32(f32(sum / n) / s_out) + z_out)) (ONNX Runtime).
 * - 'f32-zero-inside': S = sum of raw codes, RNE(f32(f32(f32(S) * scales[i]) + offsets[i])) where n = counts[i] (XNNPACK).
 */
export type AverageArithmetic =
  | { readonly kind: 'raw-half-away' }
  | { readonly kind: 'requantise'; readonly counts: readonly number[]; readonly requantiser: Requantiser }
  | {
      readonly kind: 'requantise-raw'
      readonly counts: readonly number[]
      readonly requantiser: Requantiser
      readonly bias: number
    }
  | { readonly kind: 'qdq' | 'qdq-zero-inside'; readonly scale: number; readonly outputScale: number }
  | {
      readonly kind: 'f32-zero-inside'
      readonly counts: readonly number[]
      readonly scales: readonly number[]
      readonly offsets: readonly number[]
    }

/**
 * How codes of one quantiser become codes of another; a = q - z_in, then + z_out and clamp.
 * - 'requantise': a, requantised.
 * - 'multiply-shift': RHU(a * multiplier / 2^shift) (XNNPACK, shift 8).
 * - 'qdq': RNE(f32(f32(a * s_in) / s_out)).
 */
export type RescaleArithmetic =
  | { readonly kind: 'requantise'; readonly requantiser: Requantiser }
  | { readonly kind: 'multiply-shift'; readonly multiplier: number; readonly shift: number }
  | { readonly kind: 'qdq'; readonly scale: number; readonly outputScale: number }

/**
 * How a row of codes becomes its softmax; d = q - the row's maximum, 0 or less.
 * - 'fixed-point': TFLite's reference and TFLM: e^(s d) in Q0.31 for d >= differenceMin, sums in Q12.19, a Newton reciprocal; see
 *   kernels/softmaxFixedPoint.ts.
 * - 'table': E = exponentials[-d] in f32, summed in order; then by `output`, sum the row's f32 sum:
 *   'reciprocal': RHA(f32(E * f32(1 / f32(sum * s_out)))) + z_out (TFLite's optimised kernel);
 *   'quotient': RNE(f32(f32(E / sum) / s_out)) + z_out (the ONNX operators one by one);
 *   'multiplier': RNE(f32(f32(E * multiplier) / sum)) + z_out, multiplier = floor(1 / s_out) (ONNX Runtime's QLinearSoftmax).
 */
export type SoftmaxArithmetic =
  | {
      readonly kind: 'fixed-point'
      readonly multiplier: number
      readonly leftShift: number
      readonly differenceMin: number
    }
  | {
      readonly kind: 'table'
      /** Of -d = 0 ... 255. */
      readonly exponentials: readonly number[]
      readonly output:
        | { readonly kind: 'reciprocal' | 'quotient'; readonly scale: number }
        | { readonly kind: 'multiplier'; readonly multiplier: number }
    }
