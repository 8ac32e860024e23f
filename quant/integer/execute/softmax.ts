import { sameShape, sizeOf } from '../../../engine/base/shape.ts'
import type { SoftmaxStep } from '../program.ts'
import { storedTarget } from '../storage.ts'
import { noScratch, type Preparation, type PreparedStep, prepared, require } from './runner.ts'

/** A softmax along one axis. */
export function prepareSoftmax(step: SoftmaxStep, { inputs, output }: Preparation): PreparedStep {
  const { axis, arithmetic } = step
  const { shape } = output
  require(inputs.length === 1 && sameShape(inputs[0].shape, shape), step.name, 'an output of the shape of its input')
  require(axis >= 0 && axis < shape.length, step.name, 'an axis of the input')
  const outer = sizeOf(shape.slice(0, axis))
  const inner = sizeOf(shape.slice(axis + 1))
  const target = storedTarget(output, { low: output.qmin + output.offset, high: output.qmax + output.offset })
  if (arithmetic.kind === 'fixed-point') {
    const { multiplier, leftShift, differenceMin } = arithmetic
    return prepared({}, noScratch, (_, { kernels, inputs: [x], batch, out }) =>
      kernels.softmaxFixedPoint(
        x,
        batch * outer,
        shape[axis],
        inner,
        multiplier,
        leftShift,
        differenceMin,
        target,
        out,
      ),
    )
  }
  const rule = arithmetic.output
  require(arithmetic.exponentials.length === 256, step.name, '256 exponentials')
  const factor = rule.kind === 'multiplier' ? rule.multiplier : rule.scale
  const plan = { exponentials: Float32Array.from(arithmetic.exponentials) }
  return prepared(plan, noScratch, ({ exponentials }, { kernels, inputs: [x], batch, out }) =>
    kernels.softmaxTable(x, batch * outer, shape[axis], inner, exponentials, rule.kind, factor, target, out),
  )
}
