/** What the checks of steps have in common. Each throws `FormatError` unless something is so; `fits` throws `NumericError`. */

import { FormatError, NumericError } from '../../../engine/base/errors.ts'
import { sameShape } from '../../../engine/base/shape.ts'
import { ACCUMULATOR_LIMIT } from '../bounds.ts'
import type { FloatValue, ProgramConstants, ProgramValue, Step } from '../program.ts'
import type { Requantiser } from '../requantise/requantiser.ts'
import type { ProgramLimits } from './limits.ts'

/** A tensor of codes or of real numbers. */
export type AnyValue = ProgramValue | FloatValue

/** What a step is checked with. */
export interface Surroundings<V extends AnyValue = ProgramValue> {
  readonly inputs: readonly V[]
  readonly output: V
  readonly constants: ProgramConstants
  readonly limits: ProgramLimits
}

/** What a step costs: multiplications or the like, and bytes of scratch, both for one image. */
export interface StepCost {
  readonly work: number
  readonly scratch: number
}

/** Whether a tensor holds codes. */
export function isCodes(value: AnyValue): value is ProgramValue {
  return !('format' in value)
}

/** Throws `FormatError`, naming the step, unless a condition holds. */
export function wanted(condition: boolean, { op, name }: Step, what: string): asserts condition {
  if (!condition) {
    throw new FormatError(`program: step '${name.slice(0, 60)}' (${op}): wanted ${what}; the program is damaged`)
  }
}

/** Throws `NumericError`, naming the step, where a sum could leave an int32. */
export function fits(bound: number, { op, name }: Step): void {
  if (bound > ACCUMULATOR_LIMIT) {
    throw new NumericError(
      `program: step '${name.slice(0, 60)}' (${op}): its sums may reach ${bound}, the limit is ${ACCUMULATOR_LIMIT}; compile the model again`,
    )
  }
}

/** That inputs and output have one shape. */
export function sameShapes(step: Step, { inputs, output }: Surroundings<AnyValue>): void {
  for (const { shape } of inputs) wanted(sameShape(shape, output.shape), step, 'inputs and output of one shape')
}

/** That inputs and output have one quantiser. */
export function sameQuantisers(step: Step, { inputs, output }: Surroundings): void {
  for (const { scale, zeroPoint, qmin, qmax } of inputs) {
    const isSame = scale === output.scale && zeroPoint === output.zeroPoint
    wanted(isSame && qmin === output.qmin && qmax === output.qmax, step, 'inputs and output of one quantiser')
  }
}

/** That the limits of a step lie in order among its output's codes. */
export function limited(step: Extract<Step, { readonly low: number }>, { output }: Surroundings): void {
  const { low, high } = step
  wanted(output.qmin <= low && low <= high && high <= output.qmax, step, "low ... high among the output's codes")
}

/** Every list of a requantiser has one entry, or one a channel. */
export function entries(step: Step, requantiser: Requantiser, channels: number): void {
  for (const numbers of Object.values(requantiser)) {
    const isList = Array.isArray(numbers)
    wanted(
      !isList || numbers.length === 1 || numbers.length === channels,
      step,
      `a requantiser for ${channels} channels`,
    )
  }
}
