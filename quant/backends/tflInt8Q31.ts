import type { Backend } from '../integer/backend.ts'
import { convolutionalOperators } from './coverage.ts'

/**
 * LiteRT's int8 scheme with Q31 multipliers.
 * Example: s_in = 0.1, s_w = 0.5, s_out = 0.5: a sum of 45 becomes S(45, 0.1) = 5 (4.5 rounds up), -45 becomes -4.
 */
export const tflInt8Q31: Backend = {
  name: 'tfl-int8-q31',
  title: 'LiteRT / TFLM class int8: per-channel weights, Q31 multipliers',
  kind: 'vendor-model',
  models: 'microcontrollers and NPUs that execute TFLite int8 models in fixed point (TFLM, CMSIS-NN, Ethos-U)',
  sources: [
    'LiteRT quantization specification (developers.google.com/edge/litert/quantization/quantization_spec)',
    'google-ai-edge/LiteRT tflite/kernels/internal: quantization_util.cc, common.h, reference integer_ops',
    'google/gemmlowp fixedpoint/fixedpoint.h',
    'tensorflow/tflite-micro: reduce (MEAN), pooling',
  ],
  assumptions: [
    {
      parameter: 'rounding by operator',
      sentence:
        'Single rounding for CONV_2D, FULLY_CONNECTED and MEAN, double rounding for DEPTHWISE_CONV_2D and ADD is what a user measured; builds of the same software differ.',
    },
    {
      parameter: 'calibration',
      sentence: 'Minimum and maximum over 128 images are assumed; the converter takes whatever the user feeds it.',
    },
    {
      parameter: '4-bit weights',
      sentence: 'W4 uses codes -7 ... 7 with the same arithmetic; the specification describes 8-bit weights only.',
    },
    {
      parameter: 'near-zero weight channels',
      sentence:
        'A weight scale is raised until its bias code fits 30 bits, from memory of the converter, not confirmed.',
    },
    {
      parameter: 'weight rounding',
      sentence: 'Weights and biases are rounded half away from zero; the converter is not specified to the bit.',
    },
    {
      parameter: 'concatenation',
      sentence:
        'Inputs and output share the quantiser of their joint range, as the specification demands; how a converter reaches that is assumed.',
    },
  ],
  activations: { bits: 8, signed: true, symmetric: false, granularity: 'tensor' },
  weights: { bits: 8, signed: true, symmetric: true, narrow: true, granularity: 'channel' },
  weightEstimator: 'max',
  weightBits: [8, 4],
  bias: { kind: 'product', bits: 32 },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-away', bias: 'half-away', input: 'half-away' },
  clamp: { kind: 'round-then-add', rounding: 'half-away' },
  calibration: { observer: { kind: 'minMax' }, images: 128 },
  layers: {
    conv: { requantiser: 'q31-single', product: 'f64' },
    depthwise: { requantiser: 'q31-double', product: 'f64' },
    gemm: { requantiser: 'q31-single', product: 'f64' },
  },
  add: { kind: 'q31', leftShift: 20 },
  averagePool: { kind: 'raw-half-away' },
  globalAveragePool: { kind: 'tflite-mean', requantiser: 'q31-single' },
  concat: 'shared',
  operators: convolutionalOperators,
}
