import { programFromOnnx } from '../models/onnx/quantised/programFromOnnx.ts'
import { onnxSpec } from '../quant/backends/onnxSpec.ts'
import type { Backend } from '../quant/integer/backend.ts'
import { defaultLimits } from '../quant/integer/check/limits.ts'
import { checkProgram } from '../quant/integer/checkProgram.ts'
import type { IntegerProgram } from '../quant/integer/program.ts'
import { decodeProgram, isProgramFile } from '../quant/integer/programFile.ts'
import { InferenceSession as ProgramSession, type ProgramSessionOptions } from './programSession.ts'
import { type ModelSource, readSource } from './source.ts'

/** What a session is made with. */
export interface InferenceSessionOptions extends ProgramSessionOptions {
  /**
   * Whose arithmetic a quantised ONNX file is computed with; program files say it themselves. A value, from quant-trim/runtime/backends or your
   * own. Default: that of ONNX's text, `onnxSpec`.
   */
  readonly backend?: Backend
}

/**
 * Runs program files and quantised ONNX files (QDQ and QLinear), with the names and the order of arguments of ONNX Runtime's
 * `InferenceSession`. Example:
 *
 *     const session = await InferenceSession.create('lenet.qdq.onnx', { backend: ortX86 })
 *     const { logits } = await session.run({ image: { type: 'float32', data, dims: [1, 1, 28, 28] } })
 */
export class InferenceSession extends ProgramSession {
  /**
   * A session for a program file or a quantised ONNX file, from its bytes, a URL or in Node a path. Whatever the bytes, the answer is a
   * session that stays within `options.limits`, or an error: `FormatError` for a file that is damaged or too large, `UnsupportedError` for an
   * ONNX file that the back end cannot compute, `NumericError` for integers that could overflow, `UsageError` for options that make no
   * sense.
   */
  static override async create(source: ModelSource, options: InferenceSessionOptions = {}): Promise<InferenceSession> {
    const bytes = await readSource(source, options.limits?.bytes ?? defaultLimits.bytes)
    return new InferenceSession(readModel(bytes, options), options)
  }
}

function readModel(bytes: Uint8Array, { backend = onnxSpec, limits }: InferenceSessionOptions): IntegerProgram {
  if (isProgramFile(bytes)) return decodeProgram(bytes, limits)
  const { elements } = { ...defaultLimits, ...limits }
  const { header, constants } = programFromOnnx(bytes, backend, { elements })
  return checkProgram(header, constants, limits)
}
