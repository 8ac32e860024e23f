/**
 * The `./runtime` entry point: runs integer programs and quantised ONNX files, in Node or a browser, and needs nothing but this library's own
 * files. `./runtime/core` is the same without ONNX.
 */

export { FormatError, NumericError, ShapeError, UnsupportedError, UsageError } from '../engine/base/errors.ts'
export { defaultLimits, type ProgramLimits } from '../quant/integer/check/limits.ts'
export { checkProgram } from '../quant/integer/checkProgram.ts'
export * from '../quant/integer/index.ts'
export { decodeProgram, encodeProgram } from '../quant/integer/programFile.ts'
export { InferenceSession, type InferenceSessionOptions } from './inferenceSession.ts'
export type { ValueMetadata } from './programSession.ts'
export type { ModelSource } from './source.ts'
export type { Tensor, TensorData, TensorType } from './tensor.ts'
