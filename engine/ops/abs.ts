import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** ONNX Abs: |x|. */
export const Abs = unaryOp({
  name: 'Abs',
  forward: ({ kernels }, x, out) => kernels.abs(x, out),
  backward: ({ kernels }, { x, gradOut, gradX }) => kernels.absGrad(x, gradOut, gradX),
  samples: () => [{ name: 'both signs', inputs: [tensor([-2, -0.3, 0.4, 3])], attributes: {} }],
})

/** |x|, any shape. The gradient at 0 is 0. */
export function abs(x: FloatTensor): FloatTensor {
  return applyFloat(Abs, [x], {})
}
