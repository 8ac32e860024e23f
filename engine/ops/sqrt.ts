import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** ONNX Sqrt: the square root. */
export const Sqrt = unaryOp({
  name: 'Sqrt',
  forward: ({ kernels }, x, out) => kernels.sqrt(x, out),
  backward: ({ kernels }, { y, gradOut, gradX }) => kernels.sqrtGrad(y, gradOut, gradX),
  samples: () => [{ name: 'below and above 1', inputs: [tensor([0.3, 0.9, 2.2, 40], [2, 2])], attributes: {} }],
})

/** The square root, any shape, correctly rounded; NaN below 0. The gradient at 0 is infinite. */
export function sqrt(x: FloatTensor): FloatTensor {
  return applyFloat(Sqrt, [x], {})
}
