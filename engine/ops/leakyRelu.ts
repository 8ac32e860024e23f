import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

const DEFAULT_SLOPE = 0.01

/** The attribute of LeakyRelu. */
export interface LeakyReluAttributes {
  /** The slope for x < 0. Default 0.01. */
  readonly alpha?: number
}

/** ONNX LeakyRelu: x where x > 0, alpha x elsewhere. */
export const LeakyRelu = unaryOp<LeakyReluAttributes>({
  name: 'LeakyRelu',
  forward: ({ kernels }, x, out, { alpha = DEFAULT_SLOPE }) => kernels.leakyRelu(x, out, alpha),
  backward: ({ kernels }, { x, gradOut, gradX, attributes: { alpha = DEFAULT_SLOPE } }) =>
    kernels.leakyReluGrad(x, gradOut, gradX, alpha),
  samples: () => {
    const x = tensor([-2, -0.3, 0.4, 3])
    return [
      { name: 'default slope', inputs: [x], attributes: {} },
      { name: 'slope 0.2', inputs: [x], attributes: { alpha: 0.2 } },
    ]
  },
})

/** x where x > 0, negativeSlope (default 0.01) times x elsewhere, any shape. The gradient at 0 is the slope. */
export function leakyRelu(x: FloatTensor, options: { negativeSlope?: number } = {}): FloatTensor {
  return applyFloat(LeakyRelu, [x], { alpha: options.negativeSlope ?? DEFAULT_SLOPE })
}
