import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** ONNX Neg: -x. */
export const Neg = unaryOp({
  name: 'Neg',
  forward: ({ kernels }, x, out) => kernels.neg(x, out),
  backward: ({ kernels }, { gradOut, gradX }) => kernels.neg(gradOut, gradX),
  samples: () => [{ name: 'both signs', inputs: [tensor([-2, -0.3, 0, 3])], attributes: {} }],
})

/** -x, any shape; 0 becomes -0. */
export function neg(x: FloatTensor): FloatTensor {
  return applyFloat(Neg, [x], {})
}
