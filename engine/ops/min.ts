import { applyFloat } from '../core/tape.ts'
import type { FloatTensor } from '../core/tensor.ts'
import { sharedAmongEqual, variadicOp } from './variadic.ts'

/** ONNX Min: the least of one or more inputs, element by element; NaN wins. Equal inputs share the gradient equally. */
export const Min = variadicOp({
  name: 'Min',
  kernel: (kernels) => kernels.minBroadcast,
  gradients: sharedAmongEqual,
})

/** The least of a and b with NumPy's broadcasting; NaN wins. Where they are equal each gets half the gradient. */
export function minimum(a: FloatTensor, b: FloatTensor): FloatTensor {
  return applyFloat(Min, [a, b], {})
}
