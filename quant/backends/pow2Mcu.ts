import type { Backend } from '../integer/backend.ts'
import { convolutionalOperators } from './coverage.ts'

/**
 * A microcontroller with vector instructions that shifts: power-of-two scales by percentile, ties up.
 * Example: s_in = 2^-6, s_w = 2^-7, s_out = 2^-4: shift 9; a sum of 256 becomes 1 (0.5 rounds up), -256 becomes 0.
 */
export const pow2McuHalfUp: Backend = {
  name: 'pow2-mcu-halfup',
  title: 'power-of-two microcontroller: int8 per tensor, 20-bit bias, shifts with ties up',
  kind: 'vendor-model',
  models: 'Espressif’s ESP-DL on the ESP32-S3, quantised by ESP-PPQ',
  sources: [
    'espressif/esp-ppq esp_ppq/quantization/quantizer, esp_ppq/core/quant.py',
    'docs.espressif.com/projects/esp-dl: how to quantize a model',
  ],
  assumptions: [
    {
      parameter: 'percentile',
      sentence: 'Ranges are [-t, t], t the 99.99th percentile of the magnitudes; the tool also offers KL.',
    },
    {
      parameter: 'bias overflow',
      sentence: 'Biases are codes of scale s_in * s_w that saturate to 20 bits.',
    },
    {
      parameter: 'average pooling',
      sentence:
        'Sums are multiplied by a 31-bit reciprocal of the window size and rounded half up; the library’s kernel may divide.',
    },
    {
      parameter: 'shift limits',
      sentence:
        'A right shift below 0 coarsens the output, one above 31 the weights; which exponent the tool gives way on is assumed.',
    },
    {
      parameter: 'rounding of constants',
      sentence: 'Weights, biases and inputs are rounded half away from zero.',
    },
    {
      parameter: 'uncovered operators',
      sentence: 'They run in f32 between conversions, on the processor itself.',
    },
    {
      parameter: '4-bit weights',
      sentence: 'W4 uses codes -8 ... 7 with the same arithmetic; the tool documents 8 and 16 bits.',
    },
  ],
  activations: { bits: 8, signed: true, symmetric: true, granularity: 'tensor', scaleForm: 'pow2' },
  weights: { bits: 8, signed: true, symmetric: true, granularity: 'tensor', scaleForm: 'pow2' },
  weightEstimator: 'max',
  weightBits: [8, 4],
  bias: { kind: 'product', bits: 20 },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-away', bias: 'half-away', input: 'half-away' },
  clamp: { kind: 'round-then-add', rounding: 'half-up' },
  calibration: { observer: { kind: 'percentile', p: 0.9999, sides: 1 }, images: 128 },
  layers: {
    conv: { requantiser: 'shift-half-up', product: 'f64' },
    depthwise: { requantiser: 'shift-half-up', product: 'f64' },
    gemm: { requantiser: 'shift-half-up', product: 'f64' },
  },
  add: { kind: 'shift' },
  averagePool: { kind: 'reciprocal', requantiser: 'q31-single', product: 'f64' },
  globalAveragePool: { kind: 'reciprocal', requantiser: 'q31-single', product: 'f64' },
  concat: 'shared',
  exponents: { minimum: -126, maximumShift: 31 },
  operators: convolutionalOperators,
  fallback: { format: 'f32' },
}

/**
 * Its sibling that differs in rounding only: ties to even wherever results are rounded. Products by powers of two are exact in f64,
 * and zero points are 0, so that the requantiser is a shift with ties to even.
 * Example: as above, but sums of 256 and 768 become 0 and 2.
 */
export const pow2McuHalfEven: Backend = {
  ...pow2McuHalfUp,
  name: 'pow2-mcu-halfeven',
  title: 'power-of-two microcontroller: the same with ties to even',
  models: 'ESP-DL’s rounding on the ESP32-P4, all else as on the ESP32-S3: what rounding alone changes',
  assumptions: [
    ...pow2McuHalfUp.assumptions.filter(({ parameter }) => parameter !== 'average pooling'),
    {
      parameter: 'average pooling',
      sentence: 'Sums are multiplied by the f64 reciprocal of the window size and rounded to even.',
    },
    {
      parameter: 'what the ESP32-P4 has besides',
      sentence: 'Weight scales per channel and biases of 32 bits are left out, so that only rounding differs.',
    },
  ],
  clamp: { kind: 'round-then-add', rounding: 'half-even' },
  layers: {
    conv: { requantiser: 'f64-half-even-zero-inside', product: 'f64' },
    depthwise: { requantiser: 'f64-half-even-zero-inside', product: 'f64' },
    gemm: { requantiser: 'f64-half-even-zero-inside', product: 'f64' },
  },
  add: { kind: 'qdq' },
  averagePool: { kind: 'reciprocal', requantiser: 'f64-half-even-zero-inside', product: 'f64' },
  globalAveragePool: { kind: 'reciprocal', requantiser: 'f64-half-even-zero-inside', product: 'f64' },
}
