/** What TensorFlow Lite's int8 scheme prescribes, whichever kernels compute it. */

import type { Backend } from '../integer/backend.ts'
import { runtimeOperators } from './coverage.ts'

/**
 * The int8 scheme of the TFLite converter: what its runtimes have in common.
 * Example: softmax and logistic have scale 1/256 and zero point -128, whatever their range.
 */
export const tfliteScheme = {
  activations: { bits: 8, signed: true, symmetric: false, granularity: 'tensor' },
  weights: { bits: 8, signed: true, symmetric: true, narrow: true, granularity: 'channel' },
  weightEstimator: 'max',
  weightBits: [8, 4],
  bias: { kind: 'product', bits: 32 },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-away', bias: 'half-away', input: 'half-away' },
  clamp: { kind: 'round-then-add', rounding: 'half-away' },
  calibration: { observer: { kind: 'minMax' }, images: 128 },
  fixedOutputs: {
    Sigmoid: { scale: 1 / 256, zeroPoint: -128 },
    Softmax: { scale: 1 / 256, zeroPoint: -128 },
    Tanh: { scale: 1 / 128, zeroPoint: 0 },
  },
  concat: 'requantise',
  operators: runtimeOperators,
} as const satisfies Partial<Backend>

/** What is assumed of the converter. */
export const tfliteAssumptions: Backend['assumptions'] = [
  {
    parameter: 'calibration',
    sentence: 'Minimum and maximum over 128 images are assumed; the converter takes whatever the user feeds it.',
  },
  {
    parameter: 'weight rounding',
    sentence: 'Weights and biases are rounded half away from zero; the converter is not specified to the bit.',
  },
  {
    parameter: 'near-zero weight channels',
    sentence: 'A weight scale is raised until its bias code fits 30 bits, from memory of the converter, not confirmed.',
  },
  {
    parameter: 'concatenation',
    sentence:
      'The kernel wants equal quantisers: an input that differs goes through a QUANTIZE; where the converter puts these is assumed.',
  },
  {
    parameter: 'global average pooling',
    sentence: 'It is taken for the operator MEAN, which converters make of it.',
  },
  {
    parameter: 'libm',
    sentence:
      'Tables of exp, logistic and tanh come from our correctly rounded functions; a libm may differ in the last bit.',
  },
  {
    parameter: '4-bit weights',
    sentence: 'W4 uses codes -7 ... 7 with the same arithmetic, as the kernels that unpack int4 do.',
  },
]
