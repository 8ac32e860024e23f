import { ShapeError } from '../base/errors.ts'
import type { Dim, Shape, SymbolicShape } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { Op } from './op.ts'
import { onlyTensor, viewAs } from './reshape.ts'

/** ONNX Flatten. */
export interface FlattenAttributes {
  /** The first axis of the second output dimension, in [-rank, rank]; default 1. */
  readonly axis?: number
}

/** ONNX Flatten: two dimensions, the product of the extents before `axis` and from it on. Shares the input's storage. */
export const Flatten: Op<FlattenAttributes> = {
  name: 'Flatten',
  shape(inputs, attributes) {
    const input = onlyTensor(inputs, 'Flatten')
    return [{ dtype: input.dtype, shape: flattened(input.shape, attributes) }]
  },
  forward(_context, inputs, attributes) {
    const x = inputs[0] as Tensor
    return { outputs: [viewAs(x, flattened(x.shape, attributes) as Shape)] }
  },
  backward(_context, { inputs, gradOutputs }) {
    return [viewAs(gradOutputs[0] as FloatTensor, (inputs[0] as Tensor).shape) as FloatTensor]
  },
  samples: () => [
    { name: 'default axis', inputs: [tensor([1, -2, 3, -4, 5, -6, 7, -8], [2, 2, 2])], attributes: {} },
    { name: 'negative axis', inputs: [tensor([1, -2, 3, -4, 5, -6], [1, 3, 2])], attributes: { axis: -1 } },
  ],
}

function flattened(shape: SymbolicShape, { axis = 1 }: FlattenAttributes): Dim[] {
  const rank = shape.length
  if (!Number.isInteger(axis) || axis < -rank || axis > rank) {
    throw new ShapeError(`Flatten: axis ${axis} is outside [${-rank}, ${rank}] of a rank-${rank} tensor`)
  }
  const split = axis < 0 ? axis + rank : axis
  const product = (extents: SymbolicShape): Dim =>
    extents.reduce<Dim>((total, extent) => (total === null || extent === null ? null : total * extent), 1)
  return [product(shape.slice(0, split)), product(shape.slice(split))]
}

/** Two dimensions: the product of the extents before `axis` (default 1: keep the batch) and from it on. */
export function flatten(x: FloatTensor, axis = 1): FloatTensor {
  return applyFloat(Flatten, [x], { axis })
}
