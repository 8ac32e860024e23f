import { ShapeError } from '../base/errors.ts'
import { type Dim, formatShape, normaliseAxis, type Shape, stridesOf } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { CopyLayout } from '../kernels/stridedCopy.ts'
import type { Op, TensorSpec } from './op.ts'

/** ONNX Concat. */
export interface ConcatAttributes {
  /** The dimension that the inputs follow one another on, in [-rank, rank). */
  readonly axis: number
}

/** ONNX Concat: the inputs, equal in every dimension but one, one after the other on that one. Copies. */
export const Concat: Op<ConcatAttributes> = {
  name: 'Concat',
  shape: (inputs, attributes) => [concatenated(inputs, attributes)],
  forward(context, inputs, attributes) {
    const { dtype, shape } = concatenated(inputs, attributes)
    const out = context.empty(shape as Shape, dtype)
    const strides = stridesOf(out.shape)
    const axis = normaliseAxis(attributes.axis, shape.length, 'Concat')
    let offset = 0
    for (const input of inputs as readonly Tensor[]) {
      const layout: CopyLayout = {
        shape: input.shape,
        xOffset: 0,
        xStrides: stridesOf(input.shape),
        outOffset: offset,
        outStrides: strides,
      }
      context.kernels.stridedCopy(input.data, layout, out.data)
      offset += input.shape[axis] * strides[axis]
    }
    return { outputs: [out] }
  },
  backward(context, { inputs, attributes, gradOutputs, needs }) {
    const gradOut = gradOutputs[0] as FloatTensor
    const strides = stridesOf(gradOut.shape)
    const axis = normaliseAxis(attributes.axis, gradOut.shape.length, 'Concat')
    let offset = 0
    return (inputs as readonly Tensor[]).map((input, i) => {
      const xOffset = offset
      offset += input.shape[axis] * strides[axis]
      if (!needs[i]) return null
      const gradX = context.empty(input.shape)
      const layout: CopyLayout = {
        shape: input.shape,
        xOffset,
        xStrides: strides,
        outOffset: 0,
        outStrides: stridesOf(input.shape),
      }
      context.kernels.stridedCopy(gradOut.data, layout, gradX.data)
      return gradX
    })
  },
  samples: () => [
    {
      name: 'three, middle axis',
      inputs: [
        tensor([1, -2, 3, -4], [2, 1, 2]),
        tensor([5, -6, 7, -8, 9, -10, 11, -12], [2, 2, 2]),
        tensor([13, -14, 15, -16], [2, 1, 2]),
      ],
      attributes: { axis: 1 },
    },
    { name: 'negative axis', inputs: [tensor([1, -2], [2, 1]), tensor([3, -4], [2, 1])], attributes: { axis: -1 } },
    { name: 'one input', inputs: [tensor([1, -2])], attributes: { axis: 0 } },
  ],
}

/** The spec of the result. An unknown extent agrees with any; off the axis, the known one is kept. */
function concatenated(inputs: readonly (TensorSpec | null)[], attributes: ConcatAttributes): TensorSpec {
  const [first] = inputs
  if (!first) throw new ShapeError('Concat: wanted at least one input')
  const axis = normaliseAxis(attributes.axis, first.shape.length, 'Concat')
  const shape: Dim[] = [...first.shape]
  for (const [i, input] of inputs.entries()) {
    if (i === 0) continue
    if (!input) throw new ShapeError(`Concat: input ${i} is absent`)
    if (input.dtype !== first.dtype) {
      throw new ShapeError(`Concat: input ${i} is ${input.dtype}, input 0 ${first.dtype}; wanted one dtype`)
    }
    const fits =
      input.shape.length === shape.length &&
      input.shape.every((extent, d) => d === axis || extent === null || shape[d] === null || extent === shape[d])
    if (!fits) {
      throw new ShapeError(
        `Concat: input ${i} is ${formatShape(input.shape)}, input 0 ${formatShape(first.shape)}; they may differ in dimension ${axis} only`,
      )
    }
    for (const [d, extent] of input.shape.entries()) {
      const before = shape[d]
      if (d !== axis) shape[d] = before ?? extent
      else shape[d] = before === null || extent === null ? null : before + extent
    }
  }
  return { dtype: first.dtype, shape }
}

/** The tensors one after the other on dimension `axis`. */
export function concat(tensors: readonly FloatTensor[], axis: number): FloatTensor {
  return applyFloat(Concat, tensors, { axis })
}
