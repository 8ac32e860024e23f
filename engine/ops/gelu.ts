import { ShapeError } from '../base/errors.ts'
import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import { unaryOp } from './unary.ts'

/** The attribute of Gelu. */
export interface GeluAttributes {
  /** 'none' (default): through the error function. 'tanh': the approximation. */
  readonly approximate?: 'none' | 'tanh'
}

/** ONNX Gelu: x Phi(x), Phi being the normal distribution function. */
export const Gelu = unaryOp<GeluAttributes>({
  name: 'Gelu',
  forward({ kernels }, x, out, { approximate }) {
    if (approximate === 'tanh') kernels.geluTanh(x, out)
    else kernels.gelu(x, out)
  },
  backward({ kernels }, { x, gradOut, gradX, attributes: { approximate } }) {
    if (approximate === 'tanh') kernels.geluTanhGrad(x, gradOut, gradX)
    else kernels.geluGrad(x, gradOut, gradX)
  },
  check({ approximate = 'none' }) {
    if (approximate !== 'none' && approximate !== 'tanh') {
      throw new ShapeError(`Gelu: approximate is '${approximate}', wanted 'none' or 'tanh'`)
    }
  },
  samples: () => {
    const x = tensor([-4, -1.3, -0.2, 0, 0.5, 2.2], [2, 3])
    return [
      { name: 'exact', inputs: [x], attributes: {} },
      { name: 'tanh approximation', inputs: [x], attributes: { approximate: 'tanh' } },
    ]
  },
})

/** x Phi(x), any shape; `approximate: 'tanh'` for the approximation. Throws `ShapeError` for any other name. */
export function gelu(x: FloatTensor, options: { approximate?: 'none' | 'tanh' } = {}): FloatTensor {
  return applyFloat(Gelu, [x], { approximate: options.approximate ?? 'none' })
}
