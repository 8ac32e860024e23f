import type { Backend } from '../integer/backend.ts'
import { acceleratorOperators } from './coverage.ts'

/**
 * An NPU that takes asymmetric codes per tensor only, for weights too, and multipliers below 1.
 * Example: weights in [-1, 3]: s = f32(4/255), zero point -64 of int8 (64 of uint8), so that 0 is exact.
 */
export const tensorAsymStrict: Backend = {
  name: 'tensor-asym-strict',
  title: 'per-tensor NPU: 8-bit asymmetric activations and weights, multipliers below 1',
  kind: 'vendor-model',
  models: 'NPUs that accept asymmetric per-tensor models alone (STM32MP2, VeriSilicon class)',
  sources: [
    'stedgeai-dc.st.com: stneuralart_operator_support, stm32mpu_command_line_interface (per-tensor asymmetric only)',
    'tensorflow/tensorflow issue 53497 (Arm Ethos-N: s_in * s_w / s_out between 2.33e-10 and 1)',
  ],
  assumptions: [
    {
      parameter: 'weight codes',
      sentence:
        'uint8 weights are kept as int8, codes and zero point less 128, which changes no product; biases are int32 codes of scale s_in * s_w.',
    },
    {
      parameter: 'requantisation',
      sentence:
        'Sums are multiplied by the f64 number s_in * s_w / s_out and rounded half away from zero; the hardware’s multiplier is unpublished.',
    },
    {
      parameter: 'multiplier limit',
      sentence:
        'A layer whose multiplier would be 1 or more gets a coarser output scale; a real compiler may refuse it or move it to another processor.',
    },
    {
      parameter: 'calibration',
      sentence: 'Minimum and maximum over 128 images; the converter takes what the user brings.',
    },
    {
      parameter: 'addition, products and pooling',
      sentence: 'f64 ratios, one rounding, half away from zero.',
    },
    {
      parameter: 'rounding of constants',
      sentence: 'Weights, biases, inputs and activation bounds are rounded half away from zero.',
    },
    {
      parameter: 'uncovered operators',
      sentence: 'They run in f32 between conversions, on the GPU or the processor.',
    },
    {
      parameter: '4-bit weights',
      sentence: 'W4 uses 16 asymmetric codes with the same arithmetic; the hardware documents 8 bits.',
    },
  ],
  activations: { bits: 8, signed: false, symmetric: false, granularity: 'tensor' },
  weights: { bits: 8, signed: true, symmetric: false, granularity: 'tensor' },
  weightEstimator: 'max',
  weightBits: [8, 4],
  bias: { kind: 'product', bits: 32 },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-away', bias: 'half-away', input: 'half-away' },
  clamp: { kind: 'round-then-add', rounding: 'half-away' },
  calibration: { observer: { kind: 'minMax' }, images: 128 },
  layers: {
    conv: { requantiser: 'f64-half-away', product: 'f64' },
    depthwise: { requantiser: 'f64-half-away', product: 'f64' },
    gemm: { requantiser: 'f64-half-away', product: 'f64' },
  },
  add: { kind: 'f64' },
  mul: { kind: 'requantise', requantiser: 'f64-half-away', product: 'f64' },
  averagePool: { kind: 'reciprocal', requantiser: 'f64-half-away', product: 'f64' },
  globalAveragePool: { kind: 'reciprocal', requantiser: 'f64-half-away', product: 'f64' },
  mean: { kind: 'reciprocal', requantiser: 'f64-half-away', product: 'f64' },
  concat: 'shared',
  multipliers: { below: 1 },
  operators: acceleratorOperators,
  fallback: { format: 'f32' },
}
