import { applyFloat } from '../core/tape.ts'
import type { FloatTensor } from '../core/tensor.ts'
import { axisOp } from './axis.ts'

/** ONNX Softmax (opset 13 and later): along one axis, by default the last. */
export const Softmax = axisOp({
  name: 'Softmax',
  forward: ({ kernels }, x, out, { outer, extent, inner }) => kernels.softmax(x, out, outer, extent, inner),
  backward: ({ kernels }, { y, gradOut, gradX, view: { outer, extent, inner } }) =>
    kernels.softmaxGrad(y, gradOut, gradX, outer, extent, inner),
})

/**
 * exp(x) / sum of exp(x) along `axis` (default -1), computed after subtracting the maximum. Throws `ShapeError` for an
 * axis outside the rank.
 */
export function softmax(x: FloatTensor, options: { axis?: number } = {}): FloatTensor {
  return applyFloat(Softmax, [x], { axis: options.axis ?? -1 })
}
