import { applyFloat } from '../core/tape.ts'
import type { FloatTensor } from '../core/tensor.ts'
import { binaryOp, negate } from './binary.ts'

/** ONNX Sub: a - b. */
export const Sub = binaryOp({
  name: 'Sub',
  kernel: (kernels) => kernels.subBroadcast,
  gradA: (_, { gradOut }) => gradOut,
  gradB: (context, { gradOut }) => negate(context, gradOut),
})

/** a - b with NumPy's broadcasting. Throws `ShapeError` when the shapes do not fit. */
export function sub(a: FloatTensor, b: FloatTensor): FloatTensor {
  return applyFloat(Sub, [a, b], {})
}
