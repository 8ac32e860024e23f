import { ShapeError } from '../base/errors.ts'
import { formatShape, normaliseAxis, stridesOf } from '../base/shape.ts'
import { applyOp } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor } from '../core/tensor.ts'
import type { CopyLayout } from '../kernels/stridedCopy.ts'
import type { Op } from './op.ts'
import { onlyTensor } from './reshape.ts'
import { sampleTensor } from './sampleTensor.ts'

/** ONNX Split, whose second input is an attribute here. Either `split` or `num_outputs` is given. */
export interface SplitAttributes {
  /** The dimension that is split, in [-rank, rank); default 0. */
  readonly axis?: number
  /** The extents of the parts. */
  readonly split?: readonly number[]
  /** This many parts, all of extent ceil(extent / num_outputs) but the last, which has what is left. */
  readonly num_outputs?: number
}

/** ONNX Split: consecutive parts of one dimension, copied; one output for each. Any dtype. */
export const Split: Op<SplitAttributes> = {
  name: 'Split',
  shape(inputs, attributes) {
    const { dtype, shape } = onlyTensor(inputs, 'Split')
    const axis = normaliseAxis(attributes.axis ?? 0, shape.length, 'Split')
    return partExtents(shape[axis], attributes).map((part) => ({
      dtype,
      shape: shape.map((extent, i) => (i === axis ? part : extent)),
    }))
  },
  forward(context, inputs, attributes) {
    const x = inputs[0] as Tensor
    const outputs = partLayouts(x, attributes).map(({ shape, offset }) => {
      const out = context.empty(shape, x.dtype)
      const layout: CopyLayout = {
        shape,
        xOffset: offset,
        xStrides: stridesOf(x.shape),
        outOffset: 0,
        outStrides: stridesOf(shape),
      }
      context.kernels.stridedCopy(x.data, layout, out.data)
      return out
    })
    return { outputs }
  },
  backward(context, { inputs, attributes, gradOutputs }) {
    const x = inputs[0] as Tensor
    const gradX = context.empty(x.shape)
    if (gradOutputs.includes(null)) gradX.data.fill(0)
    for (const [i, { shape, offset }] of partLayouts(x, attributes).entries()) {
      const gradOut = gradOutputs[i]
      if (gradOut === null) continue
      const layout: CopyLayout = {
        shape,
        xOffset: 0,
        xStrides: stridesOf(shape),
        outOffset: offset,
        outStrides: stridesOf(x.shape),
      }
      context.kernels.stridedCopy(gradOut.data, layout, gradX.data)
    }
    return [gradX]
  },
  samples: () => [
    { name: 'unlike parts, middle axis', inputs: [sampleTensor([2, 5, 3])], attributes: { axis: 1, split: [2, 0, 3] } },
    { name: 'three of seven', inputs: [sampleTensor([7])], attributes: { num_outputs: 3 } },
    { name: 'one part', inputs: [sampleTensor([2, 2])], attributes: { axis: -1, num_outputs: 1 } },
  ],
}

/** The extents of the parts; null where the input's is not known and the attributes do not say. Throws `ShapeError`. */
function partExtents(extent: number | null, { split, num_outputs }: SplitAttributes): (number | null)[] {
  if (split !== undefined && num_outputs === undefined) {
    const total = split.reduce((sum, part) => sum + part, 0)
    if (!split.every((part) => Number.isInteger(part) && part >= 0) || (extent !== null && total !== extent)) {
      throw new ShapeError(
        `Split: parts ${formatShape(split)} of a dimension of ${extent ?? '?'}; wanted integers from 0 on that add up to it`,
      )
    }
    return [...split]
  }
  if (split !== undefined || num_outputs === undefined || !Number.isInteger(num_outputs) || num_outputs < 1) {
    throw new ShapeError(
      `Split: split is ${split === undefined ? 'absent' : formatShape(split)}, num_outputs ${num_outputs ?? 'absent'}; wanted one of them, num_outputs an integer from 1 on`,
    )
  }
  if (extent === null) return new Array<null>(num_outputs).fill(null)
  const part = Math.ceil(extent / num_outputs)
  return Array.from({ length: num_outputs }, (_, i) => Math.min(part, Math.max(extent - i * part, 0)))
}

/** The shape of each part, and where in x its first element lies. */
function partLayouts(x: Tensor, attributes: SplitAttributes): { shape: number[]; offset: number }[] {
  const axis = normaliseAxis(attributes.axis ?? 0, x.shape.length, 'Split')
  const stride = stridesOf(x.shape)[axis]
  let first = 0
  return (partExtents(x.shape[axis], attributes) as number[]).map((part) => {
    const offset = first * stride
    first += part
    return { shape: x.shape.map((extent, i) => (i === axis ? part : extent)), offset }
  })
}

/**
 * Consecutive parts of dimension `axis` (default 0). `parts` are their extents, or one extent for all of them, the last
 * having what is left (PyTorch's split).
 * @example split(x, [2, 3], 1)
 */
export function split(x: FloatTensor, parts: number | readonly number[], axis = 0): FloatTensor[] {
  const extent = x.shape[normaliseAxis(axis, x.shape.length, 'Split')]
  const extents = typeof parts === 'number' ? equalParts(extent, parts) : parts
  return applyOp(Split, [x], { axis, split: extents }).map((part) => asFloat(part, 'Split'))
}

function equalParts(extent: number, part: number): number[] {
  if (!Number.isInteger(part) || part < 1) throw new ShapeError(`Split: parts of ${part}; wanted an integer from 1 on`)
  const count = Math.max(Math.ceil(extent / part), 1)
  return Array.from({ length: count }, (_, i) => Math.min(part, extent - i * part))
}
