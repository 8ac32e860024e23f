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
  // What is added after the rounding where the zero point is inside it.
  const inside = { ...zero, zeroPoint: -output.offset }
  // What is kept is the code less its offset; 'fma' works on codes as they are outside.
  const raw = { ...inside, zeroPoints: [-left.offset, -right.offset] as const }
  const { arithmetic } = step
  return prepared({}, noScratch, (_, { kernels, inputs: [a, b], batch, out }) => {
    const count = batch * size
    switch (arithmetic.kind) {
      case 'q31': {
        const { leftShift, multipliers, shifts, outputMultiplier, outputShift } = arithmetic
        kernels.addQ31(a, b, count, zero, leftShift, multipliers, shifts, outputMultiplier, outputShift, out)
        break
      }
      case 'q31-single': {
        const { leftShift, multipliers, shifts, outputMultiplier, outputShift } = arithmetic
        kernels.addQ31Single(a, b, count, zero, leftShift, multipliers, shifts, outputMultiplier, outputShift, out)
        break
      }
      case 'multiply-shift':
        kernels.addMultiplyShift(a, b, count, zero, arithmetic.multipliers, arithmetic.shift, out)
        break
      case 'fma':
        kernels.addFma(a, b, count, raw, arithmetic.ratios, arithmetic.fixed, out)
        break
      case 'shift':
        kernels.addShift(a, b, count, zero, arithmetic.leftShifts, arithmetic.rightShift, out)
        break
      case 'f64':
        kernels.addF64(a, b, count, zero, arithmetic.ratios, out)
        break
      case 'qdq':
        kernels.addQdq(a, b, count, zero, arithmetic.scales, arithmetic.outputScale, 0, out)
        break
      case 'qdq-zero-inside': {
        const before = output.zeroPoint + output.offset
        kernels.addQdq(a, b, count, inside, arithmetic.scales, arithmetic.outputScale, before, out)
        break
      }
    }
  })
}
