/** The back ends. A new one is a file beside this and a line here. */

import { UsageError } from '../../engine/base/errors.ts'
import type { Backend } from '../integer/backend.ts'
import { academicFakequant } from './academicFakequant.ts'
import { bf16ActW8 } from './bf16ActW8.ts'
import { clipBiascalDsp } from './clipBiascalDsp.ts'
import { dataflowU8Islands } from './dataflowU8Islands.ts'
import { dlaFp16Gaps } from './dlaFp16Gaps.ts'
import { dspAsymTensor, dspAsymTensorPerChannel } from './dspAsymTensor.ts'
import { dynActW8 } from './dynActW8.ts'
import { gpuSymEntropy } from './gpuSymEntropy.ts'
import { onnxSpec } from './onnxSpec.ts'
import { ortWasm } from './ortWasm.ts'
import { ortX86, ortX86Saturating } from './ortX86.ts'
import { percentileRadixNpu } from './percentileRadixNpu.ts'
import { pow2McuHalfEven, pow2McuHalfUp } from './pow2Mcu.ts'
import { pow2TensorNpu, pow2TensorNpuPlain } from './pow2TensorNpu.ts'
import { tensorAsymStrict } from './tensorAsymStrict.ts'
import { tflInt8Q31 } from './tflInt8Q31.ts'
import { tfliteRef } from './tfliteRef.ts'
import { tflm } from './tflm.ts'
import { tosaDouble } from './tosaDouble.ts'
import { tosaSingle } from './tosaSingle.ts'
import { x86Sat16 } from './x86Sat16.ts'
import { xnnpackX86 } from './xnnpackX86.ts'

/** Every back end, by name. Example: backends.get('onnx-spec')?.kind is 'runtime'. */
export const backends: ReadonlyMap<string, Backend> = new Map(
  [
    academicFakequant,
    bf16ActW8,
    clipBiascalDsp,
    dataflowU8Islands,
    dlaFp16Gaps,
    dspAsymTensor,
    dspAsymTensorPerChannel,
    dynActW8,
    gpuSymEntropy,
    onnxSpec,
    ortWasm,
    ortX86,
    ortX86Saturating,
    percentileRadixNpu,
    pow2McuHalfEven,
    pow2McuHalfUp,
    pow2TensorNpu,
    pow2TensorNpuPlain,
    tensorAsymStrict,
    tflInt8Q31,
    tfliteRef,
    tflm,
    tosaDouble,
    tosaSingle,
    x86Sat16,
    xnnpackX86,
  ].map((backend) => [backend.name, backend]),
)

/** Their names, sorted. Example: the first is 'academic-fakequant'. */
export const backendNames: readonly string[] = [...backends.keys()]

/** What tables compare unless told otherwise: the text and the vendor models, arithmetic of different kinds. The other runtimes differ in ties. */
export const comparedNames: readonly string[] = ['dsp-asym-tensor', 'onnx-spec', 'pow2-tensor-npu', 'tfl-int8-q31']

/** The back end of a name. Throws `UsageError` listing the names. Example: findBackend('onnx-spec').weightBits is [8, 4]. */
export function findBackend(name: string): Backend {
  const backend = backends.get(name)
  if (backend === undefined) {
    throw new UsageError(`there is no back end '${name}'; there are ${backendNames.join(', ')}`)
  }
  return backend
}
