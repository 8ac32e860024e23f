import type { Backend } from '../integer/backend.ts'
import { tfliteAssumptions, tfliteScheme } from './tflite.ts'

/**
 * TensorFlow Lite for Microcontrollers, reference kernels: Q31 with double rounding everywhere, gemmlowp's fixed-point functions.
 * Example: s = 0.0258874856, zero point -10: the logistic of code -57 is -69 here and -70 in TFLite.
 */
export const tflm: Backend = {
  name: 'tflm',
  title: 'TFLM reference kernels: Q31 with double rounding, fixed-point logistic and tanh',
  kind: 'runtime',
  models: 'tflite-micro without optimised kernels (no CMSIS-NN, no vendor library)',
  sources: [
    'tensorflow/tflite-micro tensorflow/lite/micro/kernels and kernels/internal/reference/integer_ops',
    'google/gemmlowp fixedpoint/fixedpoint.h',
  ],
  assumptions: [
    ...tfliteAssumptions,
    {
      parameter: 'fully connected weights',
      sentence:
        'One scale for all weights of a fully connected layer, as converters long made them; its product with the input scale is an f32.',
    },
    {
      parameter: 'tanh',
      sentence:
        'The 8-bit kernel is taken to treat its input like the logistic one: Q4.27, radius 15, results by 2^-24.',
    },
  ],
  ...tfliteScheme,
  gemmWeights: { ...tfliteScheme.weights, granularity: 'tensor' },
  layers: {
    conv: { requantiser: 'q31-double', product: 'f64' },
    depthwise: { requantiser: 'q31-double', product: 'f64' },
    gemm: { requantiser: 'q31-double', product: 'f32-f64' },
  },
  add: { kind: 'q31', leftShift: 20 },
  mul: { kind: 'requantise', requantiser: 'q31-double', product: 'f64' },
  averagePool: { kind: 'raw-half-away' },
  globalAveragePool: { kind: 'tflite-mean', requantiser: 'q31-double' },
  mean: { kind: 'tflite-mean', requantiser: 'q31-double' },
  softmax: { kind: 'fixed-point' },
  tables: {
    LeakyRelu: { kind: 'requantise', requantiser: 'q31-double' },
    Sigmoid: { kind: 'fixed-point' },
    Tanh: { kind: 'fixed-point' },
  },
  rescale: { kind: 'requantise', requantiser: 'q31-double' },
}
