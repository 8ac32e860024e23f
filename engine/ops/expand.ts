import { ShapeError } from '../base/errors.ts'
import { broadcastShapes, type Dim, formatShape, type Shape, sameShape, stridesOf } from '../base/shape.ts'
import type { Context } from '../core/context.ts'
import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import { sumToShape } from './binary.ts'
import type { Op, TensorSpec } from './op.ts'
import { onlyTensor } from './reshape.ts'

/** ONNX Expand, whose second input is an attribute here. */
export interface ExpandAttributes {
  /** What the input is broadcast with: an extent of 1 keeps the input's. */
  readonly shape: readonly number[]
}

/** ONNX Expand: the input broadcast (NumPy's rule) with a shape, as a copy of any dtype. The gradient sums over the copies. */
export const Expand: Op<ExpandAttributes> = {
  name: 'Expand',
  shape: (inputs, attributes) => [expanded(inputs, attributes)],
  forward(context, inputs, attributes) {
    const shape = expanded(inputs, attributes).shape as Shape
    return { outputs: [expandTo(context, inputs[0] as Tensor, shape)] }
  },
  backward(context, { inputs, gradOutputs }) {
    return [sumToShape(context, gradOutputs[0] as FloatTensor, (inputs[0] as Tensor).shape)]
  },
  samples: () => [
    { name: 'a column, one more dimension', inputs: [tensor([1, -2, 3], [3, 1])], attributes: { shape: [2, 1, 4] } },
    { name: 'nothing to repeat', inputs: [tensor([1, -2, 3, 4], [2, 2])], attributes: { shape: [1] } },
    { name: 'a scalar', inputs: [tensor([3], [])], attributes: { shape: [2, 2] } },
  ],
}

function expanded(inputs: readonly (TensorSpec | null)[], { shape }: ExpandAttributes): TensorSpec {
  const input = onlyTensor(inputs, 'Expand')
  if (!shape.every((extent) => Number.isInteger(extent) && extent >= 0)) {
    throw new ShapeError(`Expand: ${formatShape(shape)} is not a shape; wanted integers from 0 on`)
  }
  return { dtype: input.dtype, shape: broadcastShapes(input.shape, shape, 'Expand') as Dim[] }
}

/** A copy of x in a shape that it broadcasts to, outside the tape. */
export function expandTo(context: Context, x: Tensor, shape: Shape): Tensor {
  const out = context.empty(shape, x.dtype)
  const missing = shape.length - x.shape.length
  const strides = stridesOf(x.shape)
  const layout = {
    shape,
    xOffset: 0,
    xStrides: shape.map((_, i) => (i < missing || x.shape[i - missing] === 1 ? 0 : strides[i - missing])),
    outOffset: 0,
    outStrides: stridesOf(shape),
  }
  context.kernels.stridedCopy(x.data, layout, out.data)
  return out
}

/** x itself where it has the shape already, else a copy in it. */
export function expandWhereNeeded(context: Context, x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : expandTo(context, x, shape)
}

/** x broadcast with `shape` (NumPy's rule), copied. */
export function expand(x: FloatTensor, shape: readonly number[]): FloatTensor {
  return applyFloat(Expand, [x], { shape })
}
