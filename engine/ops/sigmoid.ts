import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** ONNX Sigmoid: 1 / (1 + e^-x). */
export const Sigmoid = unaryOp({
  name: 'Sigmoid',
  forward: ({ kernels }, x, out) => kernels.sigmoid(x, out),
  backward: ({ kernels }, { y, gradOut, gradX }) => kernels.sigmoidGrad(y, gradOut, gradX),
  samples: () => [{ name: 'both signs', inputs: [tensor([-5, -1.2, 0, 0.03, 0.8, 3], [3, 2])], attributes: {} }],
})

/** 1 / (1 + e^-x), any shape. */
export function sigmoid(x: FloatTensor): FloatTensor {
  return applyFloat(Sigmoid, [x], {})
}
