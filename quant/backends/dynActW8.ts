import type { Backend } from '../integer/backend.ts'
import { realActivations } from './realActivations.ts'

/**
 * Dynamic quantisation: each layer's input gets the range that this image has.
 * Example: an input in [-1, 3]: s = f32(4/255), zero point RNE(-128 + 63.75) = -64.
 */
export const dynActW8: Backend = {
  name: 'dyn-act-w8',
  title: 'dynamic int8 activations, range by image; int8 weights per channel; all else f32',
  kind: 'vendor-model',
  models: 'dynamic-range inference on CPUs (XNNPACK’s qd8 operators, LiteRT’s hybrid kernels)',
  sources: [
    'pytorch/executorch docs/source/backends (XNNPACK, 8da4w / 8da8w)',
    'google/XNNPACK src/qd8-f32-qc8w-gemm; LiteRT post-training dynamic-range quantisation',
  ],
  assumptions: [
    {
      parameter: 'range',
      sentence:
        'One asymmetric int8 range for each image and layer; XNNPACK takes one for each row of a product, LiteRT symmetric codes.',
    },
    {
      parameter: 'convolutions',
      sentence: 'They are quantised like matrix products; not every runtime has them in this form.',
    },
    {
      parameter: 'output',
      sentence: 'f32(f32(sum * f32(s_x s_w)) + bias); libraries may fuse or order this otherwise.',
    },
    {
      parameter: '4-bit weights',
      sentence: 'W4 uses codes -7 ... 7 per channel; the runtimes have groups of 32 or more weights.',
    },
  ],
  ...realActivations,
  activations: { bits: 8, signed: true, symmetric: false, granularity: 'tensor' },
  weightBits: [8, 4],
  floating: { format: 'f32', layers: 'dynamic' },
}
