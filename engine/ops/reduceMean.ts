import { applyFloat } from '../core/tape.ts'
import type { FloatTensor } from '../core/tensor.ts'
import { type ReduceOptions, reduceAttributes, reduceOp, reduceSamples } from './reduction.ts'

/** ONNX ReduceMean, axes as an attribute: ReduceSum, divided by the number of elements reduced. NaN where that is 0. */
export const ReduceMean = reduceOp({
  name: 'ReduceMean',
  forwardStage: ({ kernels }, x, out, { outer, extent, inner }) => kernels.reduceSum(x, out, outer, extent, inner),
  backwardStage: ({ kernels }, { gradOut, gradX, stage: { outer, extent, inner } }) =>
    kernels.reduceSumGrad(gradOut, gradX, outer, extent, inner),
  mean: true,
  samples: reduceSamples,
})

/** The mean over some axes, or over all (a scalar). Throws `ShapeError` for an axis outside the rank or given twice. */
export function mean(x: FloatTensor, options: ReduceOptions = {}): FloatTensor {
  return applyFloat(ReduceMean, [x], reduceAttributes(options))
}
