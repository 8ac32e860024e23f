import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** ONNX Softplus: log(1 + e^x). */
export const Softplus = unaryOp({
  name: 'Softplus',
  forward: ({ kernels }, x, out) => kernels.softplus(x, out),
  backward: ({ kernels }, { x, gradOut, gradX }) => kernels.softplusGrad(x, gradOut, gradX),
  samples: () => [{ name: 'both signs', inputs: [tensor([-6, -0.8, 0, 0.4, 2, 30])], attributes: {} }],
})

/** log(1 + e^x), any shape, without overflow. */
export function softplus(x: FloatTensor): FloatTensor {
  return applyFloat(Softplus, [x], {})
}
