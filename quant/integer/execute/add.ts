import { sameShape, sizeOf } from '../../../engine/base/shape.ts'
import type { AddStep } from '../program.ts'
import { storedTarget } from '../storage.ts'
import { noScratch, type Preparation, type PreparedStep, prepared, require } from './runner.ts'

/** An addition of two tensors of one shape. */
export function prepareAdd(step: AddStep, { inputs, output }: Preparation): PreparedStep {
  const [left, right] = inputs
  require(inputs.length === 2 && sameShape(left.shape, right.shape), step.name, 'two inputs of one shape')
  require(sameShape(left.shape, output.shape), step.name, 'an output of the shape of the inputs')
  const size = sizeOf(output.shape)
  const zero = { zeroPoints: [left.zeroPoint, right.zeroPoint] as const, ...storedTarget(output, step) }
  const { arithmetic } = step
  return prepared({}, noScratch, (_, { kernels, inputs: [a, b], batch, out }) => {
    const count = batch * size
    switch (arithmetic.kind) {
      case 'q31': {
        const { leftShift, multipliers, shifts, outputMultiplier, outputShift } = arithmetic
        kernels.addQ31(a, b, count, zero, leftShift, multipliers, shifts, outputMultiplier, outputShift, out)
        break
      }
      case 'shift':
        kernels.addShift(a, b, count, zero, arithmetic.leftShifts, arithmetic.rightShift, out)
        break
      case 'f64':
        kernels.addF64(a, b, count, zero, arithmetic.ratios, out)
        break
      case 'qdq':
        kernels.addQdq(a, b, count, zero, arithmetic.scales, arithmetic.outputScale, out)
        break
    }
  })
}
