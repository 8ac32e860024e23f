import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** The attribute of Swish. */
export interface SwishAttributes {
  /** The factor within the sigmoid. Default 1. */
  readonly alpha?: number
}

/** ONNX Swish (opset 24): x sigmoid(alpha x). */
export const Swish = unaryOp<SwishAttributes>({
  name: 'Swish',
  forward: ({ kernels }, x, out, { alpha = 1 }) => kernels.swish(x, out, alpha),
  backward: ({ kernels }, { x, gradOut, gradX, attributes: { alpha = 1 } }) =>
    kernels.swishGrad(x, gradOut, gradX, alpha),
  samples: () => {
    const x = tensor([-5, -1.3, -0.2, 0, 0.5, 2.2], [3, 2])
    return [
      { name: 'alpha 1', inputs: [x], attributes: {} },
      { name: 'alpha 1.7', inputs: [x], attributes: { alpha: 1.7 } },
    ]
  },
})

/** x sigmoid(x), any shape. */
export function silu(x: FloatTensor): FloatTensor {
  return applyFloat(Swish, [x], {})
}
