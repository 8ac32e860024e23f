import type { Backend } from '../integer/backend.ts'
import { convolutionalOperators } from './coverage.ts'

/**
 * A DSP compiler that repairs the model before it quantises: clipped weights, calibrated biases, 16 bits at both ends.
 * Example: activations in [-1, 1]: s = 2^-6 (127 / 128 < 1); weights in [-1, 1] of any scale: f32(1/127).
 */
export const clipBiascalDsp: Backend = {
  name: 'clip-biascal-dsp',
  title: 'automotive DSP: power-of-two activations, clipped weights, bias calibration, 16 bits at both ends',
  kind: 'vendor-model',
  models: 'Texas Instruments’ TIDL with its default accuracy level (advanced bias calibration)',
  sources: ['TexasInstruments/edgeai-tidl-tools docs/tidl_fsg_quantization.md, examples/osrt_python/README.md'],
  assumptions: [
    {
      parameter: 'activation clipping',
      sentence:
        'Ranges are the 99.9th percentile of the magnitudes, extended to a power of two; the tool’s criterion is not published.',
    },
    {
      parameter: 'weight clipping',
      sentence:
        'Each weight tensor is limited to the bound of least squared error at its width; the tool’s criterion is not published.',
    },
    {
      parameter: 'bias calibration',
      sentence:
        'Channel means of quantised and float outputs are made equal on 20 images, as documented, in 5 sweeps in place of 50: layers are corrected one after the other, and no sweep after the first changed a result of ours by 0.01 dB.',
    },
    {
      parameter: 'signedness',
      sentence: 'Activations are signed and symmetric; the tool also has unsigned and newer asymmetric modes.',
    },
    {
      parameter: 'bias',
      sentence: 'int32 codes of scale s_in * s_w.',
    },
    {
      parameter: 'requantisation',
      sentence: 'A 31-bit multiplier and a shift, one rounding, ties up.',
    },
    {
      parameter: '16-bit layers',
      sentence:
        'The first and the last layer have 16-bit weights and results, and so has an input that only the first reads, as the guide advises; their wide sums are scaled in f64 and rounded half away from zero.',
    },
    {
      parameter: 'addition and pooling',
      sentence:
        'Additions use f64 ratios, which are powers of two, rounded half away from zero; pools a 31-bit reciprocal, ties up.',
    },
    {
      parameter: 'uncovered operators',
      sentence: 'They run in f32 between conversions, on the Arm cores.',
    },
    {
      parameter: '4-bit weights',
      sentence: 'W4 uses codes -7 ... 7 between the 16-bit layers; the tool documents 8 and 16 bits.',
    },
  ],
  activations: { bits: 8, signed: true, symmetric: true, granularity: 'tensor', scaleForm: 'pow2' },
  weights: { bits: 8, signed: true, symmetric: true, narrow: true, granularity: 'tensor' },
  weightEstimator: 'max',
  weightBits: [8, 4],
  bias: { kind: 'product', bits: 32 },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-away', bias: 'half-away', input: 'half-up' },
  clamp: { kind: 'round-then-add', rounding: 'half-up' },
  calibration: { observer: { kind: 'percentile', p: 0.999, sides: 1 }, images: 128 },
  layers: {
    conv: { requantiser: 'q31-single', product: 'f64' },
    depthwise: { requantiser: 'q31-single', product: 'f64' },
    gemm: { requantiser: 'q31-single', product: 'f64' },
  },
  add: { kind: 'f64' },
  averagePool: { kind: 'reciprocal', requantiser: 'q31-single', product: 'f64' },
  globalAveragePool: { kind: 'reciprocal', requantiser: 'q31-single', product: 'f64' },
  concat: 'shared',
  passes: [
    { pass: 'fold' },
    { pass: 'clipWeights', method: { kind: 'mse' }, granularity: 'tensor' },
    { pass: 'correctBias', images: 20, iterations: 5, activations: true },
  ],
  operators: convolutionalOperators,
  fallback: { format: 'f32' },
  islands: {
    layers: 'first-and-last',
    layer: { requantiser: 'f64-half-away', product: 'f64' },
    rescale: { kind: 'requantise', requantiser: 'f64-half-away' },
  },
}
