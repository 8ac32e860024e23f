import type { Backend } from '../integer/backend.ts'
import { runtimeOperators } from './coverage.ts'

/**
 * ONNX Runtime's CPU provider on x86-64 with AVX2 and VNNI, as it runs a QDQ model after its fusions.
 * Example: s_x = 0.5, s_w = 0.25, s_y = 0.25, zero point 1: a sum of 1 becomes RNE(0.5) + 1 = 1; an addition with FMA adds its zero points before
 * it rounds: 0.5 + 1 = 1.5 -> 2.
 */
export const ortX86: Backend = {
  name: 'ort-x86',
  title: 'ONNX Runtime on x86-64 (AVX2 and better, VNNI): QDQ models as they are fused',
  kind: 'runtime',
  models:
    'onnxruntime-node on x86-64 at its default optimisation level, one QuantizeLinear / DequantizeLinear pair a tensor',
  sources: [
    'microsoft/onnxruntime onnxruntime/core/mlas/lib: quantize.cpp (MlasQuantizeLinear, MlasRequantizeOutput), qladd.cpp, intrinsics/avx2/qladd_avx2.cpp, qlmul.cpp, qlgavgpool.cpp',
    'microsoft/onnxruntime onnxruntime/contrib_ops/cpu/quantization: qlinear_pool.cc, qlinear_softmax.cc, qlinear_activations.cc, qlinear_lookup_table.cc, qlinear_concat.cc',
    'microsoft/onnxruntime onnxruntime/core/optimizer/qdq_transformer: selectors and actions of the QDQ fusions',
    'microsoft/onnxruntime onnxruntime/python/tools/quantization: quantize_static',
  ],
  assumptions: [
    {
      parameter: 'schemes and calibration',
      sentence:
        'uint8 asymmetric activations from minimum and maximum over 128 images and int8 weights per channel with scale max / 127, as quantize_static can be told to make them; it has other settings.',
    },
    {
      parameter: 'fused activations',
      sentence:
        'Relu and Clip fold into a layer only where the range of codes makes them redundant, which it does when the range was calibrated behind them; elsewhere the runtime computes the layer in float, and we limit the codes.',
    },
    {
      parameter: 'contraction',
      sentence:
        'The constant part of an addition is z_out - fma(r_1, z_1, r_2 z_2), as the compiler of onnxruntime-node 1.30.0 makes it of the source; another build may fuse otherwise.',
    },
    {
      parameter: 'float functions',
      sentence:
        'Tables of Sigmoid, Tanh, Gelu and the like come from our correctly rounded functions; MLAS has approximations of its own, in which Sigmoid showed no other code in comparisons with onnxruntime-node 1.30.0.',
    },
    {
      parameter: 'operators without a fused form',
      sentence:
        'ReduceMean and functions other than Sigmoid and LeakyRelu run in float between DequantizeLinear and QuantizeLinear; a mean sums its window in row-major order, which the runtime’s vectors may not.',
    },
    {
      parameter: '4-bit weights',
      sentence: 'W4 uses codes -8 ... 7 with the same arithmetic; the runtime would compute such layers in float.',
    },
  ],
  activations: { bits: 8, signed: false, symmetric: false, granularity: 'tensor' },
  weights: { bits: 8, signed: true, symmetric: true, granularity: 'channel' },
  weightEstimator: 'max',
  weightBits: [8, 4],
  bias: { kind: 'product', bits: 32 },
  accumulator: { bits: 32, overflow: 'refuse' },
  rounding: { weight: 'half-even', bias: 'half-even', input: 'half-even' },
  clamp: { kind: 'round-then-add', rounding: 'half-even' },
  calibration: { observer: { kind: 'minMax' }, images: 128 },
  layers: {
    conv: { requantiser: 'f32-half-even', product: 'f32' },
    depthwise: { requantiser: 'f32-half-even', product: 'f32' },
    gemm: { requantiser: 'f32-half-even', product: 'f32' },
  },
  add: { kind: 'fma' },
  mul: { kind: 'f32-zero-inside' },
  averagePool: { kind: 'qdq-zero-inside' },
  globalAveragePool: { kind: 'reciprocal', requantiser: 'f32-half-even', product: 'f32' },
  mean: { kind: 'qdq' },
  softmax: { kind: 'multiplier' },
  tables: {
    Gelu: { kind: 'qdq' },
    HardSigmoid: { kind: 'qdq' },
    HardSwish: { kind: 'qdq' },
    LeakyRelu: { kind: 'qdq' },
    Sigmoid: { kind: 'qdq' },
    Swish: { kind: 'qdq' },
    Tanh: { kind: 'qdq' },
  },
  concat: 'requantise',
  rescale: { kind: 'qdq' },
  operators: [...runtimeOperators, 'Gelu', 'HardSigmoid', 'HardSwish', 'Swish'],
}

/**
 * The same on processors with AVX2 but without VNNI, whose byte products saturate in pairs.
 * Example: codes 255, 255 by weights 127, 127: 64770 becomes 32767, for two neighbouring inputs of a layer.
 */
export const ortX86Saturating: Backend = {
  ...ortX86,
  name: 'ort-x86-saturating',
  title: 'ONNX Runtime on x86-64 with AVX2 but without VNNI: pairs of u8 * s8 products saturate to int16',
  models: 'onnxruntime-node on x86-64 processors without VNNI, weights of 8 bits, x64quantprecision not set',
  assumptions: [
    ...ortX86.assumptions,
    {
      parameter: 'pairs that saturate',
      sentence:
        'Pairs are neighbours along k, an even k first, k running over channels fastest, then columns, then rows of the window, as MLAS packs them in groups of four; depthwise convolutions do not saturate. Not compared with such a processor.',
    },
  ],
  accumulator: { bits: 32, overflow: 'refuse', pairSaturation: 'u8s8-int16' },
}
