import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** ONNX Relu: max(x, 0). */
export const Relu = unaryOp({
  name: 'Relu',
  forward: ({ kernels }, x, out) => kernels.relu(x, out),
  backward: ({ kernels }, { x, gradOut, gradX }) => kernels.reluGrad(x, gradOut, gradX),
  samples: () => [{ name: 'both signs', inputs: [tensor([-2, -0.3, 0.4, 3])], attributes: {} }],
})

/** max(x, 0), any shape. The gradient at 0 is 0. */
export function relu(x: FloatTensor): FloatTensor {
  return applyFloat(Relu, [x], {})
}
