import type { Backend } from '../integer/backend.ts'
import { ortX86 } from './ortX86.ts'

/**
 * ONNX Runtime in WebAssembly (onnxruntime-web), which has no vector code for additions and products of tensors: plain C++ in f32.
 * Example: scales 0.5 and 0.25 into 0.5, zero point 1: codes 1 above their zero points give 1.5 + 1 = 2.5 -> 2 (the text: RNE(1.5) + 1 = 3).
 */
export const ortWasm: Backend = {
  ...ortX86,
  name: 'ort-wasm',
  title: 'ONNX Runtime in WebAssembly: QDQ models as they are fused',
  models:
    'onnxruntime-web (wasm) at its default optimisation level, one QuantizeLinear / DequantizeLinear pair a tensor',
  sources: [
    ...ortX86.sources,
    'microsoft/onnxruntime onnxruntime/core/mlas/lib/qladd.cpp (MlasQLinearAddKernelRawHelper), qlmul.cpp (pure C++ implementation)',
  ],
  assumptions: ortX86.assumptions.filter(({ parameter }) => parameter !== 'contraction'),
  add: { kind: 'qdq-zero-inside' },
  mul: { kind: 'qdq-zero-inside' },
}
