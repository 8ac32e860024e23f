import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** ONNX Tanh: the hyperbolic tangent. */
export const Tanh = unaryOp({
  name: 'Tanh',
  forward: ({ kernels }, x, out) => kernels.tanh(x, out),
  backward: ({ kernels }, { y, gradOut, gradX }) => kernels.tanhGrad(y, gradOut, gradX),
  samples: () => [{ name: 'both signs', inputs: [tensor([-5, -1.2, 0, 0.03, 0.8, 3], [3, 2])], attributes: {} }],
})

/** The hyperbolic tangent, any shape. */
export function tanh(x: FloatTensor): FloatTensor {
  return applyFloat(Tanh, [x], {})
}
