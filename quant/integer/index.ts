/** The `./runtime` entry point: runs integer programs, and needs nothing but this library's own files. */

export {
  type AddArithmetic,
  type AddStep,
  type AverageArithmetic,
  type AveragePoolStep,
  type BiasConstant,
  type ClampStep,
  type ConcatStep,
  type ConvStep,
  type GemmStep,
  type IntegerProgram,
  type MaxPoolStep,
  type ProgramConstants,
  type ProgramHeader,
  type ProgramValue,
  type ReshapeStep,
  type Step,
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
