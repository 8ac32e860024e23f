/** Integer programs and the session that runs them, without what compiles them. Needs nothing but this library's own files. */

export type {
  AddArithmetic,
  AverageArithmetic,
  MulArithmetic,
  RescaleArithmetic,
  SoftmaxArithmetic,
} from './arithmetic.ts'
export type { FloatOperators } from './execute/floatOperators.ts'
export {
  type AddStep,
  type AveragePoolStep,
  type BiasConstant,
  type ClampStep,
  type ConcatStep,
  type ConvStep,
  type DequantiseStep,
  type DynamicQuantiserStep,
  type FloatFormat,
  type FloatStep,
  type FloatValue,
  type GemmStep,
  type IntegerProgram,
  type MaxPoolStep,
  type MulStep,
  type ProgramConstants,
  type ProgramHeader,
  type ProgramValue,
  type QuantiseStep,
  type RealLayerStep,
  type RequantiseStep,
  type ReshapeStep,
  type SoftmaxStep,
  type Step,
  type TableStep,
  type TransposeStep,
  valuesByName,
  type WeightConstant,
} from './program.ts'
export { type Requantiser, type RequantiserKind, realMultiplier } from './requantise/requantiser.ts'
export {
  type CodeTensor,
  type FloatArray,
  IntegerSession,
  quantiserOf,
  type RunOptions,
  type SessionOptions,
} from './session.ts'
