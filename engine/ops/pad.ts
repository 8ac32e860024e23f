import { ShapeError } from '../base/errors.ts'
import { type Dim, formatShape, type Shape, type SymbolicShape, stridesOf } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { Op } from './op.ts'
import { onlyTensor } from './reshape.ts'

/** ONNX Pad, whose inputs but the first are attributes here. */
export interface PadAttributes {
  /** For each dimension how much to add before it, then for each how much after it. 'constant' mode may crop (< 0). */
  readonly pads: readonly number[]
  /** 'constant' (default): `value`. 'reflect': mirrored about the edge element. 'edge': the edge element. */
  readonly mode?: 'constant' | 'reflect' | 'edge'
  /** What 'constant' fills with; default 0. */
  readonly value?: number
}

/** ONNX Pad: dimensions extended at either end by a constant or by their own elements. A copy. */
export const Pad: Op<PadAttributes> = {
  name: 'Pad',
  shape(inputs, attributes) {
    const { dtype, shape } = onlyTensor(inputs, 'Pad')
    return [{ dtype, shape: paddedShape(shape, attributes) }]
  },
  forward(context, inputs, attributes) {
    const x = inputs[0] as Tensor
    const out = context.empty(paddedShape(x.shape, attributes) as Shape, x.dtype)
    const { extents, sources } = padSources(x.shape, out.shape, attributes)
    context.kernels.pad(x.data, extents, sources, attributes.value ?? 0, out.data)
    return { outputs: [out] }
  },
  backward(context, { inputs, outputs, attributes, gradOutputs }) {
    const x = inputs[0] as Tensor
    const { extents, sources } = padSources(x.shape, outputs[0].shape, attributes)
    const gradX = context.empty(x.shape)
    context.kernels.padGrad((gradOutputs[0] as FloatTensor).data, extents, sources, gradX.data)
    return [gradX]
  },
  samples() {
    const x = tensor([1, -2, 3, -4, 5, -6], [2, 3])
    return [
      { name: 'constant', inputs: [x], attributes: { pads: [1, 0, 0, 2], value: 1.5 } },
      { name: 'constant, cropping', inputs: [x], attributes: { pads: [-1, 1, 1, -2] } },
      { name: 'reflect', inputs: [x], attributes: { pads: [1, 2, 0, 1], mode: 'reflect' } },
      { name: 'edge', inputs: [x], attributes: { pads: [0, 3, 2, 1], mode: 'edge' } },
    ]
  },
}

/** The extents of the result. Throws `ShapeError` where the pads do not fit the input. */
function paddedShape(input: SymbolicShape, { pads, mode = 'constant' }: PadAttributes): Dim[] {
  const rank = input.length
  const refuse = (why: string): ShapeError =>
    new ShapeError(`Pad: ${formatShape(input)} by ${formatShape(pads)} (${mode}): ${why}`)
  if (mode !== 'constant' && mode !== 'reflect' && mode !== 'edge') {
    throw refuse("the mode is none of 'constant', 'reflect', 'edge'")
  }
  if (pads.length !== 2 * rank || !pads.every(Number.isInteger)) {
    throw refuse(`wanted ${2 * rank} integers: all begins, then all ends`)
  }
  return input.map((extent, axis) => {
    const before = pads[axis]
    const after = pads[axis + rank]
    if (mode !== 'constant' && (before < 0 || after < 0)) throw refuse('only constant mode crops; use slice')
    if (extent === null) return null
    const most = Math.max(before, after)
    if (mode === 'reflect' && most > 0 && most >= extent) {
      throw refuse(`dimension ${axis} has no more than ${Math.max(extent - 1, 0)} elements to reflect`)
    }
    if (mode === 'edge' && most > 0 && extent === 0) throw refuse(`dimension ${axis} has no edge element to repeat`)
    if (extent + before + after < 0) throw refuse(`dimension ${axis} would be cropped to less than nothing`)
    return extent + before + after
  })
}

/** What the kernel runs on: the output's extents (at least one), and the source offset of every index of every axis. */
function padSources(
  input: Shape,
  out: Shape,
  { pads, mode = 'constant' }: PadAttributes,
): { extents: Int32Array; sources: Int32Array } {
  if (input.length === 0) return { extents: Int32Array.of(1), sources: Int32Array.of(0) }
  const sources = new Int32Array(out.reduce((total, extent) => total + extent, 0))
  const strides = stridesOf(input)
  let position = 0
  for (const [axis, extent] of out.entries()) {
    const last = input[axis] - 1
    for (let i = 0; i < extent; i++) {
      let source = i - pads[axis]
      if (mode === 'edge') source = Math.min(Math.max(source, 0), last)
      else if (mode === 'reflect') source = last - Math.abs(last - Math.abs(source))
      sources[position++] = source < 0 || source > last ? -1 : source * strides[axis]
    }
  }
  return { extents: Int32Array.from(out), sources }
}

/** x extended at either end of each dimension; `pads` are all begins, then all ends. Mode 'constant' fills with `value`. */
export function pad(x: FloatTensor, options: PadAttributes): FloatTensor {
  return applyFloat(Pad, [x], options)
}
