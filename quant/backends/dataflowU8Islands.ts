import type { Backend } from '../integer/backend.ts'
import { acceleratorOperators } from './coverage.ts'

/**
 * A dataflow accelerator: uint8 activations by histogram, equalised weights, corrected biases, outputs in 16 bits.
 * Example: s_x = 0.5, s_w = 0.25, s_y = 0.25, zero point 1: a sum of 1 becomes RNE(0.5) + 1 = 1.
 */
export const dataflowU8Islands: Backend = {
  name: 'dataflow-u8-islands',
  title: 'dataflow accelerator: uint8 by histogram, equalisation, bias correction, 16-bit outputs',
  kind: 'vendor-model',
  models: 'dataflow accelerators (Hailo, Axelera) and hybrid quantisation on NPUs of the RKNN class',
  sources: [
    'hailo-ai/hailo_model_zoo docs/OPTIMIZATION.rst, *.alls; hailo.ai/support-lesson/hailo-quantization-scheme-2; community.hailo.ai/t/16-bit-quantization/18395',
    'axelera-ai-hub/voyager-sdk docs/reference/compiler_configs.md',
    'airockchip/rknn-toolkit2 doc/03_Rockchip_RKNPU_API_Reference_RKNN_Toolkit2_V2.3.2_EN.pdf (auto_hybrid)',
  ],
  assumptions: [
    {
      parameter: 'weights',
      sentence: 'One scale an output channel, codes -127 ... 127; granularity is not documented for all of them.',
    },
    {
      parameter: 'requantisation',
      sentence: 'f32 scales, ties to even; the arithmetic of the hardware is not published.',
    },
    {
      parameter: 'bias',
      sentence: 'int32 codes of scale s_in * s_w.',
    },
    {
      parameter: 'histogram',
      sentence: 'The range of least squared error of PyTorch’s histogram observer, over 64 images.',
    },
    {
      parameter: 'bias correction',
      sentence: 'One sweep over 64 images with quantised weights and float activations.',
    },
    {
      parameter: '16-bit outputs',
      sentence:
        'The last layer has 16-bit weights and results (a16_w16 of its output); its wide sums are scaled in f32, ties to even.',
    },
    {
      parameter: 'automatic hybrid',
      sentence:
        'RKNN’s option of moving layers whose cosine similarity falls below 0.98 to FP16 is off by default and not modelled.',
    },
    {
      parameter: 'pools, additions and products',
      sentence: 'They dequantise, compute in f32 and quantise, one rounding a step.',
    },
    {
      parameter: 'uncovered operators',
      sentence: 'They run in f32 between conversions, on the host.',
    },
    {
      parameter: '4-bit weights',
      sentence: 'W4 uses codes -7 ... 7 in all layers but the last, as a8_w4 does in chosen ones.',
    },
  ],
  activations: { bits: 8, signed: false, symmetric: false, granularity: 'tensor' },
  weights: { bits: 8, signed: true, symmetric: true, narrow: true, granularity: 'channel' },
  weightEstimator: 'max',
  weightBits: [8, 4],
  bias: { kind: 'product', bits: 32 },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-even', bias: 'half-even', input: 'half-even' },
  clamp: { kind: 'round-then-add', rounding: 'half-even' },
  calibration: { observer: { kind: 'histogram' }, images: 64 },
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
  passes: [{ pass: 'fold' }, { pass: 'equalise' }, { pass: 'correctBias', images: 64 }],
  operators: acceleratorOperators,
  fallback: { format: 'f32' },
  islands: {
    layers: 'last',
    layer: { requantiser: 'f32-half-even', product: 'f32' },
    rescale: { kind: 'qdq' },
  },
}
