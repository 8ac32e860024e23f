import { applyFloat } from '../core/tape.ts'
import type { FloatTensor } from '../core/tensor.ts'
import { binaryOp, broadcastApply, negate } from './binary.ts'

/** ONNX Div: a / b. The gradient of b is -(gradOut * ((a / b) / b)), in PyTorch's order, rounded after every step. */
export const Div = binaryOp({
  name: 'Div',
  kernel: (kernels) => kernels.divBroadcast,
  gradA: (context, { b, gradOut }) => broadcastApply(context, context.kernels.divBroadcast, gradOut, b),
  gradB(context, { b, out, gradOut }) {
    const slope = broadcastApply(context, context.kernels.divBroadcast, out, b)
    return negate(context, broadcastApply(context, context.kernels.mulBroadcast, gradOut, slope))
  },
})

/** a / b with NumPy's broadcasting; x / 0 is an infinity or NaN. Throws `ShapeError` when the shapes do not fit. */
export function div(a: FloatTensor, b: FloatTensor): FloatTensor {
  return applyFloat(Div, [a, b], {})
}
