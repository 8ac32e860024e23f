/** What windows over pictures must fulfil, of convolutions and of pools. */

import { FormatError } from '../../../engine/base/errors.ts'
import { formatShape, sizeOf } from '../../../engine/base/shape.ts'
import type { AveragePoolStep, MaxPoolStep, Step, Window } from '../program.ts'
import { type AnyValue, type StepCost, type Surroundings, wanted } from './wanted.ts'

/** That windows begin inside the padded image and are no larger. Returns its size, padding included. */
export function windows(
  step: Step,
  { kernel, strides, pads, dilations }: Window,
  { inputs: [input], output, limits }: Surroundings<AnyValue>,
): number {
  wanted(input.shape.length === 3 && output.shape.length === 3, step, 'input and output [C, H, W]')
  let size = input.shape[0]
  for (const axis of [0, 1] as const) {
    const extent = input.shape[1 + axis]
    const padded = extent + pads[axis] + pads[axis + 2]
    const last = (output.shape[1 + axis] - 1) * strides[axis]
    const span = (kernel[axis] - 1) * dilations[axis]
    // Pools may round the number of windows up: the last then ends outside.
    const end = 'weight' in step ? last + span : Math.max(span, last + pads[axis + 2])
    wanted(end < padded, step, 'windows inside the padded image')
    size *= padded
  }
  if (size > limits.elements) {
    throw new FormatError(
      `program: step '${step.name.slice(0, 60)}' (${step.op}): ${formatShape(input.shape)} takes ${size} elements with padding ${pads}, the limit is ${limits.elements}`,
    )
  }
  return size
}

/** A pool: also, every window holds a tap of the image. */
export function pool(step: AveragePoolStep | MaxPoolStep, surroundings: Surroundings): StepCost {
  const { inputs, output } = surroundings
  windows(step, step, surroundings)
  wanted(inputs[0].shape[0] === output.shape[0], step, 'as many channels in as out')
  const { kernel, strides, pads, dilations } = step
  const taps = kernel[0] * kernel[1]
  const cost = { work: taps * sizeOf(output.shape), scratch: 4 * (sizeOf(output.shape) + 4 * output.shape[0]) }
  if (cost.work > surroundings.limits.work) return cost
  for (const axis of [0, 1] as const) {
    for (let position = 0; position < output.shape[1 + axis]; position++) {
      const start = position * strides[axis] - pads[axis]
      // The first tap that is not before the image.
      const tap = start < 0 ? start + Math.ceil(-start / dilations[axis]) * dilations[axis] : start
      const isInside = tap < inputs[0].shape[1 + axis] && tap <= start + (kernel[axis] - 1) * dilations[axis]
      wanted(isInside, step, 'a tap of the image in every window')
    }
  }
  return cost
}
