import { ShapeError } from '../base/errors.ts'
import { broadcastShapes, type Shape } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import { sumToShape } from './binary.ts'
import { expandWhereNeeded } from './expand.ts'
import type { Op, TensorSpec } from './op.ts'

/**
 * ONNX Where: a where the condition holds, b elsewhere, all three broadcast (NumPy's rule). The condition is uint8, 0 for
 * false; a and b have one dtype, any. Bits are copied.
 */
export const Where: Op = {
  name: 'Where',
  shape: (inputs) => [chosen(inputs)],
  forward(context, inputs) {
    const { dtype, shape } = chosen(inputs)
    const out = context.empty(shape as Shape, dtype)
    const [condition, a, b] = inputs.map((input) => expandWhereNeeded(context, input as Tensor, out.shape))
    context.kernels.where((condition as Tensor<'uint8'>).data, a.data, b.data, out.data)
    return { outputs: [out] }
  },
  backward(context, { inputs, gradOutputs, needs }) {
    const gradOut = gradOutputs[0] as FloatTensor
    const condition = expandWhereNeeded(context, inputs[0] as Tensor, gradOut.shape) as Tensor<'uint8'>
    const gradient = (index: 1 | 2): FloatTensor | null => {
      if (!needs[index]) return null
      const passed = context.empty(gradOut.shape)
      context.kernels.whereGrad(condition.data, gradOut.data, index === 1 ? 1 : 0, passed.data)
      return sumToShape(context, passed, (inputs[index] as Tensor).shape)
    }
    return [null, gradient(1), gradient(2)]
  },
  samples() {
    const flags = tensor([1, 0, 0, 1, 2, 0], [2, 3], { dtype: 'uint8' })
    const x = tensor([1, -2, 3, -4, 5, -6], [2, 3])
    return [
      { name: 'equal shapes', inputs: [flags, x, tensor([7, 8, -9, 10, 11, -12], [2, 3])], attributes: {} },
      {
        name: 'all three stretch',
        inputs: [tensor([1, 0], [2, 1], { dtype: 'uint8' }), tensor([1, -2, 3]), tensor([4, -5], [2, 1, 1])],
        attributes: {},
      },
    ]
  },
}

function chosen(inputs: readonly (TensorSpec | null)[]): TensorSpec {
  const [condition, a, b] = inputs
  if (inputs.length !== 3 || !condition || !a || !b) {
    throw new ShapeError(`Where: wanted condition, X and Y, got ${inputs.filter((input) => input).length} inputs`)
  }
  if (condition.dtype !== 'uint8') {
    throw new ShapeError(`Where: wanted a uint8 condition (0 is false), got ${condition.dtype}`)
  }
  if (a.dtype !== b.dtype) throw new ShapeError(`Where: X is ${a.dtype}, Y ${b.dtype}; wanted one dtype`)
  const branches = broadcastShapes(a.shape, b.shape, 'Where')
  return { dtype: a.dtype, shape: broadcastShapes(condition.shape, branches, 'Where') }
}

/** a where `condition` (uint8, 0 for false) holds, b elsewhere, all three broadcast. */
export function where(condition: Tensor<'uint8'>, a: FloatTensor, b: FloatTensor): FloatTensor {
  return applyFloat(Where, [condition, a, b], {})
}
