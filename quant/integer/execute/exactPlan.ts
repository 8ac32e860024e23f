import { sameShape } from '../../../engine/base/shape.ts'
import { centredWeights } from '../constants.ts'
import type { ExactPlan } from '../kernels/exactSums.ts'
import type { ProgramConstants, RealLayerStep, WeightConstant } from '../program.ts'
import type { Stored } from '../storage.ts'
import { require } from './runner.ts'

/** A layer's plan, and how many images of it one image of the program is: a matrix product has one for each vector. */
export interface ExactLayer {
  readonly plan: ExactPlan
  readonly vectors: number
}

/** Checks shapes and unpacks weights. Throws `FormatError` for a layer that does not fit its tensors. */
export function exactLayer(
  name: string,
  weight: WeightConstant,
  window: RealLayerStep['window'],
  input: Stored,
  output: Stored,
  constants: ProgramConstants,
): ExactLayer {
  const weights = centredWeights(weight, constants)
  const [outChannels, groupChannels, kernelH = 1, kernelW = 1] = weight.shape
  if (window === null) {
    const outer = input.shape.slice(0, -1)
    require(weight.shape.length === 2 &&
      input.shape[outer.length] === groupChannels, name, 'weights that fit the input')
    require(sameShape(output.shape, [...outer, outChannels]), name, `an output of [..., ${outChannels}]`)
    const one = { h: 1, w: 1, groups: 1, outH: 1, outW: 1, kernelH: 1, kernelW: 1, strideH: 1, strideW: 1 }
    const plan = { channels: groupChannels, outChannels, ...one, dilationH: 1, dilationW: 1, top: 0, left: 0, weights }
    return { plan, vectors: outer.reduce((a, b) => a * b, 1) }
  }
  require(input.shape.length === 3 && output.shape.length === 3, name, 'input and output [C, H, W]')
  const [channels, h, w] = input.shape
  const [outputs, outH, outW] = output.shape
  const { groups } = window
  require(weight.shape.length === 4 && outputs === outChannels, name, 'weights that fit the output')
  require(groupChannels * groups === channels && outChannels % groups === 0, name, 'weights that fit the channels')
  const [strideH, strideW] = window.strides
  const [dilationH, dilationW] = window.dilations
  const [top, left] = window.pads
  const sizes = { channels, h, w, groups, outChannels, outH, outW, kernelH, kernelW }
  return { plan: { ...sizes, strideH, strideW, dilationH, dilationW, top, left, weights }, vectors: 1 }
}
