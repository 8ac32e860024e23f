import { ShapeError } from '../base/errors.ts'
import { formatShape, stridesOf } from '../base/shape.ts'
import type { Context } from '../core/context.ts'
import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { Op } from './op.ts'
import { onlyTensor } from './reshape.ts'

/** ONNX Transpose. */
export interface TransposeAttributes {
  /** Dimension i of the output is dimension perm[i] of the input; default: all reversed. */
  readonly perm?: readonly number[]
}

/** ONNX Transpose: the dimensions in another order, as a copy. */
export const Transpose: Op<TransposeAttributes> = {
  name: 'Transpose',
  shape(inputs, attributes) {
    const { dtype, shape } = onlyTensor(inputs, 'Transpose')
    return [{ dtype, shape: permutation(shape.length, attributes).map((axis) => shape[axis]) }]
  },
  forward(context, inputs, attributes) {
    const x = inputs[0] as Tensor
    return { outputs: [transposed(context, x, permutation(x.shape.length, attributes))] }
  },
  backward(context, { attributes, gradOutputs }) {
    const gradOut = gradOutputs[0] as FloatTensor
    const inverse: number[] = []
    for (const [i, axis] of permutation(gradOut.shape.length, attributes).entries()) inverse[axis] = i
    return [transposed(context, gradOut, inverse) as FloatTensor]
  },
  samples: () => [
    { name: 'reversed', inputs: [tensor([1, -2, 3, -4, 5, -6], [2, 3])], attributes: {} },
    {
      name: 'not its own inverse',
      inputs: [tensor([1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12], [2, 3, 2])],
      attributes: { perm: [2, 0, 1] },
    },
  ],
}

function permutation(rank: number, { perm }: TransposeAttributes): readonly number[] {
  if (perm === undefined) return Array.from({ length: rank }, (_, i) => rank - 1 - i)
  const valid = perm.length === rank && Array.from({ length: rank }, (_, i) => i).every((axis) => perm.includes(axis))
  if (!valid) {
    throw new ShapeError(
      `Transpose: perm ${formatShape(perm)} is not an order of the ${rank} dimensions 0 to ${rank - 1}`,
    )
  }
  return perm
}

function transposed(context: Context, x: Tensor, perm: readonly number[]): Tensor {
  const out = context.empty(
    perm.map((axis) => x.shape[axis]),
    x.dtype,
  )
  const strides = stridesOf(x.shape)
  const layout = {
    shape: out.shape,
    xOffset: 0,
    xStrides: perm.map((axis) => strides[axis]),
    outOffset: 0,
    outStrides: stridesOf(out.shape),
  }
  context.kernels.stridedCopy(x.data, layout, out.data)
  return out
}

/** x with dimension i taken from dimension perm[i]; without `perm`, all reversed. A copy. */
export function transpose(x: FloatTensor, perm?: readonly number[]): FloatTensor {
  return applyFloat(Transpose, [x], perm === undefined ? {} : { perm })
}
