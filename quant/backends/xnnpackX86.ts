import type { Backend } from '../integer/backend.ts'
import { tfliteAssumptions, tfliteScheme } from './tflite.ts'

/**
 * XNNPACK on x86, as LiteRT's default delegate uses it; average pools and softmax, which are not delegated, as LiteRT's own kernels.
 * Example: ReLU6 at scale 0.09917355328798294, zero point -128: 6 is 60.5 steps; -67.5 rounds to even, -68, where TFLite has -67.
 */
export const xnnpackX86: Backend = {
  name: 'xnnpack-x86',
  title: 'XNNPACK on x86, LiteRT’s default delegate: f32 scales, ties to even',
  kind: 'runtime',
  models:
    'the LiteRT interpreter on x86-64 with its default resolver, every operator delegated that the delegate takes',
  sources: [
    'google/XNNPACK src/qs8-gemm, qs8-vadd, qs8-vmul, qs8-vcvt, qs8-vlrelu, src/microparams-init.c, src/subgraph',
    'google-ai-edge/LiteRT tflite/delegates/xnnpack/xnnpack_delegate.cc',
    'google-ai-edge/LiteRT tflite/kernels/internal/optimized (average pool, softmax)',
  ],
  assumptions: [
    ...tfliteAssumptions,
    {
      parameter: 'input',
      sentence:
        'An input is quantised as f32(x / s), ties to even; XNNPACK multiplies by f32(1 / s), which differs near ties.',
    },
    {
      parameter: 'contraction',
      sentence: 'The f32 sums of tables and means are taken without fused multiply-adds; a compiler may fuse them.',
    },
    {
      parameter: 'LeakyRelu',
      sentence: 'Multipliers of 8 bits behind the point, rounded to even, and ties up, from memory of the kernel.',
    },
    {
      parameter: 'scale limits',
      sentence:
        'An addition whose scale ratios leave [2^-10, 256) and a rescaling outside [1/256, 128] fall back to LiteRT’s kernels; this model does not.',
    },
  ],
  ...tfliteScheme,
  rounding: { weight: 'half-away', bias: 'half-away', input: 'half-even' },
  clamp: { kind: 'add-then-round' },
  layers: {
    conv: { requantiser: 'f32-half-even', product: 'f32' },
    depthwise: { requantiser: 'f32-half-even', product: 'f32' },
    gemm: { requantiser: 'f32-half-even', product: 'f32' },
  },
  add: { kind: 'multiply-shift' },
  mul: { kind: 'requantise', requantiser: 'f32-half-even', product: 'f32' },
  averagePool: { kind: 'raw-half-away' },
  globalAveragePool: { kind: 'f32-zero-inside' },
  mean: { kind: 'f32-zero-inside' },
  softmax: { kind: 'reciprocal' },
  tables: {
    LeakyRelu: { kind: 'multiply-shift' },
    Sigmoid: { kind: 'zero-inside' },
    Tanh: { kind: 'zero-inside' },
  },
  rescale: { kind: 'multiply-shift' },
}
