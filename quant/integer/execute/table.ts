import { sameShape, sizeOf } from '../../../engine/base/shape.ts'
import { tableCodes } from '../constants.ts'
import type { RequantiseStep, TableStep } from '../program.ts'
import { rescaledCodes } from '../rescale.ts'
import { noScratch, type Preparation, type PreparedStep, prepared, require } from './runner.ts'

/** 256 codes of the output, by code of the input from -128 as kept, made ready; `codes` are as they are outside. */
function prepareLookUp(codes: ArrayLike<number>, { output }: Preparation): PreparedStep {
  const size = sizeOf(output.shape)
  const plan = { table: Int8Array.from(codes, (q) => q - output.offset) }
  return prepared(plan, noScratch, ({ table }, { kernels, inputs: [x], batch, out }) =>
    kernels.lookUp(x, batch * size, table, out),
  )
}

/** A tabulated function. */
export function prepareTable(step: TableStep, preparation: Preparation): PreparedStep {
  const { inputs, output, constants } = preparation
  require(inputs.length === 1 &&
    sameShape(inputs[0].shape, output.shape), step.name, 'an output of the shape of its input')
  return prepareLookUp(tableCodes(step, constants), preparation)
}

/** Another quantiser: the 256 codes are computed once. */
export function prepareRequantise(step: RequantiseStep, preparation: Preparation): PreparedStep {
  const { inputs, output } = preparation
  require(inputs.length === 1 &&
    sameShape(inputs[0].shape, output.shape), step.name, 'an output of the shape of its input')
  const [input] = inputs
  const target = {
    zeroPoint: output.zeroPoint + output.offset,
    low: output.qmin + output.offset,
    high: output.qmax + output.offset,
  }
  return prepareLookUp(rescaledCodes(step.arithmetic, input.zeroPoint, target), preparation)
}
