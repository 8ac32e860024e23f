import { ShapeError } from '../base/errors.ts'
import { type Dim, formatShape, normaliseAxis, type Shape, stridesOf } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import type { FloatTensor, Tensor } from '../core/tensor.ts'
import type { Op } from './op.ts'
import { onlyTensor } from './reshape.ts'
import { sampleTensor } from './sampleTensor.ts'

/** ONNX Slice, whose inputs but the first are attributes here. All lists have one number for each axis named. */
export interface SliceAttributes {
  /** First indices; negative ones count from the end, and all are clamped to the dimension. */
  readonly starts: readonly number[]
  /** Indices before which to stop, likewise; any large number means the end. */
  readonly ends: readonly number[]
  /** Default: the first dimensions, in order. */
  readonly axes?: readonly number[]
  /** Default all 1; negative steps walk backwards; never 0. */
  readonly steps?: readonly number[]
}

/** One dimension of a slice: the first index, the step and how many. */
interface Range {
  readonly start: number
  readonly step: number
  readonly extent: number
}

/** ONNX Slice: every `step`-th index from `start` up to, not including, `end` of some dimensions. A copy. */
export const Slice: Op<SliceAttributes> = {
  name: 'Slice',
  shape(inputs, attributes) {
    const { dtype, shape } = onlyTensor(inputs, 'Slice')
    const ranges = checkedRanges(shape.length, attributes)
    return [
      {
        dtype,
        shape: shape.map((extent, axis): Dim => {
          const range = ranges[axis]
          return range === null ? extent : extent === null ? null : clamped(extent, range).extent
        }),
      },
    ]
  },
  forward(context, inputs, attributes) {
    const x = inputs[0] as Tensor
    const { shape, offset, strides } = sliceLayout(x.shape, attributes)
    const out = context.empty(shape, x.dtype)
    const layout = { shape, xOffset: offset, xStrides: strides, outOffset: 0, outStrides: stridesOf(shape) }
    context.kernels.stridedCopy(x.data, layout, out.data)
    return { outputs: [out] }
  },
  backward(context, { inputs, attributes, gradOutputs }) {
    const x = inputs[0] as Tensor
    const { shape, offset, strides } = sliceLayout(x.shape, attributes)
    const gradX = context.empty(x.shape)
    gradX.data.fill(0)
    const layout = { shape, xOffset: 0, xStrides: stridesOf(shape), outOffset: offset, outStrides: strides }
    context.kernels.stridedCopy((gradOutputs[0] as FloatTensor).data, layout, gradX.data)
    return [gradX]
  },
  samples: () => [
    { name: 'first dimensions', inputs: [sampleTensor([2, 3, 4])], attributes: { starts: [1, 0], ends: [2, 2] } },
    {
      name: 'steps, backwards, from the end',
      inputs: [sampleTensor([2, 3, 4])],
      attributes: { starts: [-1, 0], ends: [-10, 4], axes: [1, -1], steps: [-2, 3] },
    },
  ],
}

/** For each dimension what is asked of it, null where the slice leaves it whole. Throws `ShapeError`. */
function checkedRanges(
  rank: number,
  attributes: SliceAttributes,
): ({ readonly start: number; readonly end: number; readonly step: number } | null)[] {
  const { starts, ends } = attributes
  const axes = attributes.axes ?? starts.map((_, i) => i)
  const steps = attributes.steps ?? starts.map(() => 1)
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length) {
    throw new ShapeError(
      `Slice: ${starts.length} starts, ${ends.length} ends, ${axes.length} axes, ${steps.length} steps; wanted as many of each`,
    )
  }
  const ranges = new Array<{ start: number; end: number; step: number } | null>(rank).fill(null)
  for (let i = 0; i < starts.length; i++) {
    const axis = normaliseAxis(axes[i], rank, 'Slice')
    const range = { start: starts[i], end: ends[i], step: steps[i] }
    if (ranges[axis] !== null) throw new ShapeError(`Slice: axes ${formatShape(axes)} name dimension ${axis} twice`)
    if (!Number.isInteger(range.start) || !Number.isInteger(range.end) || !Number.isInteger(range.step)) {
      throw new ShapeError(`Slice: ${range.start}:${range.end}:${range.step} on axis ${axis}: wanted integers`)
    }
    if (range.step === 0) throw new ShapeError(`Slice: the step on axis ${axis} is 0`)
    ranges[axis] = range
  }
  return ranges
}

/** ONNX's clamping: start to [0, extent] or walking backwards [0, extent - 1], end to [0, extent] or [-1, extent - 1]. */
function clamped(
  extent: number,
  { start, end, step }: { readonly start: number; readonly end: number; readonly step: number },
): Range {
  const least = step > 0 ? 0 : -1
  const most = step > 0 ? extent : extent - 1
  const from = Math.min(Math.max(start < 0 ? start + extent : start, 0), most)
  const to = Math.min(Math.max(end < 0 ? end + extent : end, least), most)
  return { start: from, step, extent: Math.max(0, Math.ceil((to - from) / step)) }
}

/** Where the elements of a slice lie in its input. */
function sliceLayout(
  input: Shape,
  attributes: SliceAttributes,
): { shape: number[]; offset: number; strides: number[] } {
  const strides = stridesOf(input)
  const shape = [...input]
  let offset = 0
  for (const [axis, range] of checkedRanges(input.length, attributes).entries()) {
    if (range === null) continue
    const { start, step, extent } = clamped(input[axis], range)
    shape[axis] = extent
    offset += start * strides[axis]
    strides[axis] *= step
  }
  return { shape, offset, strides }
}

/**
 * Part of x: on each of `axes` (default: the first dimensions) the indices from `starts` up to, not including, `ends`
 * in `steps` (default 1). Negative indices count from the end; steps may be negative.
 * @example slice(x, { starts: [0], ends: [8], axes: [-1] })
 */
export function slice(x: FloatTensor, options: SliceAttributes): FloatTensor {
  return applyFloat(Slice, [x], options)
}
