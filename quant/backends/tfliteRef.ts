import type { Backend } from '../integer/backend.ts'
import { tfliteAssumptions, tfliteScheme } from './tflite.ts'

/**
 * TensorFlow Lite's (LiteRT's) reference kernels, default build: Q31 with double rounding, fully connected layers in double.
 * Example, multiplier 2^-10: a sum of 511 becomes 1 in a convolution (rounded twice), 0 in a fully connected layer.
 */
export const tfliteRef: Backend = {
  name: 'tflite-ref',
  title: 'LiteRT reference kernels: Q31 with double rounding, fully connected layers in double',
  kind: 'runtime',
  models: 'the interpreter with the reference op resolver (BuiltinRefOpResolver), TFLITE_SINGLE_ROUNDING not set',
  sources: [
    'google-ai-edge/LiteRT tflite/kernels/internal: quantization_util.cc, common.cc, reference/integer_ops',
    'google-ai-edge/LiteRT tflite/kernels: kernel_util.cc, add.cc, mul.cc, reduce.cc, activations.cc, fully_connected.cc',
    'google-ai-edge/LiteRT tflite/g3doc/performance/quantization_spec.md',
  ],
  assumptions: [
    ...tfliteAssumptions,
    {
      parameter: 'fully connected multiplier',
      sentence: 'Weights are per channel, so the real multiplier is formed in double throughout.',
    },
  ],
  ...tfliteScheme,
  layers: {
    conv: { requantiser: 'q31-double', product: 'f64' },
    depthwise: { requantiser: 'q31-double', product: 'f64' },
    gemm: { requantiser: 'f64-half-away', product: 'f64' },
  },
  add: { kind: 'q31', leftShift: 20 },
  mul: { kind: 'requantise', requantiser: 'q31-double', product: 'f32' },
  averagePool: { kind: 'raw-half-away' },
  globalAveragePool: { kind: 'tflite-mean', requantiser: 'q31-double' },
  mean: { kind: 'tflite-mean', requantiser: 'q31-double' },
  softmax: { kind: 'fixed-point' },
  tables: {
    LeakyRelu: { kind: 'requantise', requantiser: 'q31-double' },
    Sigmoid: { kind: 'half-away' },
    Tanh: { kind: 'half-away' },
  },
  rescale: { kind: 'requantise', requantiser: 'q31-double' },
}
