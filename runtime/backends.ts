/**
 * The `./runtime/backends` entry point: back ends as values for `InferenceSession.create(..., { backend })`. A bundler keeps those that
 * are named and drops the others.
 */

export { academicFakequant } from '../quant/backends/academicFakequant.ts'
export { bf16ActW8 } from '../quant/backends/bf16ActW8.ts'
export { clipBiascalDsp } from '../quant/backends/clipBiascalDsp.ts'
export { dataflowU8Islands } from '../quant/backends/dataflowU8Islands.ts'
export { dlaFp16Gaps } from '../quant/backends/dlaFp16Gaps.ts'
export { dspAsymTensor, dspAsymTensorPerChannel } from '../quant/backends/dspAsymTensor.ts'
export { dynActW8 } from '../quant/backends/dynActW8.ts'
export { gpuSymEntropy } from '../quant/backends/gpuSymEntropy.ts'
export { onnxSpec } from '../quant/backends/onnxSpec.ts'
export { ortWasm } from '../quant/backends/ortWasm.ts'
export { ortX86, ortX86Saturating } from '../quant/backends/ortX86.ts'
export { percentileRadixNpu } from '../quant/backends/percentileRadixNpu.ts'
export { pow2McuHalfEven, pow2McuHalfUp } from '../quant/backends/pow2Mcu.ts'
export { pow2TensorNpu, pow2TensorNpuPlain } from '../quant/backends/pow2TensorNpu.ts'
export { tensorAsymStrict } from '../quant/backends/tensorAsymStrict.ts'
export { tflInt8Q31 } from '../quant/backends/tflInt8Q31.ts'
export { tfliteRef } from '../quant/backends/tfliteRef.ts'
export { tflm } from '../quant/backends/tflm.ts'
export { tosaDouble } from '../quant/backends/tosaDouble.ts'
export { tosaSingle } from '../quant/backends/tosaSingle.ts'
export { x86Sat16 } from '../quant/backends/x86Sat16.ts'
export { xnnpackX86 } from '../quant/backends/xnnpackX86.ts'
