/**
 * An integer program: what a compiled model does, as data. The header is JSON (every zero point, multiplier, shift and clamp
 * stands in it as a number); weights and biases are constants beside it, by name. Shapes have no batch dimension: a program
 * runs on any batch. Codes are integers of `qmin` ... `qmax`, and a real number is (code - zeroPoint) * scale.
 */

import type { RoundingMode } from '../../engine/base/rounding.ts'
import type { Shape } from '../../engine/base/shape.ts'
import type { Requantiser } from './requantise/requantiser.ts'

/** A tensor of codes with one quantiser. */
export interface ProgramValue {
  readonly name: string
  /** Without the batch: [C, H, W] or [features]. */
  readonly shape: Shape
  /** An f32. */
  readonly scale: number
  readonly zeroPoint: number
  readonly qmin: number
  readonly qmax: number
}

/** Weights: codes with zero point 0, dimension 0 is the output channel. */
export interface WeightConstant {
  /** Its name among the constants: an Int8Array, or for `bits` 4 a Uint8Array of packed nibbles (`packInt4`). */
  readonly constant: string
  readonly shape: Shape
  readonly bits: number
  /** One f32 scale, or one for each output channel. */
  readonly scale: readonly number[]
}

/** A bias: the accumulator of output channel c starts at code[c] * 2^shift. */
export interface BiasConstant {
  /** Its name among the constants: an Int32Array of one code for each output channel. */
  readonly constant: string
  readonly bits: number
  readonly shift: number
  /** The real value of a code: one number, or one for each output channel. */
  readonly scale: readonly number[]
}

interface StepBase {
  /** The graph node that the step comes from. */
  readonly name: string
  readonly inputs: readonly string[]
  readonly output: string
}

/** What a layer does to its int32 sums. `low` and `high` are the output's codes, narrowed by fused activations. */
interface LayerStep extends StepBase {
  readonly weight: WeightConstant
  readonly bias: BiasConstant | null
  readonly requantiser: Requantiser
  readonly low: number
  readonly high: number
}

/** acc = bias + sum over in-image taps of (x - z_x) * w; NCHW, weights [M, C / groups, kH, kW]. */
export interface ConvStep extends LayerStep {
  readonly op: 'conv'
  readonly strides: readonly [number, number]
  /** Top, left, bottom, right. A padding tap contributes exactly 0. */
  readonly pads: readonly [number, number, number, number]
  readonly dilations: readonly [number, number]
  readonly groups: number
}

/** acc = bias + sum over k of (x[k] - z_x) * w[m, k]; weights [M, K]. */
export interface GemmStep extends LayerStep {
  readonly op: 'gemm'
}

/**
 * How two tensors of codes are added; a = q1 - z1, b = q2 - z2, then + z_out and clamp.
 * - 'q31': D(D(a * 2^leftShift, m1, e1) + D(b * 2^leftShift, m2, e2), m_out, e_out), D as in q31Double.ts (TFLite).
 * - 'shift': (a * 2^l1 + b * 2^l2) shifted right by `rightShift`, ties up (see shiftHalfUp.ts).
 * - 'f64': RHA(f64(f64(a * r1) + f64(b * r2))), the ratios being f64 s_i / s_out.
 * - 'qdq': RNE(f32(f32(f32(a * s1) + f32(b * s2)) / s_out)), every step in f32 (ONNX DequantizeLinear, Add, QuantizeLinear).
 */
export type AddArithmetic =
  | {
      readonly kind: 'q31'
      readonly leftShift: number
      readonly multipliers: readonly [number, number]
      readonly shifts: readonly [number, number]
      readonly outputMultiplier: number
      readonly outputShift: number
    }
  | { readonly kind: 'shift'; readonly leftShifts: readonly [number, number]; readonly rightShift: number }
  | { readonly kind: 'f64'; readonly ratios: readonly [number, number] }
  | { readonly kind: 'qdq'; readonly scales: readonly [number, number]; readonly outputScale: number }

/** The sum of two tensors of one shape. */
export interface AddStep extends StepBase {
  readonly op: 'add'
  readonly arithmetic: AddArithmetic
  readonly low: number
  readonly high: number
}

/** Where a pooling window lies. */
export interface Window {
  readonly kernel: readonly [number, number]
  readonly strides: readonly [number, number]
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number]
  readonly dilations: readonly [number, number]
}

/**
 * How the in-image codes of a window become their mean; n is what the window is divided by.
 * - 'raw-half-away': RHA((sum of raw codes + z * padding taps counted in n) / n), quantiser shared by input and output (TFLite).
 * - 'requantise': S = sum of (q - z), requantised with entry i of the requantiser where n = counts[i]; 1/n is part of its multiplier.
 * - 'qdq': RNE(f32(f32(sum / n) / s_out)), sum = f32 sum of f32((q - z) * s_in) in row-major window order.
 */
export type AverageArithmetic =
  | { readonly kind: 'raw-half-away' }
  | { readonly kind: 'requantise'; readonly counts: readonly number[]; readonly requantiser: Requantiser }
  | { readonly kind: 'qdq'; readonly scale: number; readonly outputScale: number }

/** The mean of each window. A global average pool is one window over the plane. */
export interface AveragePoolStep extends StepBase, Window {
  readonly op: 'averagePool'
  /** Whether n counts padding taps (ONNX count_include_pad). */
  readonly countPadding: boolean
  readonly arithmetic: AverageArithmetic
  readonly low: number
  readonly high: number
}

/** The largest in-image code of each window; input and output share their quantiser. */
export interface MaxPoolStep extends StepBase, Window {
  readonly op: 'maxPool'
}

/** Codes joined along `axis` (of the shape without the batch); all inputs and the output share their quantiser. */
export interface ConcatStep extends StepBase {
  readonly op: 'concat'
  readonly axis: number
}

/** out = clamp(code, low, high), quantiser shared: an activation that no layer could take in. */
export interface ClampStep extends StepBase {
  readonly op: 'clamp'
  readonly low: number
  readonly high: number
}

/** The same codes under another shape. */
export interface ReshapeStep extends StepBase {
  readonly op: 'reshape'
}

/** One operation of a program. */
export type Step = ConvStep | GemmStep | AddStep | AveragePoolStep | MaxPoolStep | ConcatStep | ClampStep | ReshapeStep

/** A program without its constants. It survives JSON unchanged. */
export interface ProgramHeader {
  /** Version of this layout. */
  readonly format: 1
  readonly name: string
  /** The back end that the arithmetic follows. */
  readonly backend: string
  readonly input: { readonly value: string; readonly rounding: RoundingMode }
  /** The value that is dequantised: f32((code - zeroPoint) * scale). */
  readonly output: string
  readonly values: readonly ProgramValue[]
  /** In order: a step's inputs are the program's input or outputs of earlier steps. */
  readonly steps: readonly Step[]
}

/** The arrays of a program. */
export type ProgramConstants = ReadonlyMap<string, Int8Array | Uint8Array | Int32Array>

/** A compiled model. */
export interface IntegerProgram {
  readonly header: ProgramHeader
  readonly constants: ProgramConstants
}

/** The values of a program by name. */
export function valuesByName(header: ProgramHeader): Map<string, ProgramValue> {
  return new Map(header.values.map((value) => [value.name, value]))
}
