import type { Backend } from '../integer/backend.ts'
import { runtimeOperators } from './coverage.ts'

/**
 * A model quantised for ONNX, computed as the operators' texts say.
 * Example: s_x = 0.5, s_w = 0.25, s_y = 0.25, zero point 1: a sum of 1 becomes RNE(0.5) + 1 = 1, of 3 RNE(1.5) + 1 = 3.
 */
export const onnxSpec: Backend = {
  name: 'onnx-spec',
  title: 'ONNX text: QLinearConv and QuantizeLinear / DequantizeLinear, f32 scales, ties to even',
  kind: 'runtime',
  models:
    'the text of the ONNX operators; where the reference implementation differs (zero point before rounding), the text',
  sources: [
    'onnx/onnx defs/quantization/defs.cc: QuantizeLinear, DequantizeLinear',
    'onnx/onnx defs/nn/defs.cc and defs/math/defs.cc: QLinearConv, QLinearMatMul',
  ],
  assumptions: [
    {
      parameter: 'schemes and calibration',
      sentence:
        'ONNX leaves them to the tool: we take uint8 asymmetric activations from minimum and maximum over 128 images, int8 weights per channel over the full code range with scale max / 127 (codes of -128 do not occur).',
    },
    {
      parameter: 'multiplier',
      sentence: 'f32(f32(s_x * s_w) / s_y), product with f32(sum): the text gives the formula, not the precision.',
    },
    {
      parameter: 'pools and additions',
      sentence:
        'DequantizeLinear, the operator in f32, QuantizeLinear, one rounding a step; a mean sums its window in row-major order, which the text leaves open.',
    },
    {
      parameter: 'functions',
      sentence:
        'DequantizeLinear, the function evaluated in double and rounded to f32, QuantizeLinear, as a table; a softmax takes exponentials of f32(-s d), d the difference of codes from the maximum, and sums them in order.',
    },
    {
      parameter: 'concatenation',
      sentence: 'Inputs and output share the quantiser of their joint range; the operators would allow others.',
    },
  ],
  activations: { bits: 8, signed: false, symmetric: false, granularity: 'tensor' },
  weights: { bits: 8, signed: true, symmetric: true, granularity: 'channel' },
  weightEstimator: 'max',
  weightBits: [8, 4],
  bias: { kind: 'product', bits: 32 },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-even', bias: 'half-even', input: 'half-even' },
  clamp: { kind: 'round-then-add', rounding: 'half-even' },
  calibration: { observer: { kind: 'minMax' }, images: 128 },
  layers: {
    conv: { requantiser: 'f32-half-even', product: 'f32' },
    depthwise: { requantiser: 'f32-half-even', product: 'f32' },
    gemm: { requantiser: 'f32-half-even', product: 'f32' },
  },
  add: { kind: 'qdq' },
  mul: { kind: 'qdq' },
  averagePool: { kind: 'qdq' },
  globalAveragePool: { kind: 'qdq' },
  mean: { kind: 'qdq' },
  softmax: { kind: 'quotient' },
  tables: {
    Gelu: { kind: 'qdq' },
    HardSigmoid: { kind: 'qdq' },
    HardSwish: { kind: 'qdq' },
    LeakyRelu: { kind: 'qdq' },
    Sigmoid: { kind: 'qdq' },
    Swish: { kind: 'qdq' },
    Tanh: { kind: 'qdq' },
  },
  concat: 'shared',
  operators: [...runtimeOperators, 'Gelu', 'HardSigmoid', 'HardSwish', 'Swish'],
}
