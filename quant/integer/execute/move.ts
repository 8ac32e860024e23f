import { sameShape, sizeOf, stridesOf } from '../../../engine/base/shape.ts'
import type { ClampStep, ConcatStep, TransposeStep } from '../program.ts'
import { storedTarget } from '../storage.ts'
import { noScratch, type Preparation, type PreparedStep, prepared, require } from './runner.ts'

/** Tensors joined along an axis. */
export function prepareConcat(step: ConcatStep, { inputs, output }: Preparation): PreparedStep {
  const { axis } = step
  const outer = sizeOf(output.shape.slice(0, axis))
  const runs = inputs.map((input) => sizeOf(input.shape.slice(axis)))
  const stride = sizeOf(output.shape.slice(axis))
  require(runs.reduce((a, b) => a + b, 0) === stride, step.name, 'inputs that fill the output')
  return prepared({}, noScratch, (_, { kernels, inputs: arrays, batch, out }) => {
    let start = 0
    for (let i = 0; i < arrays.length; i++) {
      kernels.copyRuns(arrays[i], batch * outer, runs[i], start, stride, out)
      start += runs[i]
    }
  })
}

/** Codes limited to an interval. */
export function prepareClamp(step: ClampStep, { output }: Preparation): PreparedStep {
  const size = sizeOf(output.shape)
  const { low, high } = storedTarget(output, step)
  return prepared({}, noScratch, (_, { kernels, inputs: [x], batch, out }) =>
    kernels.clampCodes(x, batch * size, low, high, out),
  )
}

/** Dimensions in another order. */
export function prepareTranspose(
  { name, perm }: TransposeStep,
  { inputs: [input], output }: Preparation,
): PreparedStep {
  const { shape } = input
  require(perm.length === shape.length && new Set(perm).size === perm.length, name, 'each dimension once')
  require(sameShape(
    output.shape,
    perm.map((axis) => shape[axis]),
  ), name, 'an output of the permuted shape')
  const size = sizeOf(shape)
  const strides = stridesOf(shape)
  // The batch stays in front.
  const outStrides = [size, ...perm.map((axis) => strides[axis])]
  return prepared({}, noScratch, (_, { kernels, inputs: [x], batch, out }) =>
    kernels.transposeCodes(x, [batch, ...output.shape], outStrides, out),
  )
}
