import { applyFloat } from '../core/tape.ts'
import type { FloatTensor } from '../core/tensor.ts'
import { binaryOp, broadcastApply } from './binary.ts'

/** ONNX Mul: a * b, element by element. */
export const Mul = binaryOp({
  name: 'Mul',
  kernel: (kernels) => kernels.mulBroadcast,
  gradA: (context, { b, gradOut }) => broadcastApply(context, context.kernels.mulBroadcast, gradOut, b),
  gradB: (context, { a, gradOut }) => broadcastApply(context, context.kernels.mulBroadcast, gradOut, a),
})

/** a * b, element by element, with NumPy's broadcasting. Throws `ShapeError` when the shapes do not fit. */
export function mul(a: FloatTensor, b: FloatTensor): FloatTensor {
  return applyFloat(Mul, [a, b], {})
}
