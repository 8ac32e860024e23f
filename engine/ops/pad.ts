import { ShapeError } from '../base/errors.ts'
import { type Dim, formatShape, type Shape, type SymbolicShape, stridesOf } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { Op } from './op.ts'
import { onlyTensor } from './reshape.ts'

/** ONNX Pad, whose inputs but the first are attributes here. */
export interface PadAttributes {
  /** For each dimension how much to add before it, then for each how much after it; negative ones crop, first. */
  readonly pads: readonly number[]
  /**
   * 'constant' (default): `value`. 'reflect': mirrored about the edge element. 'edge': the edge element. 'wrap': from the
   * other end.
   */
  readonly mode?: 'constant' | 'reflect' | 'edge' | 'wrap'
  /** What 'constant' fills with; default 0. */
  readonly value?: number
}

const modes = ['constant', 'reflect', 'edge', 'wrap']

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
      { name: 'wrap, further than the input', inputs: [x], attributes: { pads: [1, 4, 0, 2], mode: 'wrap' } },
      { name: 'reflect, cropping', inputs: [x], attributes: { pads: [0, -1, 1, 1], mode: 'reflect' } },
    ]
  },
}

/** The extents of the result. Throws `ShapeError` where the pads do not fit the input. */
function paddedShape(input: SymbolicShape, { pads, mode = 'constant' }: PadAttributes): Dim[] {
  const rank = input.length
  const refuse = (why: string): ShapeError =>
    new ShapeError(`Pad: ${formatShape(input)} by ${formatShape(pads)} (${mode}): ${why}`)
  if (!modes.includes(mode)) throw refuse(`the mode is none of ${modes.map((name) => `'${name}'`).join(', ')}`)
  if (pads.length !== 2 * rank || !pads.every(Number.isInteger)) {
    throw refuse(`wanted ${2 * rank} integers: all begins, then all ends`)
  }
  return input.map((extent, axis) => {
    if (extent === null) return null
    const { before, after, kept } = cropped(extent, pads[axis], pads[axis + rank])
    if (extent + pads[axis] + pads[axis + rank] < 0)
      throw refuse(`dimension ${axis} would be cropped to less than nothing`)
    const most = Math.max(before, after)
    if (mode !== 'constant' && most > 0) {
      if (mode === 'reflect' && most >= kept) {
        throw refuse(`dimension ${axis} has no more than ${Math.max(kept - 1, 0)} elements to reflect`)
      }
      if (kept <= 0) throw refuse(`dimension ${axis} has no element to repeat`)
    }
    return extent + pads[axis] + pads[axis + rank]
  })
}

/** How much a dimension is extended at either end, and which of its elements cropping leaves. */
function cropped(
  extent: number,
  begin: number,
  end: number,
): { before: number; after: number; first: number; kept: number } {
  const first = Math.max(-begin, 0)
  return { before: Math.max(begin, 0), after: Math.max(end, 0), first, kept: extent - first - Math.max(-end, 0) }
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
    const { before, first, kept } = cropped(input[axis], pads[axis], pads[axis + out.length])
    for (let i = 0; i < extent; i++) {
      const place = sourceOf(i - before, kept, mode)
      sources[position++] = place < 0 || place >= kept ? -1 : (first + place) * strides[axis]
    }
  }
  return { extents: Int32Array.from(out), sources }
}

/** Which of `kept` elements stands at `place`, an index of theirs that may lie outside; outside for 'constant'. */
function sourceOf(place: number, kept: number, mode: PadAttributes['mode']): number {
  switch (mode) {
    case 'edge':
      return Math.min(Math.max(place, 0), kept - 1)
    case 'reflect':
      return kept - 1 - Math.abs(kept - 1 - Math.abs(place))
    case 'wrap':
      return place - Math.floor(place / kept) * kept
    default:
      return place
  }
}

/** x extended at either end of each dimension; `pads` are all begins, then all ends. Mode 'constant' fills with `value`. */
export function pad(x: FloatTensor, options: PadAttributes): FloatTensor {
  return applyFloat(Pad, [x], options)
}
