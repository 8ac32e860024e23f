import { applyFloat } from '../core/tape.ts'
import type { FloatTensor } from '../core/tensor.ts'
import { axisOp } from './axis.ts'

/** ONNX LogSoftmax (opset 13 and later): along one axis, by default the last. */
export const LogSoftmax = axisOp({
  name: 'LogSoftmax',
  forward: ({ kernels }, x, out, { outer, extent, inner }) => kernels.logSoftmax(x, out, outer, extent, inner),
  backward: ({ kernels }, { y, gradOut, gradX, view: { outer, extent, inner } }) =>
    kernels.logSoftmaxGrad(y, gradOut, gradX, outer, extent, inner),
})

/**
 * The logarithm of softmax along `axis` (default -1), computed without forming the softmax. Throws `ShapeError` for an
 * axis outside the rank.
 */
export function logSoftmax(x: FloatTensor, options: { axis?: number } = {}): FloatTensor {
  return applyFloat(LogSoftmax, [x], { axis: options.axis ?? -1 })
}
