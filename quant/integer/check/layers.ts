/** What layers must fulfil: weights, biases, sums that cannot overflow, and shapes. */

import { sameShape, sizeOf } from '../../../engine/base/shape.ts'
import { ACCUMULATOR_LIMIT, accumulatorBounds, checkBounds, isWideLayer, WIDE_LIMIT } from '../bounds.ts'
import { anyWeightCodes, biasStarts } from '../constants.ts'
import type { ConvStep, GemmStep, ProgramConstants, RealLayerStep, Step, WeightConstant } from '../program.ts'
import { type AnyValue, entries, limited, type StepCost, type Surroundings, wanted } from './wanted.ts'
import { windows } from './windows.ts'

/** The weights of a layer: as many scales, and codes of as many bits, as it says. */
export function weights(step: Step, weight: WeightConstant, constants: ProgramConstants): void {
  const { bits, scale, shape, zeroPoint = 0 } = weight
  wanted(shape.length > 0 && (bits <= 8 || bits === 16), step, 'weights of at most 8 or of 16 bits')
  wanted(scale.length === 1 || scale.length === shape[0], step, `1 or ${shape[0]} weight scales`)
  wanted(zeroPoint === 0 || bits <= 8, step, 'weights of at most 8 bits where they have a zero point')
  const most = 2 ** (bits - 1)
  const inRange = anyWeightCodes(weight, constants).every((q) => q >= -most && q < most)
  wanted(inRange, step, `weight codes of ${bits} bits`)
}

/** A layer's weights, bias and sums, and that codes are requantised in their channels. */
export function layer(step: ConvStep | GemmStep, surroundings: Surroundings): void {
  const { inputs, constants } = surroundings
  const { weight, bias, requantiser, pairSaturation } = step
  const [channels] = weight.shape
  limited(step, surroundings)
  weights(step, weight, constants)
  if (bias !== null) {
    wanted(bias.scale.length === 1 || bias.scale.length === channels, step, `1 or ${channels} bias scales`)
    const reach = Math.min(2 ** (bias.bits - 1), 2 ** (31 - bias.shift))
    // Looks for the constant; what it returns would hide an overflow of its shift.
    biasStarts(bias, channels, constants)
    const codes = constants.get(bias.constant) as Int32Array
    const inRange = codes.every((q) => q >= -reach && q < reach)
    wanted(inRange, step, `bias codes of ${bias.bits} bits that a shift by ${bias.shift} leaves in 32`)
  }
  if (pairSaturation !== undefined) {
    wanted(
      inputs[0].qmax > 127 && !weight.zeroPoint,
      step,
      'unsigned input codes, weights around 0, where pairs saturate',
    )
  }
  entries(step, requantiser, channels)
  const limit = isWideLayer(step, inputs[0], surroundings.output) ? WIDE_LIMIT : ACCUMULATOR_LIMIT
  checkBounds(step.name, accumulatorBounds(step, inputs[0], constants), requantiser, limit)
}

/** The shapes of a convolution, or of a matrix product where `placement` is null, and its cost. */
export function products(
  step: Step,
  placement: RealLayerStep['window'],
  { shape }: WeightConstant,
  surroundings: Surroundings<AnyValue>,
): StepCost {
  const { inputs, output } = surroundings
  const [input] = inputs
  const outputSize = sizeOf(output.shape)
  if (placement === null) {
    wanted(shape.length === 2, step, 'weights [M, K]')
    const [channels, taps] = shape
    const outer = input.shape.slice(0, -1)
    wanted(sameShape(input.shape, [...outer, taps]), step, `an input of [..., ${taps}]`)
    wanted(sameShape(output.shape, [...outer, channels]), step, `an output of [..., ${channels}]`)
    return { work: taps * outputSize, scratch: 1024 * (channels + taps) }
  }
  wanted(shape.length === 4, step, 'weights [M, C / groups, kH, kW]')
  const [channels, groupChannels, kernelH, kernelW] = shape
  const padded = windows(step, { ...placement, kernel: [kernelH, kernelW] }, surroundings)
  const isGrouped = groupChannels * placement.groups === input.shape[0] && channels % placement.groups === 0
  wanted(isGrouped && channels === output.shape[0], step, 'weights that fit the channels and groups')
  // Rows of sums are filled up to four, one channel alone to four; packed codes take at most twice their place.
  const scratch = 128 * outputSize + 16 * padded
  return { work: groupChannels * kernelH * kernelW * outputSize + padded, scratch }
}
