/** Where a program leaves integers: tensors of real numbers, and the steps that make and read them. */

import type { RoundingMode } from '../../engine/base/rounding.ts'
import type { Shape } from '../../engine/base/shape.ts'
import type { ConvStep, StepBase, WeightConstant } from './program.ts'

/** How a real number is kept: 'f32', or rounded to IEEE binary16 or bfloat16 (ties to even). */
export type FloatFormat = 'f32' | 'f16' | 'bf16'

/** A tensor of real numbers, each a number of its format. */
export interface FloatValue {
  readonly name: string
  /** Without the batch. */
  readonly shape: Shape
  readonly format: FloatFormat
}

/**
 * Codes of real numbers: clamp(round(f32(x / s)) + z, qmin, qmax), the output's quantiser. With a second input, that is s and z of
 * each image (a 'dynamicQuantiser'), and the output's own scale and zero point mean nothing.
 */
export interface QuantiseStep extends StepBase {
  readonly op: 'quantise'
  readonly rounding: RoundingMode
}

/** The real numbers of codes, f32(s * (q - z)), rounded to the output's format. */
export interface DequantiseStep extends StepBase {
  readonly op: 'dequantise'
}

/**
 * The quantiser of each image's own range, as the two numbers (s, z): lo = min(0, least), hi = max(0, greatest) of the image,
 * s = f32((hi - lo) / (qmax - qmin)), or 1 where that is 0, z = clamp(RNE(qmin - lo / s), qmin, qmax).
 */
export interface DynamicQuantiserStep extends StepBase {
  readonly op: 'dynamicQuantiser'
  readonly qmin: number
  readonly qmax: number
}

/**
 * A layer whose sums become real numbers. acc is that of `ConvStep` (`window` given) or `GemmStep` (null), exact; then
 *
 *     y = clamp(f32(f32(f32(acc) * f32(s_x * s_w[m])) + bias[m]), low, high), rounded to the output's format.
 *
 * s_x is the input's scale or, with a second input, that of each image (see `DynamicQuantiserStep`). null bounds nothing.
 */
export interface RealLayerStep extends StepBase {
  readonly op: 'realLayer'
  readonly window: Pick<ConvStep, 'strides' | 'pads' | 'dilations' | 'groups'> | null
  readonly weight: WeightConstant
  /** The name of a Float32Array among the constants. */
  readonly bias: string | null
  readonly low: number | null
  readonly high: number | null
}

/**
 * What an operator on real numbers reads: the next of the step's inputs, a Float32Array among the constants, the real numbers
 * f32(s * (q - z)) of weights ('transposed': as [in, out]), or nothing, where an optional input is absent.
 */
export type FloatOperand =
  | { readonly kind: 'input' }
  | { readonly kind: 'constant'; readonly constant: string; readonly shape: Shape }
  | { readonly kind: 'weight'; readonly weight: WeightConstant; readonly transposed: boolean }
  | { readonly kind: 'absent' }

/**
 * An operator of ONNX on real numbers, computed in f32 (sums accumulate in f32) and then rounded to the output's format. What it
 * is computed with is given to the session (`floatOperators`).
 */
export interface FloatStep extends StepBase {
  readonly op: 'float'
  /** Its ONNX name, and its attributes. */
  readonly operator: string
  readonly attributes: Readonly<Record<string, number | string | readonly number[]>>
  /** In the operator's order. */
  readonly operands: readonly FloatOperand[]
}
