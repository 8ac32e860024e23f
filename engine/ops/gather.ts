import { ShapeError } from '../base/errors.ts'
import { normaliseAxis, type Shape } from '../base/shape.ts'
import type { Context } from '../core/context.ts'
import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import { type AxisAttributes, viewAxis } from './axis.ts'
import type { Op, TensorSpec } from './op.ts'
import { sampleTensor } from './sampleTensor.ts'

/**
 * ONNX Gather: the entries of `data` at `indices` (int32, in [-extent, extent)) of dimension `axis` (default 0); in the result
 * the dimensions of the indices stand in that one's place. `data` has any dtype. The gradient of an entry sums over the
 * places that name it, in ascending order.
 */
export const Gather: Op<AxisAttributes> = {
  name: 'Gather',
  shape: (inputs, attributes) => [gathered(inputs, attributes)],
  forward(context, inputs, attributes) {
    const [data, indices] = inputs as readonly Tensor[]
    const out = context.empty(gathered(inputs, attributes).shape as Shape, data.dtype)
    const { outer, extent, inner } = viewAxis(data.shape, axisOf(data, attributes))
    const resolved = resolveIndices(context, indices, extent)
    context.kernels.gather(data.data, resolved.data, outer, extent, inner, out.data)
    return { outputs: [out], saved: resolved }
  },
  backward(context, { inputs, attributes, gradOutputs, saved }) {
    const data = inputs[0] as Tensor
    const gradData = context.empty(data.shape)
    const { outer, extent, inner } = viewAxis(data.shape, axisOf(data, attributes))
    const gradOut = (gradOutputs[0] as FloatTensor).data
    context.kernels.gatherGrad(gradOut, (saved as Tensor<'int32'>).data, outer, extent, inner, gradData.data)
    return [gradData, null]
  },
  samples() {
    const indices = (values: number[], shape: number[]) => tensor(values, shape, { dtype: 'int32' })
    return [
      { name: 'rows, one twice', inputs: [sampleTensor([4, 3]), indices([2, -4, 2], [3])], attributes: {} },
      {
        name: 'middle axis, matrix of indices',
        inputs: [sampleTensor([2, 3, 2]), indices([0, 2, 1, -1], [2, 2])],
        attributes: { axis: 1 },
      },
      { name: 'one index, last axis', inputs: [sampleTensor([2, 5]), indices([3], [])], attributes: { axis: -1 } },
    ]
  },
}

function axisOf(data: TensorSpec, { axis = 0 }: AxisAttributes): number {
  return normaliseAxis(axis, data.shape.length, 'Gather')
}

function gathered(inputs: readonly (TensorSpec | null)[], attributes: AxisAttributes): TensorSpec {
  const [data, indices] = inputs
  if (inputs.length !== 2 || !data || !indices) {
    throw new ShapeError(`Gather: wanted data and indices, got ${inputs.filter((input) => input).length} inputs`)
  }
  if (indices.dtype !== 'int32') throw new ShapeError(`Gather: wanted int32 indices, got ${indices.dtype}`)
  const axis = axisOf(data, attributes)
  return { dtype: data.dtype, shape: [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)] }
}

/** The indices counted from the beginning. Throws `ShapeError` for one outside. */
function resolveIndices(context: Context, indices: Tensor, extent: number): Tensor<'int32'> {
  const resolved = context.empty(indices.shape, 'int32')
  const to = resolved.data
  for (const [i, index] of indices.data.entries()) {
    if (index < -extent || index >= extent) {
      throw new ShapeError(`Gather: index ${index} is outside [${-extent}, ${extent}) of the axis`)
    }
    to[i] = index < 0 ? index + extent : index
  }
  return resolved
}

/**
 * The entries of x at `indices` of dimension `axis` (default 0), negative ones counted from the end; in the result the
 * dimensions of the indices stand in that one's place. ONNX's name and meaning: PyTorch's `gather` is another operation,
 * its `index_select` this one for a vector of indices.
 */
export function gather(x: FloatTensor, indices: Tensor<'int32'>, axis = 0): FloatTensor {
  return applyFloat(Gather, [x, indices], { axis })
}
