import { sizeOf } from '../../../engine/base/shape.ts'
import type { ClampStep, ConcatStep } from '../program.ts'
import { type Preparation, type Runner, require } from './runner.ts'

/** Tensors joined along an axis. */
export function prepareConcat(step: ConcatStep, { inputs, output, kernels }: Preparation): Runner {
  const { axis } = step
  const outer = sizeOf(output.shape.slice(0, axis))
  const runs = inputs.map((input) => sizeOf(input.shape.slice(axis)))
  const stride = sizeOf(output.shape.slice(axis))
  require(runs.reduce((a, b) => a + b, 0) === stride, step.name, 'inputs that fill the output')
  return (arrays, batch, out) => {
    let start = 0
    for (let i = 0; i < arrays.length; i++) {
      kernels.copyRuns(arrays[i], batch * outer, runs[i], start, stride, out)
      start += runs[i]
    }
  }
}

/** Codes limited to an interval. */
export function prepareClamp(step: ClampStep, { output, kernels }: Preparation): Runner {
  const size = sizeOf(output.shape)
  return ([x], batch, out) => kernels.clampCodes(x, batch * size, step.low, step.high, out)
}
