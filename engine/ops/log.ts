import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** ONNX Log: the natural logarithm. */
export const Log = unaryOp({
  name: 'Log',
  forward: ({ kernels }, x, out) => kernels.log(x, out),
  backward: ({ kernels }, { x, gradOut, gradX }) => kernels.logGrad(x, gradOut, gradX),
  samples: () => [{ name: 'both sides of 1', inputs: [tensor([0.5, 0.9, 1, 1.2, 7, 100], [2, 3])], attributes: {} }],
})

/** The natural logarithm, any shape. -Infinity at 0, NaN below. */
export function log(x: FloatTensor): FloatTensor {
  return applyFloat(Log, [x], {})
}
