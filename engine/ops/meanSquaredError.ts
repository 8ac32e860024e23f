import { ShapeError } from '../base/errors.ts'
import { formatShape, sameShape } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { Op } from './op.ts'

const NAME = 'MeanSquaredError'

/** Ours, for training: the mean of (a - b)^2 over two tensors of one shape, a scalar. NaN for empty tensors. */
export const MeanSquaredError: Op = {
  name: NAME,
  shape(inputs) {
    const [a, b] = inputs
    if (inputs.length !== 2 || !a || !b) throw new ShapeError(`${NAME}: wanted two inputs, got ${inputs.length}`)
    for (const input of [a, b]) {
      if (input.dtype !== 'float32') throw new ShapeError(`${NAME}: wanted float32 tensors, got ${input.dtype}`)
    }
    if (!sameShape(a.shape, b.shape)) {
      throw new ShapeError(
        `${NAME}: wanted two tensors of one shape, got ${formatShape(a.shape)} and ${formatShape(b.shape)}; reshape one`,
      )
    }
    return [{ dtype: 'float32', shape: [] }]
  },
  forward(context, inputs) {
    const [a, b] = inputs.map((input) => asFloat(input as Tensor, NAME).data)
    const out = context.empty([])
    context.kernels.meanSquaredError(a, b, out.data)
    return { outputs: [out] }
  },
  backward(context, { inputs, gradOutputs, needs }) {
    const [a, b] = inputs.map((input) => asFloat(input as Tensor, NAME))
    const gradOut = gradOutputs[0] as FloatTensor
    const gradient = (left: FloatTensor, right: FloatTensor): FloatTensor => {
      const grad = context.empty(left.shape)
      context.kernels.meanSquaredErrorGrad(left.data, right.data, gradOut.data, grad.data)
      return grad
    }
    return [needs[0] ? gradient(a, b) : null, needs[1] ? gradient(b, a) : null]
  },
  samples: () => [
    { name: 'matrix', inputs: [tensor([1, -2, 0.5, 3], [2, 2]), tensor([0, 1, 0.25, 5], [2, 2])], attributes: {} },
    {
      name: 'longer than the lanes',
      inputs: [tensor(Array.from({ length: 19 }, (_, i) => i / 8)), tensor(Array.from({ length: 19 }, () => 1))],
      attributes: {},
    },
  ],
}

/** The mean of (a - b)^2, a scalar. Throws `ShapeError` unless both have one shape. */
export function mse(a: FloatTensor, b: FloatTensor): FloatTensor {
  return applyFloat(MeanSquaredError, [a, b], {})
}
