import { ShapeError } from '../base/errors.ts'
import { type Dim, formatShape, normaliseAxis, type Shape, type SymbolicShape } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { Op } from './op.ts'
import { onlyTensor, viewAs } from './reshape.ts'

/** ONNX Unsqueeze, whose second input is an attribute here. */
export interface UnsqueezeAttributes {
  /** Where in the result the dimensions of extent 1 are, in [-rank, rank) of the result; none twice. */
  readonly axes: readonly number[]
}

/** ONNX Unsqueeze: dimensions of extent 1 put in. Shares the input's storage. Any dtype. */
export const Unsqueeze: Op<UnsqueezeAttributes> = {
  name: 'Unsqueeze',
  shape(inputs, attributes) {
    const { dtype, shape } = onlyTensor(inputs, 'Unsqueeze')
    return [{ dtype, shape: unsqueezed(shape, attributes) }]
  },
  forward(_context, inputs, attributes) {
    const x = inputs[0] as Tensor
    return { outputs: [viewAs(x, unsqueezed(x.shape, attributes) as Shape)] }
  },
  backward(_context, { inputs, gradOutputs }) {
    return [viewAs(gradOutputs[0] as FloatTensor, (inputs[0] as Tensor).shape) as FloatTensor]
  },
  samples: () => [
    { name: 'first and last', inputs: [tensor([1, -2, 3])], attributes: { axes: [-1, 0] } },
    { name: 'a scalar', inputs: [tensor([3], [])], attributes: { axes: [0] } },
  ],
}

function unsqueezed(shape: SymbolicShape, { axes }: UnsqueezeAttributes): Dim[] {
  const rank = shape.length + axes.length
  const added = new Set(axes.map((axis) => normaliseAxis(axis, rank, 'Unsqueeze')))
  if (added.size !== axes.length) {
    throw new ShapeError(`Unsqueeze: axes ${formatShape(axes)} name a dimension of the rank-${rank} result twice`)
  }
  let next = 0
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : shape[next++]))
}

/** x with dimensions of extent 1 at the places `axes` of the result. */
export function unsqueeze(x: FloatTensor, axes: readonly number[]): FloatTensor {
  return applyFloat(Unsqueeze, [x], { axes })
}
