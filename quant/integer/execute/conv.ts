import { biasStarts, weightCodes } from '../constants.ts'
import type { ConvStep } from '../program.ts'
import { type Preparation, type Runner, require } from './runner.ts'
import { packWeights } from './weights.ts'

/** A convolution: per image, centre and pad the codes once, then dot products straight from there, no im2col. */
export function prepareConv(step: ConvStep, { inputs, output, constants, kernels }: Preparation): Runner {
  const [input] = inputs
  const [channels, h, w] = input.shape
  const [outChannels, outH, outW] = output.shape
  const { groups, strides, dilations, pads, requantiser } = step
  const [kernelOut, groupChannels, kernelH, kernelW] = step.weight.shape
  require(input.shape.length === 3 && output.shape.length === 3, step.name, 'input and output [C, H, W]')
  require(kernelOut === outChannels && groupChannels * groups === channels, step.name, 'weights that fit the channels')
  const paddedH = h + pads[0] + pads[2]
  const paddedW = w + pads[1] + pads[3]
  const lastRow = (outH - 1) * strides[0] + (kernelH - 1) * dilations[0]
  const lastColumn = (outW - 1) * strides[1] + (kernelW - 1) * dilations[1]
  require(lastRow < paddedH && lastColumn < paddedW, step.name, 'windows inside the padded image')

  const pixels = outH * outW
  const base = new Int32Array(pixels)
  for (let p = 0; p < pixels; p++) {
    base[p] = Math.floor(p / outW) * strides[0] * paddedW + (p % outW) * strides[1]
  }
  const taps = groupChannels * kernelH * kernelW
  const offset = new Int32Array(taps)
  for (let c = 0, k = 0; c < groupChannels; c++) {
    for (let y = 0; y < kernelH; y++) {
      for (let x = 0; x < kernelW; x++) offset[k++] = (c * paddedH + y * dilations[0]) * paddedW + x * dilations[1]
    }
  }
  const perGroup = outChannels / groups
  const weights = packWeights(weightCodes(step.weight, constants), groups, perGroup, taps)
  const bias = biasStarts(step.bias, outChannels, constants)
  const centred = new Int32Array(channels * paddedH * paddedW)
  const acc = new Int32Array(4 * pixels)
  const target = { zeroPoint: output.zeroPoint, low: step.low, high: step.high }
  const imageIn = channels * h * w

  return ([x], batch, out) => {
    for (let n = 0; n < batch; n++) {
      kernels.centrePlanes(x, n * imageIn, channels, h, w, input.zeroPoint, pads[0], pads[1], paddedH, paddedW, centred)
      for (let c = 0; c < outChannels; ) {
        const inGroup = c % perGroup
        const xStart = ((c - inGroup) / perGroup) * groupChannels * paddedH * paddedW
        const width = inGroup < weights.quads ? 4 : 1
        const dot = width === 4 ? kernels.dot4 : kernels.dot1
        dot(centred, xStart, base, pixels, offset, taps, weights.data, c * taps, bias, c, acc)
        for (let j = 0; j < width; j++, c++) {
          const outStart = (n * outChannels + c) * pixels
          kernels.requantiseRow(requantiser, c, acc, j * pixels, pixels, target, outStart, 1, out)
        }
      }
    }
  }
}
