import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

const DEFAULT_ALPHA = 0.2
const DEFAULT_BETA = 0.5

/** The attributes of HardSigmoid. */
export interface HardSigmoidAttributes {
  /** The slope. Default 0.2. */
  readonly alpha?: number
  /** The value at 0. Default 0.5. */
  readonly beta?: number
}

/** ONNX HardSigmoid: min(max(alpha x + beta, 0), 1). */
export const HardSigmoid = unaryOp<HardSigmoidAttributes>({
  name: 'HardSigmoid',
  forward: ({ kernels }, x, out, { alpha = DEFAULT_ALPHA, beta = DEFAULT_BETA }) =>
    kernels.hardSigmoid(x, out, alpha, beta),
  backward: ({ kernels }, { x, gradOut, gradX, attributes: { alpha = DEFAULT_ALPHA, beta = DEFAULT_BETA } }) =>
    kernels.hardSigmoidGrad(x, gradOut, gradX, alpha, beta),
  samples: () => {
    const x = tensor([-4, -2.3, -1, 0, 0.7, 2.2, 5])
    return [
      { name: 'defaults', inputs: [x], attributes: {} },
      { name: 'slope 1/6', inputs: [x], attributes: { alpha: 1 / 6 } },
      { name: 'alpha 0.4, beta 0.3', inputs: [x], attributes: { alpha: 0.4, beta: 0.3 } },
    ]
  },
})

/** min(max(x / 6 + 1/2, 0), 1), any shape: PyTorch's slope, not ONNX's default. The gradient at -3 and 3 is 0. */
export function hardsigmoid(x: FloatTensor): FloatTensor {
  return applyFloat(HardSigmoid, [x], { alpha: 1 / 6, beta: 0.5 })
}
