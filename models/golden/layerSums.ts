/** The int32 sums of a layer before they are rescaled, by plain loops: hypotheses change what goes into them and what becomes of them. */

import { sizeOf } from '../../engine/base/shape.ts'
import { biasStarts, centredWeights } from '../../quant/integer/constants.ts'
import type { ConvStep, GemmStep } from '../../quant/integer/program.ts'
import type { Operation, OperationCall } from './operation.ts'

/** A call of a convolution or a matrix product. */
export type LayerCall = OperationCall<ConvStep | GemmStep>

/** Whether a call is one of a layer. */
export function isLayerCall(call: OperationCall<Operation>): call is LayerCall {
  return call.operation.op === 'conv' || call.operation.op === 'gemm'
}

/** A layer as a convolution; a matrix product is one over images of one pixel. */
export interface LayerGeometry {
  readonly images: number
  readonly channels: number
  readonly h: number
  readonly w: number
  readonly outChannels: number
  readonly groupChannels: number
  readonly kernelH: number
  readonly kernelW: number
  readonly outH: number
  readonly outW: number
  readonly strides: readonly [number, number]
  readonly pads: readonly [number, number, number, number]
  readonly dilations: readonly [number, number]
  readonly groups: number
}

/** Example: a gemm of [N, 3, 8] by [5, 8] is 3 N images of 8 channels, one pixel each. */
export function layerGeometry({ operation, inputs, output, batch }: LayerCall): LayerGeometry {
  const [outChannels, groupChannels, kernelH = 1, kernelW = 1] = operation.weight.shape
  const weights = { outChannels, groupChannels, kernelH, kernelW }
  if (operation.op === 'gemm') {
    const images = batch * sizeOf(output.shape.slice(0, -1))
    const pixel = { channels: groupChannels, h: 1, w: 1, outH: 1, outW: 1, groups: 1 }
    return { images, ...weights, ...pixel, strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] }
  }
  const [channels, h, w] = inputs[0].shape
  const [, outH, outW] = output.shape
  const { strides, pads, dilations, groups } = operation
  return { images: batch, channels, h, w, ...weights, outH, outW, strides, pads, dilations, groups }
}

/** What may differ from the layer as it is. */
export interface SumOptions {
  readonly geometry?: LayerGeometry
  /** Less their zero point. */
  readonly weights?: Int8Array | Int16Array
  readonly bias?: Int32Array
  /** What a padding tap holds above the zero point. Default 0. */
  readonly padding?: number
}

/** The outputs o, from the first to before the last, with 0 <= o * stride + shift < size. */
function insideRange(outputs: number, stride: number, shift: number, size: number): readonly [number, number] {
  const first = Math.max(0, Math.ceil(-shift / stride))
  return [first, Math.max(first, Math.min(outputs, Math.ceil((size - shift) / stride)))]
}

/** bias + sum of (x - z) * w for every output, [image, channel, row, column]. Pairs of products do not saturate. */
export function exactSums(call: LayerCall, options: SumOptions = {}): Int32Array {
  const { operation, codes, inputs, constants } = call
  const g = options.geometry ?? layerGeometry(call)
  const weights = options.weights ?? centredWeights(operation.weight, constants)
  const bias = options.bias ?? biasStarts(operation.bias, g.outChannels, constants)
  const padding = options.padding ?? 0
  const [x] = codes
  const { zeroPoint } = inputs[0]
  const planeOut = g.outH * g.outW
  const sums = new Int32Array(g.images * g.outChannels * planeOut)
  for (let row = 0; row < g.images * g.outChannels; row++) {
    const m = row % g.outChannels
    const image = (row - m) / g.outChannels
    const first = image * g.channels + Math.floor(m / (g.outChannels / g.groups)) * g.groupChannels
    const start = row * planeOut
    sums.fill(bias[m], start, start + planeOut)
    for (let tap = 0; tap < g.groupChannels * g.kernelH * g.kernelW; tap++) {
      const weight = weights[m * g.groupChannels * g.kernelH * g.kernelW + tap]
      if (weight === 0) continue
      const { plane, down, right } = tapAt(g, tap)
      const [firstColumn, endColumn] = insideRange(g.outW, g.strides[1], right, g.w)
      const [firstLine, endLine] = insideRange(g.outH, g.strides[0], down, g.h)
      for (let oy = firstLine; oy < endLine; oy++) {
        const from = ((first + plane) * g.h + oy * g.strides[0] + down) * g.w + right
        const to = start + oy * g.outW
        for (let ox = firstColumn; ox < endColumn; ox++) {
          sums[to + ox] += weight * (x[from + ox * g.strides[1]] - zeroPoint)
        }
      }
      if (padding === 0) continue
      for (let i = 0; i < planeOut; i++) {
        const oy = Math.floor(i / g.outW)
        const ox = i % g.outW
        const isInside = oy >= firstLine && oy < endLine && ox >= firstColumn && ox < endColumn
        if (!isInside) sums[start + i] += weight * padding
      }
    }
  }
  return sums
}

