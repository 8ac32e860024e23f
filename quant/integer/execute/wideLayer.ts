import { roundHalfEven } from '../../../engine/base/rounding.ts'
import { sameShape, sizeOf } from '../../../engine/base/shape.ts'
import type { ConvStep, GemmStep, RequantiseStep } from '../program.ts'
import { requantiserTable } from '../requantise/requantiser.ts'
import { requantiseWide, takesWideSums } from '../requantise/requantiseWide.ts'
import { type CodeArray, storedTarget } from '../storage.ts'
import { exactProducts } from './exactProducts.ts'
import { codeRule, prepareProducts } from './products.ts'
import { noScratch, type Preparation, type PreparedStep, prepared, require } from './runner.ts'

/** A layer with 16-bit codes. */
export function prepareWideLayer(step: ConvStep | GemmStep, { inputs, output, constants }: Preparation): PreparedStep {
  require(takesWideSums(step.requantiser), step.name, 'a requantiser that takes wide sums')
  require(step.pairSaturation === undefined, step.name, 'no saturation of pairs where codes have 16 bits')
  const [input] = inputs
  const window = step.op === 'conv' ? step : null
  return prepareProducts(exactProducts(step, window, input, output, constants, codeRule(step, output)), input.zeroPoint)
}

/** A change of quantiser from or to 16-bit codes. */
export function prepareWideRequantise(
  { name, arithmetic }: RequantiseStep,
  { inputs: [input], output }: Preparation,
): PreparedStep {
  require(sameShape(input.shape, output.shape), name, 'an output of the shape of its input')
  const target = storedTarget(output, { low: output.qmin + output.offset, high: output.qmax + output.offset })
  const { zeroPoint, low, high } = target
  const size = sizeOf(output.shape)
  const sums = new Float64Array(size)
  if (arithmetic.kind === 'requantise') {
    require(takesWideSums(arithmetic.requantiser), name, 'a requantiser that takes wide sums')
    const table = requantiserTable(arithmetic.requantiser, 1)
    return prepared<object, CodeArray>({}, noScratch, (_, { inputs: [x], batch, out }) => {
      for (let n = 0; n < batch; n++) {
        for (let i = 0; i < size; i++) sums[i] = x[n * size + i] - input.zeroPoint
        requantiseWide(table, 0, sums, size, target, n * size, 1, out)
      }
    })
  }
  const code = (a: number): number =>
    arithmetic.kind === 'qdq'
      ? roundHalfEven(Math.fround(Math.fround(a * arithmetic.scale) / arithmetic.outputScale))
      : Math.floor((a * arithmetic.multiplier) / 2 ** arithmetic.shift + 0.5)
  return prepared<object, CodeArray>({}, noScratch, (_, { inputs: [x], batch, out }) => {
    for (let i = 0; i < batch * size; i++) {
      out[i] = Math.min(Math.max(code(x[i] - input.zeroPoint) + zeroPoint, low), high)
    }
  })
}
