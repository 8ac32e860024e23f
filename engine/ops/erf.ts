import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** ONNX Erf: the error function. */
export const Erf = unaryOp({
  name: 'Erf',
  forward: ({ kernels }, x, out) => kernels.erf(x, out),
  backward: ({ kernels }, { x, gradOut, gradX }) => kernels.erfGrad(x, gradOut, gradX),
  samples: () => [
    { name: 'both signs, tails', inputs: [tensor([-3.5, -1.2, -0.1, 0, 0.24, 0.9, 5], [7, 1])], attributes: {} },
  ],
})

/** The error function, any shape. */
export function erf(x: FloatTensor): FloatTensor {
  return applyFloat(Erf, [x], {})
}
