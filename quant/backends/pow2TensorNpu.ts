import type { Backend } from '../integer/backend.ts'
import { convolutionalOperators } from './coverage.ts'

/**
 * An NPU that rescales by shifts only, as it is when its compiler neither equalises weights across layers nor corrects biases.
 * Example: s_in = 2^-6, s_w = 2^-7, s_out = 2^-4: shift 9; a sum of 256 becomes 1 (0.5 rounds up), -256 becomes 0.
 */
export const pow2TensorNpuPlain: Backend = {
  name: 'pow2-tensor-npu-plain',
  title: 'power-of-two NPU: the same without equalisation and bias correction',
  kind: 'vendor-model',
  models: 'FPGA and NPU compilers with power-of-two scales for weights, biases and activations (AMD Vitis AI DPU)',
  sources: [
    'Xilinx/Vitis-AI src/vai_quantizer/vai_q_pytorch/doc/Quant_Config.md',
    'Xilinx/Vitis-AI pytorch_nndct/quantization/torchquantizer.py',
    'ModelTC/MQBench mqbench/prepare_by_platform.py (Vitis)',
  ],
  assumptions: [
    {
      parameter: 'equalisation and bias correction',
      sentence:
        'The real tool equalises weights across layers and corrects biases before it quantises; this model does neither, its sibling pow2-tensor-npu both.',
    },
    {
      parameter: 'shift limits',
      sentence:
        'A right shift below 0 coarsens the output, one above 16 coarsens the weights; which exponent the real tool gives way on is assumed.',
    },
    {
      parameter: 'bias alignment',
      sentence:
        'The 8-bit bias is shifted left by 0 to 15 bits into the accumulator before the products are added; its exponent is limited to that, and a bias beyond it saturates.',
    },
    {
      parameter: 'addition',
      sentence:
        'Both inputs are shifted left to the finer of their exponents, added in int32, and shifted right once, half up, by at most 16 bits.',
    },
    {
      parameter: 'average pooling',
      sentence:
        'Sums are multiplied by a 31-bit reciprocal of the window size and rounded half up; the hardware uses a shorter, unpublished reciprocal.',
    },
    {
      parameter: 'order of exponent votes',
      sentence: 'Equally frequent exponents are settled for the coarser one; the tool does not say.',
    },
    {
      parameter: '4-bit weights',
      sentence: 'W4 uses codes -8 ... 7 with the same arithmetic; the tool documents 8 bits.',
    },
    {
      parameter: 'fully connected layers',
      sentence: 'Gemm is computed as a 1x1 convolution on the NPU and not on the host.',
    },
  ],
  activations: { bits: 8, signed: true, symmetric: true, granularity: 'tensor', scaleForm: 'pow2' },
  weights: { bits: 8, signed: true, symmetric: true, granularity: 'tensor', scaleForm: 'pow2' },
  weightEstimator: 'power-of-two-mse',
  weightBits: [8, 4],
  bias: { kind: 'own-power-of-two', bits: 8, maximumShift: 15 },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-away', bias: 'half-away', input: 'half-away' },
  clamp: { kind: 'round-then-add', rounding: 'half-up' },
  calibration: {
    observer: { kind: 'powerOfTwoMse', bits: 8, candidates: 5, rounding: 'half-up', minimumExponent: -12 },
    inputObserver: { kind: 'powerOfTwoMse', bits: 8, candidates: 1, rounding: 'half-away', minimumExponent: -12 },
    images: 128,
  },
  layers: {
    conv: { requantiser: 'shift-half-up', product: 'f64' },
    depthwise: { requantiser: 'shift-half-up', product: 'f64' },
    gemm: { requantiser: 'shift-half-up', product: 'f64' },
  },
  add: { kind: 'shift' },
  averagePool: { kind: 'reciprocal', requantiser: 'q31-single', product: 'f64' },
  globalAveragePool: { kind: 'reciprocal', requantiser: 'q31-single', product: 'f64' },
  concat: 'shared',
  exponents: { minimum: -12, maximumShift: 16 },
  operators: convolutionalOperators,
}

/**
 * The same with what the tool does by default before it quantises: weights equalised across layers, biases corrected.
 * Example: first weights [4] and [1] of two channels, second [1, 4]: both become [2, 2] and [2, 2], one power of two serves them.
 */
export const pow2TensorNpu: Backend = {
  ...pow2TensorNpuPlain,
  name: 'pow2-tensor-npu',
  title: 'power-of-two NPU: int8 per tensor, shifts instead of multipliers',
  assumptions: [
    ...pow2TensorNpuPlain.assumptions.filter(({ parameter }) => parameter !== 'equalisation and bias correction'),
    {
      parameter: 'equalisation',
      sentence: 'Until no channel changes by a thousandth, at most 40 sweeps; the tool’s own number is a setting.',
    },
    {
      parameter: 'bias correction',
      sentence:
        'One sweep over 128 images with quantised weights, whose scales cover the largest magnitude, and float activations.',
    },
    {
      parameter: 'uncovered operators',
      sentence: 'They run in f32 between conversions, on the processor, as the tool partitions a graph.',
    },
  ],
  passes: [{ pass: 'fold' }, { pass: 'equalise' }, { pass: 'correctBias', images: 128 }],
  fallback: { format: 'f32' },
}
