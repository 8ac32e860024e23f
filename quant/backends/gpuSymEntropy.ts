import type { Backend } from '../integer/backend.ts'
import { acceleratorOperators } from './coverage.ts'

/**
 * A GPU inference compiler: symmetric int8, activation ranges by entropy, scaling in f32.
 * Example: s_in = 0.5, s_w = 0.25, s_out = 0.25, bias 0.25: a sum of 1 becomes RNE(0.5 + 1) = 2.
 */
export const gpuSymEntropy: Backend = {
  name: 'gpu-sym-entropy',
  title: 'GPU compiler: int8 symmetric, per-channel weights, entropy calibration, f32 scaling',
  kind: 'vendor-model',
  models: 'compilers for NVIDIA GPUs that calibrate int8 engines by themselves (TensorRT, implicit quantisation)',
  sources: [
    'docs.nvidia.com/deeplearning/tensorrt: IInt8EntropyCalibrator2; Working with Quantized Types',
    'S. Migacz, 8-bit inference with TensorRT (GTC 2017); NVIDIA pytorch-quantization calib/histogram.py',
    'ModelTC/MQBench mqbench/prepare_by_platform.py (Tensorrt)',
    'NVIDIA/TensorRT issue 3009 (kernels disagree on ties)',
  ],
  assumptions: [
    {
      parameter: 'entropy calibration',
      sentence: 'The histogram has 2,048 bins and grows as in pytorch-quantization; the compiler’s own is unpublished.',
    },
    {
      parameter: 'entropy coverage',
      sentence:
        'Thresholds that would clip more than a thousandth of the values are not considered; the published search collapses where many values are equal and not 0, as behind a plain background, or all far from 0, as averages of ReLU are.',
    },
    {
      parameter: 'bias',
      sentence:
        'Biases stay f32 and are added to the scaled sum, as f32(b / s_out), before the one rounding; which precision the kernels use is not documented.',
    },
    {
      parameter: 'rounding',
      sentence: 'Ties go to even everywhere, as documented; kernels were reported to differ on ties.',
    },
    {
      parameter: 'residual additions',
      sentence:
        'Both inputs of an addition are quantised; the compiler leaves the one unquantised that it fuses with its convolution.',
    },
    {
      parameter: 'pools, additions and products',
      sentence: 'They dequantise, compute in f32 and quantise, one rounding a step.',
    },
    {
      parameter: 'uncovered operators',
      sentence:
        'Softmax, normalisation and functions run in FP16 between conversions; the compiler chooses precisions by measured speed.',
    },
    {
      parameter: 'calibration images',
      sentence: '128 images, all batches in one histogram; the user decides in the real tool.',
    },
    {
      parameter: '4-bit codes',
      sentence:
        'W4 and A4 use the same arithmetic with codes -7 ... 7 and -8 ... 7; the compiler documents 4 bits for weights alone, computed in FP16.',
    },
  ],
  activations: { bits: 8, signed: true, symmetric: true, granularity: 'tensor' },
  activationBits: [8, 4],
  weights: { bits: 8, signed: true, symmetric: true, narrow: true, granularity: 'channel' },
  weightEstimator: 'max',
  weightBits: [8, 4],
  bias: { kind: 'float' },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-even', bias: 'half-even', input: 'half-even' },
  clamp: { kind: 'round-then-add', rounding: 'half-even' },
  calibration: { observer: { kind: 'entropy', coverage: 0.999 }, images: 128 },
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
  fallback: { format: 'f16' },
}
