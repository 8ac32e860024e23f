import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** ONNX Exp: e^x. */
export const Exp = unaryOp({
  name: 'Exp',
  forward: ({ kernels }, x, out) => kernels.exp(x, out),
  backward: ({ kernels }, { y, gradOut, gradX }) => kernels.expGrad(y, gradOut, gradX),
  samples: () => [{ name: 'both signs', inputs: [tensor([-4, -0.6, 0, 0.3, 2.5], [5, 1])], attributes: {} }],
})

/** e^x, any shape. Infinity above 88.72, 0 below -103.97. */
export function exp(x: FloatTensor): FloatTensor {
  return applyFloat(Exp, [x], {})
}
