import { sameShape, sizeOf } from '../../../engine/base/shape.ts'
import type { MulStep } from '../program.ts'
import { requantiserTable } from '../requantise/requantiser.ts'
import { storedTarget } from '../storage.ts'
import { noScratch, type Preparation, type PreparedStep, prepared, require, SLACK } from './runner.ts'

/** A product of two tensors of one shape. */
export function prepareMul(step: MulStep, { inputs, output }: Preparation): PreparedStep {
  const [left, right] = inputs
  require(inputs.length === 2 && sameShape(left.shape, right.shape), step.name, 'two inputs of one shape')
  require(sameShape(left.shape, output.shape), step.name, 'an output of the shape of the inputs')
  const size = sizeOf(output.shape)
  const zero = { zeroPoints: [left.zeroPoint, right.zeroPoint] as const, ...storedTarget(output, step) }
  // Where the zero point is inside the rounding: what is added before it, and after it.
  const before = output.zeroPoint + output.offset
  const inside = { ...zero, zeroPoint: -output.offset }
  const { arithmetic } = step
  switch (arithmetic.kind) {
    case 'requantise': {
      const plan = { requantiser: requantiserTable(arithmetic.requantiser, 1) }
      return prepared(
        plan,
        { packed: 0, sums: size + SLACK },
        (placed, { kernels, inputs: [a, b], batch, scratch, out }) => {
          for (let n = 0; n < batch; n++) {
            const image = (codes: Int8Array): Int8Array => codes.subarray(n * size, (n + 1) * size)
            kernels.mulRequantise(image(a), image(b), size, zero, placed.requantiser, scratch.sums, image(out))
          }
        },
      )
    }
    case 'f32-zero-inside':
      return prepared({}, noScratch, (_, { kernels, inputs: [a, b], batch, out }) =>
        kernels.mulZeroInside(a, b, batch * size, inside, arithmetic.ratio, before, out),
      )
    case 'qdq':
      return prepared({}, noScratch, (_, { kernels, inputs: [a, b], batch, out }) =>
        kernels.mulQdq(a, b, batch * size, zero, arithmetic.scales, arithmetic.outputScale, 0, out),
      )
    case 'qdq-zero-inside':
      return prepared({}, noScratch, (_, { kernels, inputs: [a, b], batch, out }) =>
        kernels.mulQdq(a, b, batch * size, inside, arithmetic.scales, arithmetic.outputScale, before, out),
      )
  }
}
