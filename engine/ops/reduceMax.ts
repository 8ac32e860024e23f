import { applyFloat } from '../core/tape.ts'
import type { FloatTensor } from '../core/tensor.ts'
import { type ReduceOptions, reduceAttributes, reduceOp, reduceSamples } from './reduction.ts'

/**
 * ONNX ReduceMax, axes as an attribute. NaN wins; axes of extent 0 give -Infinity. The gradient goes to the first
 * maximum in row-major order alone (PyTorch's amax shares it among equals).
 */
export const ReduceMax = reduceOp({
  name: 'ReduceMax',
  forwardStage(context, x, out, { outer, extent, inner }) {
    const indices = context.empty([outer, inner], 'int32').data
    context.kernels.reduceMax(x, out, indices, outer, extent, inner)
    return indices
  },
  backwardStage: ({ kernels }, { gradOut, gradX, stage: { outer, extent, inner }, saved }) =>
    kernels.reduceMaxGrad(gradOut, saved as Int32Array, gradX, outer, extent, inner),
  samples: reduceSamples,
})

/** The maximum over some axes, or over all (a scalar). Throws `ShapeError` for an axis outside the rank or given twice. */
export function max(x: FloatTensor, options: ReduceOptions = {}): FloatTensor {
  return applyFloat(ReduceMax, [x], reduceAttributes(options))
}
