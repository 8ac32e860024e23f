import type { Backend } from '../integer/backend.ts'
import { realActivations } from './realActivations.ts'

/**
 * An accelerator with bfloat16 activations and int8 weights: nothing is calibrated.
 * Example: an activation of 1.005859375 becomes 1.0078125, the nearest number of 8 bits.
 */
export const bf16ActW8: Backend = {
  name: 'bf16-act-w8',
  title: 'bfloat16 activations, int8 weights per channel, f32 accumulation',
  kind: 'vendor-model',
  models: 'accelerators with float activations and quantised weights (MemryX, older Core ML, RK3562 w8a16)',
  sources: [
    'memryx/MemryX_eXamples fun_projects/aimbot/src/lib/dfp.py (BF16 or grouped float ports)',
    'apple/coremltools docs-guides/source/opt-quantization-*.md (weights decompressed)',
    'airockchip/rknn-toolkit2 doc/03_Rockchip_RKNPU_API_Reference_RKNN_Toolkit2_V2.3.2_EN.pdf (w8a16)',
  ],
  assumptions: [
    {
      parameter: 'format',
      sentence:
        'Every result is rounded to bfloat16, ties to even; MemryX also has a format of eight values with one exponent, which is not modelled.',
    },
    {
      parameter: 'weights',
      sentence: 'int8 per channel from the largest magnitude; a product takes f32(s * q), not rounded again.',
    },
    {
      parameter: 'bias',
      sentence: 'Biases are rounded to bfloat16.',
    },
    {
      parameter: 'accumulation',
      sentence: 'Sums are f32, ascending along k, the bias added last; the hardware’s order is not published.',
    },
    {
      parameter: '4-bit weights',
      sentence: 'W4 uses codes -7 ... 7; MemryX documents 4, 8 and 16 bits without details.',
    },
  ],
  ...realActivations,
  activations: { bits: 16, signed: true, symmetric: true, granularity: 'tensor' },
  weightBits: [8, 4],
  floating: { format: 'bf16', layers: 'real' },
}
