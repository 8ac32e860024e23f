import type { Backend } from '../integer/backend.ts'
import { acceleratorOperators } from './coverage.ts'

/**
 * A processor without VNNI: pairs of products saturate.
 * Example: codes 255, 255 by weights 127, 127: 64770 becomes 32767; with weights of 7 bits no pair can: 255 * 63 * 2 = 32130.
 */
export const x86Sat16: Backend = {
  name: 'x86-sat16',
  title: 'x86 with AVX2 but without VNNI: pairs of u8 * s8 products saturate to int16',
  kind: 'vendor-model',
  models: 'CPU runtimes (ONNX Runtime, OpenVINO, oneDNN) on x86-64 with AVX2 alone; 7-bit weights are their remedy',
  sources: [
    'intel/neural-compressor docs/source/validated_model_list.md (one QDQ file on four machines)',
    'docs.openvino.ai/latest/pot_saturation_issue.html',
    'microsoft/onnxruntime issue 14642',
    'openvinotoolkit/nncf src/nncf/quantization/algorithms/min_max/algorithm.py (overflow fix)',
  ],
  assumptions: [
    {
      parameter: 'pairs that saturate',
      sentence:
        'Pairs are neighbours along k, channels fastest, then columns, then rows of the window; depthwise convolutions do not saturate. Libraries order their products differently.',
    },
    {
      parameter: 'calibration',
      sentence: 'Minimum and maximum over 128 images, the default of the tools.',
    },
    {
      parameter: '7-bit weights',
      sentence:
        'W7 narrows the weights of all layers; the tools can restrict that to the first layer or to some, which is not modelled.',
    },
    {
      parameter: 'pools, additions and products',
      sentence: 'They dequantise, compute in f32 and quantise, one rounding a step.',
    },
    {
      parameter: 'uncovered operators',
      sentence: 'They run in f32 between conversions.',
    },
    {
      parameter: '4-bit weights',
      sentence: 'W4 uses codes -8 ... 7 with the same arithmetic; no pair saturates then.',
    },
  ],
  activations: { bits: 8, signed: false, symmetric: false, granularity: 'tensor' },
  weights: { bits: 8, signed: true, symmetric: true, granularity: 'tensor' },
  weightEstimator: 'max',
  weightBits: [8, 7, 4],
  bias: { kind: 'product', bits: 32 },
  accumulator: { bits: 32, overflow: 'refuse', pairSaturation: 'u8s8-int16' },
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
  concat: 'shared',
  operators: acceleratorOperators,
  fallback: { format: 'f32' },
}
