import { applyFloat } from '../core/tape.ts'
import type { FloatTensor } from '../core/tensor.ts'
import { binaryOp, broadcastApply } from './binary.ts'

/**
 * ONNX Pow: a^b, special cases as C's powf (kernels/transcendental/pow.ts). The gradients are gradOut times the slopes
 * b a^(b - 1) and a^b ln a, each slope rounded before: 0 for a where b is 0; for b NaN where a is negative, and 0 where
 * a is 0 and b at least 0 (as in PyTorch).
 */
export const Pow = binaryOp({
  name: 'Pow',
  kernel: (kernels) => kernels.powBroadcast,
  gradA(context, { a, b, gradOut }) {
    const slope = broadcastApply(context, context.kernels.powBaseSlope, a, b)
    return broadcastApply(context, context.kernels.mulBroadcast, gradOut, slope)
  },
  gradB(context, { a, b, gradOut }) {
    const slope = broadcastApply(context, context.kernels.powExponentSlope, a, b)
    return broadcastApply(context, context.kernels.mulBroadcast, gradOut, slope)
  },
})

/** a^b with NumPy's broadcasting; a negative base wants integer exponents, else NaN. Throws `ShapeError` when the shapes do not fit. */
export function pow(a: FloatTensor, b: FloatTensor): FloatTensor {
  return applyFloat(Pow, [a, b], {})
}
