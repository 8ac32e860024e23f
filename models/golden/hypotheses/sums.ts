/** Other sums of a layer: padding, zero point, bias, weights and accumulators as software may get them wrong. */

import { biasStarts, centredWeights } from '../../../quant/integer/constants.ts'
import {
  exactSums,
  isLayerCall,
  type LayerCall,
  type LayerGeometry,
  layerGeometry,
  layerSums,
  tapAt,
} from '../layerSums.ts'
import { type Hypothesis, unlessImpossible } from './hypothesis.ts'
import { ownRescale, rescaleSums } from './rescaling.ts'

/** A hypothesis about sums, rescaled as the program says; null where it changes nothing. */
function aboutSums(name: string, sentence: string, sums: (call: LayerCall) => Int32Array | null): Hypothesis {
  return {
    name,
    sentence,
    changes: 1,
    run: (call) => {
      if (!isLayerCall(call)) return null
      return unlessImpossible(() => {
        const other = sums(call)
        return other === null ? null : rescaleSums(call, other, ownRescale(call))
      })
    },
  }
}

/** The same layer with other padding, if it has other padding. */
function paddedSums(call: LayerCall, pads: LayerGeometry['pads']): Int32Array | null {
  const geometry = layerGeometry(call)
  return pads.every((pad, i) => pad === geometry.pads[i]) ? null : exactSums(call, { geometry: { ...geometry, pads } })
}

/** TensorFlow's SAME: half of what is needed before, the rest after. */
function samePads(call: LayerCall): LayerGeometry['pads'] {
  const { h, w, outH, outW, kernelH, kernelW, strides, dilations } = layerGeometry(call)
  const needed = (size: number, out: number, kernel: number, axis: 0 | 1): number =>
    Math.max((out - 1) * strides[axis] + (kernel - 1) * dilations[axis] + 1 - size, 0)
  const [down, right] = [needed(h, outH, kernelH, 0), needed(w, outW, kernelW, 1)]
  return [Math.floor(down / 2), Math.floor(right / 2), Math.ceil(down / 2), Math.ceil(right / 2)]
}

/** Weights in another order: the one that goes to tap k of each channel is taken from `from(k)`. */
function reorderedSums(call: LayerCall, from: (k: number, geometry: LayerGeometry) => number): Int32Array | null {
  const geometry = layerGeometry(call)
  const codes = centredWeights(call.operation.weight, call.constants)
  const taps = codes.length / geometry.outChannels
  const weights = codes.map((_, i) => codes[i - (i % taps) + from(i % taps, geometry)])
  return weights.every((code, i) => code === codes[i]) ? null : exactSums(call, { weights })
}

/** A tap by its kernel row and column. */
function tapOf({ kernelH, kernelW }: LayerGeometry, plane: number, ky: number, kx: number): number {
  return (plane * kernelH + ky) * kernelW + kx
}

function place(geometry: LayerGeometry, k: number): { plane: number; ky: number; kx: number } {
  const flat = { ...geometry, pads: [0, 0, 0, 0], dilations: [1, 1] } as const
  const { plane, down, right } = tapAt(flat, k)
  return { plane, ky: down, kx: right }
}

const hasPadding = (call: LayerCall): boolean => layerGeometry(call).pads.some((pad) => pad > 0)

/** What layers are asked about. */
export const sumHypotheses: readonly Hypothesis[] = [
  aboutSums(
    'padding holds code 0 instead of the zero point',
    'Taps outside the image contribute (0 - z) * w instead of nothing.',
    (call) => (hasPadding(call) ? exactSums(call, { padding: -call.inputs[0].zeroPoint }) : null),
  ),
  aboutSums('bias left out', 'The sums start at 0.', (call) =>
    call.operation.bias === null ? null : exactSums(call, { bias: new Int32Array(layerGeometry(call).outChannels) }),
  ),
  aboutSums('bias not aligned', 'The bias codes are added without their shift.', (call) => {
    const { bias } = call.operation
    if (bias === null || bias.shift === 0) return null
    return exactSums(call, { bias: biasStarts({ ...bias, shift: 0 }, layerGeometry(call).outChannels, call.constants) })
  }),
  aboutSums('padding as TensorFlow’s SAME', 'Of the padding, the larger half lies after the image.', (call) =>
    paddedSums(call, samePads(call)),
  ),
  aboutSums('padding at the other end', 'The padding before the image and that after it are exchanged.', (call) => {
    const [top, left, bottom, right] = layerGeometry(call).pads
    return paddedSums(call, [bottom, right, top, left])
  }),
  aboutSums('kernel turned by 180 degrees', 'The convolution is a true one: its kernel is flipped.', (call) =>
    reorderedSums(call, (k, g) => {
      const { plane, ky, kx } = place(g, k)
      return tapOf(g, plane, g.kernelH - 1 - ky, g.kernelW - 1 - kx)
    }),
  ),
  aboutSums('kernel transposed', 'Rows and columns of the kernel are exchanged.', (call) =>
    reorderedSums(call, (k, g) => {
      const { plane, ky, kx } = place(g, k)
      return g.kernelH === g.kernelW ? tapOf(g, plane, kx, ky) : k
    }),
  ),
  aboutSums('weights read as [M, kH, kW, C]', 'The weights are stored [M, C, kH, kW] and read channels last.', (call) =>
    reorderedSums(call, (k, g) => {
      const { plane, ky, kx } = place(g, k)
      return (ky * g.kernelW + kx) * g.groupChannels + plane
    }),
  ),
  aboutSums(
    'pairs of products saturate to int16',
    'Neighbouring products of unsigned codes and weights saturate before they are added (x86 without VNNI).',
    (call) => {
      const [{ qmin, qmax }] = call.inputs
      if (call.operation.pairSaturation !== undefined || qmin < 0 || qmax <= 127) return null
      return layerSums({ ...call, operation: { ...call.operation, pairSaturation: 'u8s8-int16' } })
    },
  ),
  aboutSums('pairs of products do not saturate', 'All sums are exact.', (call) =>
    call.operation.pairSaturation === undefined ? null : exactSums(call),
  ),
  aboutSums('sums saturate to int16', 'The accumulator has 16 bits and saturates at the end.', (call) =>
    layerSums(call).map((sum) => Math.min(Math.max(sum, -32768), 32767)),
  ),
  aboutSums('sums wrap to int16', 'The accumulator has 16 bits and wraps.', (call) =>
    layerSums(call).map((sum) => (sum << 16) >> 16),
  ),
]
