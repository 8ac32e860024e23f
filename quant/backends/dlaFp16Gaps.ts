import type { Backend } from '../integer/backend.ts'

/**
 * A fixed-function accelerator beside a GPU that leaves int8 for FP16 at pools and products.
 * Example: global average pooling of a feature map is dequantised to f16, averaged, and quantised for the layer behind it.
 */
export const dlaFp16Gaps: Backend = {
  name: 'dla-fp16-gaps',
  title: 'embedded accelerator: int8 symmetric convolutions with FP16 gaps at pools and products',
  kind: 'vendor-model',
  models: 'NVIDIA’s deep-learning accelerator (DLA) on Jetson and Drive, driven by calibrated scales',
  sources: [
    'NVIDIA/Deep-Learning-Accelerator-SW README.md, FAQ/README.md, tools/qdq-translator/README.md',
    'docs.nvidia.com/deeplearning/tensorrt: IInt8EntropyCalibrator2 (required for DLA)',
  ],
  assumptions: [
    {
      parameter: 'entropy calibration',
      sentence: 'The histogram has 2,048 bins and grows as in pytorch-quantization.',
    },
    {
      parameter: 'entropy coverage',
      sentence:
        'Thresholds that would clip more than a thousandth of the values are not considered; the published search collapses where many values are equal and not 0, as behind a plain background, or all far from 0, as averages of ReLU are.',
    },
    {
      parameter: 'weights',
      sentence: 'One scale an output channel, codes -127 ... 127, as the translator of Q/DQ models assumes.',
    },
    {
      parameter: 'requantisation',
      sentence:
        'Sums are multiplied by the f64 number s_in * s_w / s_out and rounded half away from zero; the hardware’s converter is unpublished.',
    },
    {
      parameter: 'bias',
      sentence: 'int32 codes of scale s_in * s_w; the translator says nothing.',
    },
    {
      parameter: 'addition',
      sentence:
        'Both inputs are multiplied by the f64 ratios s_i / s_out, added, and rounded once, half away from zero.',
    },
    {
      parameter: 'FP16 gaps',
      sentence:
        'Average pools, products and everything else that is not covered run in FP16, since no scale comes out of calibration for them; what the compiler gives back to the GPU is treated alike.',
    },
    {
      parameter: 'concatenation',
      sentence: 'Inputs and output share the quantiser of their joint range, which has the largest input scale.',
    },
    {
      parameter: '4-bit weights',
      sentence: 'W4 uses codes -7 ... 7 with the same arithmetic; the hardware documents 8 bits.',
    },
  ],
  activations: { bits: 8, signed: true, symmetric: true, granularity: 'tensor' },
  weights: { bits: 8, signed: true, symmetric: true, narrow: true, granularity: 'channel' },
  weightEstimator: 'max',
  weightBits: [8, 4],
  bias: { kind: 'product', bits: 32 },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-even', bias: 'half-even', input: 'half-away' },
  clamp: { kind: 'round-then-add', rounding: 'half-away' },
  calibration: { observer: { kind: 'entropy', coverage: 0.999 }, images: 128 },
  layers: {
    conv: { requantiser: 'f64-half-away', product: 'f64' },
    depthwise: { requantiser: 'f64-half-away', product: 'f64' },
    gemm: { requantiser: 'f64-half-away', product: 'f64' },
  },
  add: { kind: 'f64' },
  averagePool: { kind: 'reciprocal', requantiser: 'f64-half-away', product: 'f64' },
  globalAveragePool: { kind: 'reciprocal', requantiser: 'f64-half-away', product: 'f64' },
  concat: 'shared',
  operators: ['Add', 'Clip', 'Concat', 'Conv', 'Flatten', 'Gemm', 'MaxPool', 'Relu', 'Reshape'],
  fallback: { format: 'f16' },
}
