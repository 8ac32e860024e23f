/**
 * An integer program: what a compiled model does, as data. The header is JSON (every zero point, multiplier, shift and clamp
 * stands in it as a number); weights and biases are constants beside it, by name. Shapes have no batch dimension: a program
 * runs on any batch. Codes are integers of `qmin` ... `qmax`, and a real number is (code - zeroPoint) * scale. Where a back end leaves
 * integers, steps say so: 'dequantise', 'float', 'quantise'.
 */

import type { RoundingMode } from '../../engine/base/rounding.ts'
import type { Shape } from '../../engine/base/shape.ts'
import type {
  AddArithmetic,
  AverageArithmetic,
  MulArithmetic,
  RescaleArithmetic,
  SoftmaxArithmetic,
} from './arithmetic.ts'
import type {
  DequantiseStep,
  DynamicQuantiserStep,
  FloatStep,
  FloatValue,
  QuantiseStep,
  RealLayerStep,
} from './realSteps.ts'
import type { Requantiser } from './requantise/requantiser.ts'
import type { TableFunction } from './rules.ts'

export type {
  DequantiseStep,
  DynamicQuantiserStep,
  FloatFormat,
  FloatOperand,
  FloatStep,
  FloatValue,
  QuantiseStep,
  RealLayerStep,
} from './realSteps.ts'

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

/** Weights: dimension 0 is the output channel. */
export interface WeightConstant {
  /**
   * Its name among the constants: an Int8Array, for `bits` 4 a Uint8Array of packed nibbles (`packInt4`), for 16 the bytes of
   * int16 codes, low byte first, as a Uint8Array.
   */
  readonly constant: string
  readonly shape: Shape
  readonly bits: number
  /** One f32 scale, or one for each output channel. */
  readonly scale: readonly number[]
  /** The code of 0 for all of them. Default 0. */
  readonly zeroPoint?: number
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

/** What every step has. */
export interface StepBase {
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
  /**
   * How products are summed where that is not exact: pairs of neighbouring products along k, unsigned raw codes by weights, saturate
   * to int16 before they are added (x86 without VNNI). k runs over channels fastest, then columns, then rows of the window.
   */
  readonly pairSaturation?: 'u8s8-int16'
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

/** acc = bias + sum over k of (x[..., k] - z_x) * w[m, k]; weights [M, K], input [..., K], output [..., M]. */
export interface GemmStep extends LayerStep {
  readonly op: 'gemm'
}

/** The sum of two tensors of one shape. */
export interface AddStep extends StepBase {
  readonly op: 'add'
  readonly arithmetic: AddArithmetic
  readonly low: number
  readonly high: number
}

/** The product of two tensors of one shape. */
export interface MulStep extends StepBase {
  readonly op: 'mul'
  readonly arithmetic: MulArithmetic
  readonly low: number
  readonly high: number
}

/** A function of one variable: out = table[code], or table[code + 128] where the input's codes are signed. */
export interface TableStep extends StepBase {
  readonly op: 'table'
  /** What the table tabulates, with its attributes. */
  readonly function: TableFunction
  readonly attributes: Readonly<Record<string, number | string>>
  /** The rule its codes were made by: a `TableRule`'s kind. The codes alone are what is computed. */
  readonly rule: string
  /** Its name among the constants: 256 output codes, an Int8Array or, for unsigned codes, a Uint8Array. */
  readonly constant: string
}

/** Softmax along `axis` (of the shape without the batch). */
export interface SoftmaxStep extends StepBase {
  readonly op: 'softmax'
  readonly axis: number
  readonly arithmetic: SoftmaxArithmetic
}

/** The same numbers with another quantiser. */
export interface RequantiseStep extends StepBase {
  readonly op: 'requantise'
  readonly arithmetic: RescaleArithmetic
}

/** Where a pooling window lies. */
export interface Window {
  readonly kernel: readonly [number, number]
  readonly strides: readonly [number, number]
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number]
  readonly dilations: readonly [number, number]
}

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

/** Dimension i of the output is dimension perm[i] of the input, the batch not counted. */
export interface TransposeStep extends StepBase {
  readonly op: 'transpose'
  readonly perm: readonly number[]
}

/** The same codes under another shape. */
export interface ReshapeStep extends StepBase {
  readonly op: 'reshape'
}

/** One operation of a program. */
export type Step =
  | ConvStep
  | GemmStep
  | AddStep
  | MulStep
  | TableStep
  | SoftmaxStep
  | RequantiseStep
  | AveragePoolStep
  | MaxPoolStep
  | ConcatStep
  | ClampStep
  | TransposeStep
  | ReshapeStep
  | QuantiseStep
  | DequantiseStep
  | DynamicQuantiserStep
  | RealLayerStep
  | FloatStep

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
  /** Tensors of real numbers; a name is among these or among `values`. Default: none. */
  readonly floats?: readonly FloatValue[]
  /** In order: a step's inputs are the program's input or outputs of earlier steps. */
  readonly steps: readonly Step[]
}

/** An array of a program. */
export type ConstantArray = Int8Array | Uint8Array | Int32Array | Float32Array

/** The arrays of a program, by name. */
export type ProgramConstants = ReadonlyMap<string, ConstantArray>

/** A compiled model. */
export interface IntegerProgram {
  readonly header: ProgramHeader
  readonly constants: ProgramConstants
}

/** The real tensors of a program by name. */
export function floatsByName({ floats = [] }: ProgramHeader): Map<string, FloatValue> {
  return new Map(floats.map((value) => [value.name, value]))
}

/** The values of a program that are codes, by name. */
export function valuesByName(header: ProgramHeader): Map<string, ProgramValue> {
  return new Map(header.values.map((value) => [value.name, value]))
}
