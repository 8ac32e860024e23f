import { ShapeError } from '../base/errors.ts'
import { type Dim, formatShape, normaliseAxis, type Shape, type SymbolicShape } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { Op } from './op.ts'
import { onlyTensor, viewAs } from './reshape.ts'

/** ONNX Squeeze, whose second input is an attribute here. */
export interface SqueezeAttributes {
  /** The dimensions to leave out, each of extent 1, in [-rank, rank); default: all of extent 1. */
  readonly axes?: readonly number[]
}

/** ONNX Squeeze: dimensions of extent 1 left out. Shares the input's storage. Any dtype. */
export const Squeeze: Op<SqueezeAttributes> = {
  name: 'Squeeze',
  shape(inputs, attributes) {
    const { dtype, shape } = onlyTensor(inputs, 'Squeeze')
    return [{ dtype, shape: squeezed(shape, attributes) }]
  },
  forward(_context, inputs, attributes) {
    const x = inputs[0] as Tensor
    return { outputs: [viewAs(x, squeezed(x.shape, attributes) as Shape)] }
  },
  backward(_context, { inputs, gradOutputs }) {
    return [viewAs(gradOutputs[0] as FloatTensor, (inputs[0] as Tensor).shape) as FloatTensor]
  },
  samples: () => [
    { name: 'all', inputs: [tensor([1, -2, 3], [1, 3, 1])], attributes: {} },
    { name: 'last axis', inputs: [tensor([1, -2, 3], [1, 3, 1])], attributes: { axes: [-1] } },
  ],
}

function squeezed(shape: SymbolicShape, { axes }: SqueezeAttributes): Dim[] {
  if (axes === undefined && shape.includes(null)) {
    throw new ShapeError(`Squeeze: whether ${formatShape(shape)} has more extents of 1 is not known yet; name the axes`)
  }
  const dropped = new Set(axes?.map((axis) => normaliseAxis(axis, shape.length, 'Squeeze')))
  for (const axis of dropped) {
    if (shape[axis] !== 1 && shape[axis] !== null) {
      throw new ShapeError(`Squeeze: dimension ${axis} of ${formatShape(shape)} is not 1`)
    }
  }
  return shape.filter((extent, axis) => (axes === undefined ? extent !== 1 : !dropped.has(axis)))
}

/** x without the dimensions `axes`, which must be of extent 1; without `axes`, without all that are. */
export function squeeze(x: FloatTensor, axes?: readonly number[]): FloatTensor {
  return applyFloat(Squeeze, [x], axes === undefined ? {} : { axes })
}
