import type { Backend } from '../integer/backend.ts'
import { convolutionalOperators } from './coverage.ts'

/**
 * A DSP with uint8 activations and one scale for all weights of a layer.
 * Example: s_in = 0.25, s_w = 0.5, s_out = 0.25: sums of 3 and -3 become RHA(1.5) = 2 and -2, plus the zero point.
 */
export const dspAsymTensor: Backend = {
  name: 'dsp-asym-tensor',
  title: 'mobile DSP: uint8 asymmetric activations, int8 per-tensor weights',
  kind: 'vendor-model',
  models: 'mobile DSP and HTP compilers of the QNN / SNPE class',
  sources: [
    'pytorch/executorch backends/qualcomm/quantizer/qconfig.py',
    'ModelTC/MQBench mqbench/prepare_by_platform.py (SNPE)',
    'SNPE quantisation notes: least range 0.01, zero exact',
  ],
  assumptions: [
    {
      parameter: 'calibration momentum',
      sentence: 'Moving averages of minimum and maximum use momentum 0.01, PyTorch’s constant; the tool states none.',
    },
    {
      parameter: 'requantisation',
      sentence:
        'Sums are multiplied by the f64 number s_in * s_w / s_out and rounded half away from zero; the hardware’s multiplier is unpublished.',
    },
    {
      parameter: 'addition',
      sentence:
        'Both inputs are multiplied by the f64 ratios s_i / s_out, added, and rounded once, half away from zero.',
    },
    {
      parameter: 'average pooling',
      sentence: 'Sums are multiplied by the f64 number s_in / (s_out * n) and rounded half away from zero.',
    },
    {
      parameter: 'rounding of constants',
      sentence: 'Weights, biases, inputs and activation bounds are rounded half away from zero.',
    },
    {
      parameter: 'concatenation',
      sentence: 'Inputs and output share the quantiser of their joint range.',
    },
    {
      parameter: '4-bit weights',
      sentence: 'W4 uses codes -7 ... 7, one scale a layer.',
    },
    {
      parameter: 'unsupported operators',
      sentence:
        'They are computed in f32 and give 16-bit codes, which are requantised to 8 bits for operators that are supported.',
    },
  ],
  activations: { bits: 8, signed: false, symmetric: false, granularity: 'tensor' },
  minimumRange: 0.01,
  weights: { bits: 8, signed: true, symmetric: true, narrow: true, granularity: 'tensor' },
  weightEstimator: 'max',
  weightBits: [8, 4],
  bias: { kind: 'product', bits: 32 },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-away', bias: 'half-away', input: 'half-away' },
  clamp: { kind: 'round-then-add', rounding: 'half-away' },
  calibration: { observer: { kind: 'movingAverage', momentum: 0.01 }, images: 128 },
  layers: {
    conv: { requantiser: 'f64-half-away', product: 'f64' },
    depthwise: { requantiser: 'f64-half-away', product: 'f64' },
    gemm: { requantiser: 'f64-half-away', product: 'f64' },
  },
  add: { kind: 'f64' },
  averagePool: { kind: 'reciprocal', requantiser: 'f64-half-away', product: 'f64' },
  globalAveragePool: { kind: 'reciprocal', requantiser: 'f64-half-away', product: 'f64' },
  concat: 'shared',
  operators: convolutionalOperators,
  fallback: { format: 'f32', codes: 16 },
  rescale: { kind: 'requantise', requantiser: 'f64-half-away' },
}

/**
 * The same with one weight scale an output channel, the tool's option.
 * Example: weights [[1, -2], [0.5, 0.25]]: scales f32(2/127) and f32(0.5/127) in place of f32(2/127).
 */
export const dspAsymTensorPerChannel: Backend = {
  ...dspAsymTensor,
  name: 'dsp-asym-tensor-pc',
  title: 'mobile DSP: uint8 asymmetric activations, int8 per-channel weights',
  models: 'mobile DSP and HTP compilers of the QNN class with per-channel quantisation switched on',
  assumptions: dspAsymTensor.assumptions.map((assumption) =>
    assumption.parameter === '4-bit weights'
      ? { ...assumption, sentence: 'W4 uses codes -7 ... 7, one scale a channel.' }
      : assumption,
  ),
  weights: { ...dspAsymTensor.weights, granularity: 'channel' },
}
