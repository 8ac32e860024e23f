/**
 * The `./runtime/core` entry point: runs program files, in Node or a browser, and needs nothing but this library's own files. That of
 * `./runtime` reads quantised ONNX files as well, and is half as large again.
 */

export { FormatError, NumericError, ShapeError, UnsupportedError, UsageError } from '../engine/base/errors.ts'
export { defaultLimits, type ProgramLimits } from '../quant/integer/check/limits.ts'
export { InferenceSession, type ProgramSessionOptions, type ValueMetadata } from './programSession.ts'
export type { ModelSource } from './source.ts'
export type { Tensor, TensorData, TensorType } from './tensor.ts'
