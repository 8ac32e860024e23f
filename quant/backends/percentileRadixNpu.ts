import type { Backend } from '../integer/backend.ts'
import { acceleratorOperators } from './coverage.ts'

/**
 * An edge NPU whose scales are a factor times a power of two, ranges by percentile, the last layer in 16 bits.
 * Example: s_in = 0.1, s_w = 0.5, s_out = 0.5: a sum of 45 becomes S(45, 0.1) = 5 (4.5 rounds up), -45 becomes -4.
 */
export const percentileRadixNpu: Backend = {
  name: 'percentile-radix-npu',
  title: 'edge NPU: int8 symmetric by percentile, factor-and-radix scales, last layer in 16 bits',
  kind: 'vendor-model',
  models: 'Kneron’s toolchain (value = code / (scale * 2^radix))',
  sources: ['kneron/document_center docs/toolchain/manual_4_bie.md, appendix/app_flow_manual.md'],
  assumptions: [
    {
      parameter: 'symmetry',
      sentence:
        'Activations are symmetric; the range takes the larger of the two ends of the two-sided 99.9 % percentile.',
    },
    {
      parameter: 'scale form',
      sentence: 'The factor is any f32, so that factor and radix together are any scale; its width is not published.',
    },
    {
      parameter: 'requantisation',
      sentence: 'A 31-bit multiplier and a shift, one rounding, ties up.',
    },
    {
      parameter: 'bias',
      sentence: 'int32 codes of scale s_in * s_w.',
    },
    {
      parameter: '16-bit islands',
      sentence:
        'The last layer has 16-bit weights and results, its range by the percentile 99.9999 %; the tool lets the user choose layers. Its wide sums are scaled in f64 and rounded half away from zero.',
    },
    {
      parameter: 'addition and pooling',
      sentence: 'Additions use f64 ratios, rounded half away from zero; pools a 31-bit reciprocal, ties up.',
    },
    {
      parameter: 'uncovered operators',
      sentence:
        'They run in f32 between conversions; the tool’s nodes on the processor take and give int8 or int16 codes.',
    },
    {
      parameter: '4-bit weights',
      sentence: 'W4 uses codes -7 ... 7, which the tool offers for some chips.',
    },
  ],
  activations: { bits: 8, signed: true, symmetric: true, granularity: 'tensor' },
  weights: { bits: 8, signed: true, symmetric: true, narrow: true, granularity: 'channel' },
  weightEstimator: 'max',
  weightBits: [8, 4],
  bias: { kind: 'product', bits: 32 },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-away', bias: 'half-away', input: 'half-up' },
  clamp: { kind: 'round-then-add', rounding: 'half-up' },
  calibration: { observer: { kind: 'percentile', p: 0.999, sides: 2 }, images: 128 },
  layers: {
    conv: { requantiser: 'q31-single', product: 'f64' },
    depthwise: { requantiser: 'q31-single', product: 'f64' },
    gemm: { requantiser: 'q31-single', product: 'f64' },
  },
  add: { kind: 'f64' },
  mul: { kind: 'requantise', requantiser: 'q31-single', product: 'f64' },
  averagePool: { kind: 'reciprocal', requantiser: 'q31-single', product: 'f64' },
  globalAveragePool: { kind: 'reciprocal', requantiser: 'q31-single', product: 'f64' },
  mean: { kind: 'reciprocal', requantiser: 'q31-single', product: 'f64' },
  concat: 'shared',
  operators: acceleratorOperators,
  fallback: { format: 'f32' },
  islands: {
    layers: 'last',
    observer: { kind: 'percentile', p: 0.999999, sides: 2 },
    layer: { requantiser: 'f64-half-away', product: 'f64' },
    rescale: { kind: 'requantise', requantiser: 'f64-half-away' },
  },
}
