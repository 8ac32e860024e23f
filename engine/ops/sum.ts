import { applyFloat } from '../core/tape.ts'
import type { FloatTensor } from '../core/tensor.ts'
import { variadicOp } from './variadic.ts'

/** ONNX Sum: one or more inputs added from the first to the last, each sum rounded. */
export const Sum = variadicOp({
  name: 'Sum',
  kernel: (kernels) => kernels.addBroadcast,
  gradients: (_, { gradOut, needs }) => needs.map((needed) => (needed ? gradOut : null)),
})

/** The sum of one or more tensors with NumPy's broadcasting, from the first to the last. Throws `ShapeError` for none. */
export function addN(tensors: readonly FloatTensor[]): FloatTensor {
  return applyFloat(Sum, tensors, {})
}
