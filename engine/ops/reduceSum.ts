import { applyFloat } from '../core/tape.ts'
import type { FloatTensor } from '../core/tensor.ts'
import { type ReduceOptions, reduceAttributes, reduceOp, reduceSamples } from './reduction.ts'

/** ONNX ReduceSum, axes as an attribute. The order of the sums: `reductionStages`. Empty axes of extent 0 give 0. */
export const ReduceSum = reduceOp({
  name: 'ReduceSum',
  forwardStage: ({ kernels }, x, out, { outer, extent, inner }) => kernels.reduceSum(x, out, outer, extent, inner),
  backwardStage: ({ kernels }, { gradOut, gradX, stage: { outer, extent, inner } }) =>
    kernels.reduceSumGrad(gradOut, gradX, outer, extent, inner),
  samples: reduceSamples,
})

/** The sum over some axes, or over all (a scalar). Throws `ShapeError` for an axis outside the rank or given twice. */
export function sum(x: FloatTensor, options: ReduceOptions = {}): FloatTensor {
  return applyFloat(ReduceSum, [x], reduceAttributes(options))
}