/** Where a tap (c, ky, kx in that order) reads: its channel of the group, and its place from the output's corner. */
export function tapAt(
  { kernelH, kernelW, pads, dilations }: LayerGeometry,
  tap: number,
): { plane: number; down: number; right: number } {
  const kx = tap % kernelW
  const ky = Math.floor(tap / kernelW) % kernelH
  const plane = Math.floor(tap / (kernelW * kernelH))
  return { plane, down: ky * dilations[0] - pads[0], right: kx * dilations[1] - pads[1] }
}

/** The same sums where pairs of products saturate to int16; see `pairSaturation` of a layer step. */
function saturatedSums(call: LayerCall): Int32Array {
  const { operation, codes, inputs, constants } = call
  const g = layerGeometry(call)
  const taps = g.groupChannels * g.kernelH * g.kernelW
  const order = Array.from({ length: taps }, (_, k) => {
    const c = k % g.groupChannels
    return c * g.kernelH * g.kernelW + (k - c) / g.groupChannels
  })
  const weights = centredWeights(operation.weight, constants)
  const bias = biasStarts(operation.bias, g.outChannels, constants)
  const { zeroPoint } = inputs[0]
  const planeOut = g.outH * g.outW
  const sums = new Int32Array(g.images * g.outChannels * planeOut)
  for (let i = 0; i < sums.length; i++) {
    const m = Math.floor(i / planeOut) % g.outChannels
    const oy = Math.floor(i / g.outW) % g.outH
    const image = Math.floor(i / (planeOut * g.outChannels))
    const first = image * g.channels + Math.floor(m / (g.outChannels / g.groups)) * g.groupChannels
    let sum = bias[m]
    let pending = 0
    for (let k = 0; k < taps + (taps % 2); k++) {
      let product = 0
      if (k < taps) {
        const { plane, down, right } = tapAt(g, order[k])
        const y = oy * g.strides[0] + down
        const column = (i % g.outW) * g.strides[1] + right
        const isInside = y >= 0 && y < g.h && column >= 0 && column < g.w
        const code = isInside ? codes[0][((first + plane) * g.h + y) * g.w + column] : zeroPoint
        const weight = weights[m * taps + order[k]]
        product = code * weight
        sum -= zeroPoint * weight
      }
      if (k % 2 === 0) pending = product
      else sum += Math.min(Math.max(pending + product, -32768), 32767)
    }
    sums[i] = sum
  }
  return sums
}

const known = new WeakMap<LayerCall, Int32Array>()

/** The sums that the layer requantises, as its step says; computed once for a call, not to be changed. */
export function layerSums(call: LayerCall): Int32Array {
  let sums = known.get(call)
  if (sums === undefined) {
    sums = call.operation.pairSaturation === undefined ? exactSums(call) : saturatedSums(call)
    known.set(call, sums)
  }
  return sums
}

/** The output channel of element i of a layer's output. */
export function channelIndex({ outChannels, outH, outW }: LayerGeometry, i: number): number {
  return Math.floor(i / (outH * outW)) % outChannels
}
