/** The `./runtime` entry point: runs integer programs, and needs nothing but this library's own files. */

export type {
  AddArithmetic,
  AverageArithmetic,
  MulArithmetic,
  RescaleArithmetic,
  SoftmaxArithmetic,
} from './arithmetic.ts'
export {
  type AddStep,
  type AveragePoolStep,
  type BiasConstant,
  type ClampStep,
  type ConcatStep,
  type ConvStep,
  type GemmStep,
  type IntegerProgram,
  type MaxPoolStep,
  type MulStep,
  type ProgramConstants,
  type ProgramHeader,
  type ProgramValue,
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
