import { applyFloat } from '../core/tape.ts'
import type { FloatTensor } from '../core/tensor.ts'
import { sharedAmongEqual, variadicOp } from './variadic.ts'

/** ONNX Max: the greatest of one or more inputs, element by element; NaN wins. Equal inputs share the gradient equally. */
export const Max = variadicOp({
  name: 'Max',
  kernel: (kernels) => kernels.maxBroadcast,
  gradients: sharedAmongEqual,
})

/** The greatest of a and b with NumPy's broadcasting; NaN wins. Where they are equal each gets half the gradient. */
export function maximum(a: FloatTensor, b: FloatTensor): FloatTensor {
  return applyFloat(Max, [a, b], {})
}
