import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** ONNX HardSwish: x min(max(x / 6 + 1/2, 0), 1). */
export const HardSwish = unaryOp({
  name: 'HardSwish',
  forward: ({ kernels }, x, out) => kernels.hardSwish(x, out),
  backward: ({ kernels }, { x, gradOut, gradX }) => kernels.hardSwishGrad(x, gradOut, gradX),
  samples: () => [{ name: 'all three pieces', inputs: [tensor([-4, -2.5, -1, 0, 0.7, 2.8, 5])], attributes: {} }],
})

/** x min(max(x / 6 + 1/2, 0), 1), any shape. The gradient is 0 at -3 and 1 at 3. */
export function hardswish(x: FloatTensor): FloatTensor {
  return applyFloat(HardSwish, [x], {})
}
