/** What operators that slide a window over pictures share: option pairs, ONNX's spatial attributes, output extents. */

import { ShapeError } from '../base/errors.ts'
import { type Dim, formatShape, type SymbolicShape } from '../base/shape.ts'
import type { TensorSpec } from './op.ts'

/** One value for both directions, or [height, width]. */
export type HeightWidth = number | readonly [height: number, width: number]

/** Both values of an option that may be given as one. */
export function heightWidth(value: HeightWidth): readonly [height: number, width: number] {
  return typeof value === 'number' ? [value, value] : value
}

/** ONNX `pads` [top, left, bottom, right] of an option that pads opposite sides alike. */
export function symmetricPads(padding: HeightWidth): readonly number[] {
  const [height, width] = heightWidth(padding)
  return [height, width, height, width]
}

/** A window, in ONNX's attributes: one number for each spatial axis, for example [height, width]. */
export interface WindowAttributes {
  readonly kernel_shape: readonly number[]
  /** Default all 1. */
  readonly strides?: readonly number[]
  /** For each axis how much before it, then for each how much after: [top, left, bottom, right]; default all 0. */
  readonly pads?: readonly number[]
  /** Default all 1. */
  readonly dilations?: readonly number[]
}

/** A window whose attributes are all there and make sense. */
export interface SlidingWindow {
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly dilation: readonly number[]
  /** For each axis how much before it, then for each how much after. */
  readonly pads: readonly number[]
}

/** A `SlidingWindow` over pictures, each pair being [height, width]. */
export interface SpatialWindow extends SlidingWindow {
  readonly kernel: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly dilation: readonly [number, number]
  /** [top, left, bottom, right]. */
  readonly pads: readonly [number, number, number, number]
}

/**
 * Fills in ONNX's defaults for `rank` spatial axes. Throws `ShapeError` for a wrong count of numbers, or one below its
 * least value.
 */
export function slidingWindow(attributes: WindowAttributes, rank: number, operation: string): SlidingWindow {
  const ones = new Array<number>(rank).fill(1)
  const { kernel_shape, strides = ones, pads = new Array<number>(2 * rank).fill(0), dilations = ones } = attributes
  const check = (name: string, values: readonly number[], count: number, least: number): void => {
    if (values.length === count && values.every((value) => Number.isInteger(value) && value >= least)) return
    throw new ShapeError(
      `${operation}: ${name} is ${formatShape(values)}; wanted ${count} integer${count === 1 ? '' : 's'} from ${least} on`,
    )
  }
  check('kernel_shape', kernel_shape, rank, 1)
  check('strides', strides, rank, 1)
  check('pads', pads, 2 * rank, 0)
  check('dilations', dilations, rank, 1)
  return { kernel: kernel_shape, stride: strides, dilation: dilations, pads }
}

/** `slidingWindow` over pictures. */
export function spatialWindow(attributes: WindowAttributes, operation: string): SpatialWindow {
  // The checks have counted.
  return slidingWindow(attributes, 2, operation) as SpatialWindow
}

/** A window over lines as one over pictures of one row. */
export function lineWindow({ kernel, stride, dilation, pads }: SlidingWindow): SpatialWindow {
  return {
    kernel: [1, kernel[0]],
    stride: [1, stride[0]],
    dilation: [1, dilation[0]],
    pads: [0, pads[0], 0, pads[1]],
  }
}

/** [N, C, L] as [N, C, 1, L]: a line is a picture of one row. Other shapes as they are. */
export function asPicture<D extends Dim>(shape: readonly D[]): readonly (D | 1)[] {
  return shape.length === 3 ? [shape[0], shape[1], 1, shape[2]] : shape
}

/**
 * The one float32 input [N, C, ...] of a spatial operator: at least one spatial axis, each of extent 1 or more where
 * known. Throws `ShapeError`.
 */
export function onlyImages(inputs: readonly (TensorSpec | null)[], operation: string): TensorSpec {
  const [input] = inputs
  if (inputs.length !== 1 || !input) throw new ShapeError(`${operation}: wanted one input, got ${inputs.length}`)
  if (input.dtype !== 'float32') throw new ShapeError(`${operation}: wanted a float32 tensor, got ${input.dtype}`)
  if (input.shape.length < 3) {
    throw new ShapeError(
      `${operation}: wanted a tensor of rank 3 or more, [N, C, ...], got ${formatShape(input.shape)}; reshape it first`,
    )
  }
  if (input.shape.indexOf(0, 2) >= 0) {
    throw new ShapeError(`${operation}: ${formatShape(input.shape)} has no pixels; spatial extents must be at least 1`)
  }
  return input
}

/**
 * The output extents of a window that slides over `extents`: floor((extent + pads - dilation (kernel - 1) - 1) / stride)
 * + 1, or with `ceil` the ceiling, except that a window may not start in the padding after the input (PyTorch's and ONNX's
 * rule). A `null` extent gives `null`. Throws `ShapeError` when the window does not fit.
 */
export function slidingExtents(window: SlidingWindow, extents: SymbolicShape, ceil: boolean, operation: string): Dim[] {
  return extents.map((extent, axis): Dim => {
    if (extent === null) return null
    const before = window.pads[axis]
    const after = window.pads[axis + extents.length]
    const stride = window.stride[axis]
    const room = extent + before + after - window.dilation[axis] * (window.kernel[axis] - 1) - 1
    if (room < 0) {
      throw new ShapeError(
        `${operation}: a window of ${window.kernel.join('x')} (dilation ${window.dilation.join('x')}) is larger than the padded input ${formatShape(extents)} with pads ${formatShape(window.pads)}`,
      )
    }
    const count = ceil ? Math.ceil(room / stride) + 1 : Math.floor(room / stride) + 1
    return (count - 1) * stride >= extent + before ? count - 1 : count
  })
}
