/** The back ends. A new one is a file beside this and a line here. */

import { UsageError } from '../../engine/base/errors.ts'
import type { Backend } from '../integer/backend.ts'
import { dspAsymTensor } from './dspAsymTensor.ts'
import { onnxSpec } from './onnxSpec.ts'
import { pow2TensorNpu } from './pow2TensorNpu.ts'
import { tflInt8Q31 } from './tflInt8Q31.ts'

/** Every back end, by name. Example: backends.get('onnx-spec')?.kind is 'runtime'. */
export const backends: ReadonlyMap<string, Backend> = new Map(
  [dspAsymTensor, onnxSpec, pow2TensorNpu, tflInt8Q31].map((backend) => [backend.name, backend]),
)

/** Their names, sorted. Example: the first is 'dsp-asym-tensor'. */
export const backendNames: readonly string[] = [...backends.keys()]

/** The back end of a name. Throws `UsageError` listing the names. Example: findBackend('onnx-spec').weightBits is [8, 4]. */
export function findBackend(name: string): Backend {
  const backend = backends.get(name)
  if (backend === undefined) {
    throw new UsageError(`there is no back end '${name}'; there are ${backendNames.join(', ')}`)
  }
  return backend
}
