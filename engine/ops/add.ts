import { applyFloat } from '../core/tape.ts'
import type { FloatTensor } from '../core/tensor.ts'
import { binaryOp } from './binary.ts'

/** ONNX Add: a + b. */
export const Add = binaryOp({
  name: 'Add',
  kernel: (kernels) => kernels.addBroadcast,
  gradA: (_, { gradOut }) => gradOut,
  gradB: (_, { gradOut }) => gradOut,
})

/** a + b with NumPy's broadcasting. Throws `ShapeError` when the shapes do not fit. */
export function add(a: FloatTensor, b: FloatTensor): FloatTensor {
  return applyFloat(Add, [a, b], {})
}
