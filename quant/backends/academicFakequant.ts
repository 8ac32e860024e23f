import type { Backend } from '../integer/backend.ts'
import { realActivations } from './realActivations.ts'

/**
 * The setting of papers: inputs and weights of layers are quantised, nothing else; batch norms stay.
 * Example: an addition of two feature maps is f32, whatever the width.
 */
export const academicFakequant: Backend = {
  name: 'academic-fakequant',
  title: 'academic setting: only layer inputs and weights quantised, batch norms unfolded',
  kind: 'vendor-model',
  models: 'the academic setting of MQBench: a control, which no device runs',
  sources: ['ModelTC/mqbench-paper README.md, docs hardware/index.rst, prototype/quantization/bn_fold.py'],
  assumptions: [
    {
      parameter: 'sign',
      sentence: 'Activations are always signed; the setting makes those unsigned that cannot be negative.',
    },
    {
      parameter: 'calibration',
      sentence: 'Minimum and maximum over 128 images, in place of learned steps.',
    },
    {
      parameter: 'first and last layer',
      sentence: 'They are quantised like all others; papers often leave them at 8 bits.',
    },
    {
      parameter: 'sums',
      sentence: 'Products are summed exactly in integers and dequantised; a simulation sums in f32.',
    },
  ],
  ...realActivations,
  activations: { bits: 8, signed: true, symmetric: true, granularity: 'tensor' },
  activationBits: [8, 4],
  weights: { bits: 8, signed: true, symmetric: true, narrow: true, granularity: 'tensor' },
  weightBits: [8, 4],
  passes: [],
  floating: { format: 'f32', layers: 'static' },
}
