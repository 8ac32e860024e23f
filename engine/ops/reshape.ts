import { ShapeError } from '../base/errors.ts'
import { type Dim, formatShape, type Shape, type SymbolicShape } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, Tensor, tensor } from '../core/tensor.ts'
import type { Op, TensorSpec } from './op.ts'

/** ONNX Reshape, whose second input is an attribute here. */
export interface ReshapeAttributes {
  /** The new extents: 0 copies the input's at the same place, one -1 takes what is left. */
  readonly shape: readonly number[]
}

/** The one input of a data movement operator, of any dtype. Throws `ShapeError`. */
export function onlyTensor(inputs: readonly (TensorSpec | null)[], operation: string): TensorSpec {
  const [input] = inputs
  if (inputs.length !== 1 || !input) throw new ShapeError(`${operation}: wanted one input, got ${inputs.length}`)
  return input
}

/** The same storage and dtype under another shape of as many elements. */
export function viewAs(x: Tensor, shape: Shape): Tensor {
  return new Tensor(x.dtype, shape, x.data)
}

/** ONNX Reshape: the same elements in the same order under another shape. Shares the input's storage. */
export const Reshape: Op<ReshapeAttributes> = {
  name: 'Reshape',
  shape(inputs, attributes) {
    const input = onlyTensor(inputs, 'Reshape')
    return [{ dtype: input.dtype, shape: reshapedShape(input.shape, attributes.shape) }]
  },
  forward(_context, inputs, attributes) {
    const x = inputs[0] as Tensor
    return { outputs: [viewAs(x, reshapedShape(x.shape, attributes.shape) as Shape)] }
  },
  backward(_context, { inputs, gradOutputs }) {
    return [viewAs(gradOutputs[0] as FloatTensor, (inputs[0] as Tensor).shape) as FloatTensor]
  },
  samples: () => [
    {
      name: 'copied and inferred extents',
      inputs: [tensor([1, -2, 3, -4, 5, -6], [2, 3, 1])],
      attributes: { shape: [0, 1, -1] },
    },
    { name: 'to a scalar', inputs: [tensor([7])], attributes: { shape: [] } },
  ],
}

/**
 * The extents that `wanted` gives an input. An unknown extent of the input that is copied (0) cancels out of the
 * inference; where another remains, -1 is unknown too and the element count is checked when data arrives.
 */
function reshapedShape(input: SymbolicShape, wanted: readonly number[]): Dim[] {
  const refuse = (why: string): ShapeError =>
    new ShapeError(`Reshape: ${formatShape(input)} cannot become ${formatShape(wanted)}: ${why}`)
  let unknown = input.filter((extent) => extent === null).length
  let known = 1
  for (const extent of input) if (extent !== null) known *= extent
  let product = 1
  let inferred = -1
  const out = wanted.map((extent, i): Dim => {
    if (!Number.isInteger(extent) || extent < -1) throw refuse(`${extent} is no extent; wanted integers from -1 on`)
    if (extent === -1) {
      if (inferred >= 0) throw refuse('only one extent can be -1')
      inferred = i
      return null
    }
    if (extent === 0 && i >= input.length) throw refuse(`there is no extent ${i} for the 0 to copy`)
    const value = extent === 0 ? input[i] : extent
    if (value === null) unknown--
    else product *= value
    return value
  })
  if (unknown > 0) return out
  if (inferred < 0) {
    if (product !== known) throw refuse(`it holds ${known} elements, the new shape ${product}`)
    return out
  }
  if (product === 0) throw refuse('-1 has no single answer beside an extent of 0')
  if (known % product !== 0) throw refuse(`its ${known} elements do not divide by ${product}`)
  out[inferred] = known / product
  return out
}

/** The same elements under another shape; in `shape`, 0 copies x's extent at that place and one -1 takes what is left. */
export function reshape(x: FloatTensor, shape: readonly number[]): FloatTensor {
  return applyFloat(Reshape, [x], { shape })
}
