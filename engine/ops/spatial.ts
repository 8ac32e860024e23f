/** What operators that slide a window over pictures share: option pairs, ONNX's spatial attributes, output extents. */

import { ShapeError } from '../base/errors.ts'
import { type Dim, formatShape } from '../base/shape.ts'
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

/** A window, in ONNX's attributes. */
export interface WindowAttributes {
  readonly kernel_shape: readonly number[]
  /** [height, width]; default [1, 1]. */
  readonly strides?: readonly number[]
  /** [top, left, bottom, right]; default all 0. */
  readonly pads?: readonly number[]
  /** [height, width]; default [1, 1]. */
  readonly dilations?: readonly number[]
}

/** A window whose attributes are all there and make sense. */
export interface SpatialWindow {
  readonly kernel: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly dilation: readonly [number, number]
  /** [top, left, bottom, right]. */
  readonly pads: readonly [number, number, number, number]
}

/** Fills in ONNX's defaults. Throws `ShapeError` for a wrong count of numbers, or one below its least value. */
export function spatialWindow(attributes: WindowAttributes, operation: string): SpatialWindow {
  const { kernel_shape, strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1] } = attributes
  const check = (name: string, values: readonly number[], count: number, least: number): void => {
    if (values.length === count && values.every((value) => Number.isInteger(value) && value >= least)) return
    throw new ShapeError(`${operation}: ${name} is ${formatShape(values)}; wanted ${count} integers from ${least} on`)
  }
  check('kernel_shape', kernel_shape, 2, 1)
  check('strides', strides, 2, 1)
  check('pads', pads, 4, 0)
  check('dilations', dilations, 2, 1)
  return {
    kernel: [kernel_shape[0], kernel_shape[1]],
    stride: [strides[0], strides[1]],
    dilation: [dilations[0], dilations[1]],
    pads: [pads[0], pads[1], pads[2], pads[3]],
  }
}

/** The one float32 input [N, C, H, W] of a spatial operator, H and W at least 1 where known. Throws `ShapeError`. */
export function onlyImages(inputs: readonly (TensorSpec | null)[], operation: string): TensorSpec {
  const [input] = inputs
  if (inputs.length !== 1 || !input) throw new ShapeError(`${operation}: wanted one input, got ${inputs.length}`)
  if (input.dtype !== 'float32') throw new ShapeError(`${operation}: wanted a float32 tensor, got ${input.dtype}`)
  if (input.shape.length !== 4) {
    throw new ShapeError(
      `${operation}: wanted a rank-4 tensor [N, C, H, W], got ${formatShape(input.shape)}; reshape it first`,
    )
  }
  if (input.shape[2] === 0 || input.shape[3] === 0) {
    throw new ShapeError(`${operation}: ${formatShape(input.shape)} has no pixels; height and width must be at least 1`)
  }
  return input
}

/**
 * The output [height, width] of a window that slides over `height` x `width`: floor((extent + pads - dilation (kernel -
 * 1) - 1) / stride) + 1, or with `ceil` the ceiling, except that a window may not start in the bottom or right padding
 * (PyTorch's and ONNX's rule). A `null` extent gives `null`. Throws `ShapeError` when the window does not fit.
 */
export function slidingExtents(
  window: SpatialWindow,
  height: Dim,
  width: Dim,
  ceil: boolean,
  operation: string,
): [Dim, Dim] {
  const along = (extent: Dim, axis: 0 | 1): Dim => {
    if (extent === null) return null
    const before = window.pads[axis]
    const after = window.pads[axis + 2]
    const stride = window.stride[axis]
    const room = extent + before + after - window.dilation[axis] * (window.kernel[axis] - 1) - 1
    if (room < 0) {
      throw new ShapeError(
        `${operation}: a window of ${window.kernel.join('x')} (dilation ${window.dilation.join('x')}) is larger than the padded input ${formatShape([height, width])} with pads ${formatShape(window.pads)}`,
      )
    }
    const count = ceil ? Math.ceil(room / stride) + 1 : Math.floor(room / stride) + 1
    return (count - 1) * stride >= extent + before ? count - 1 : count
  }
  return [along(height, 0), along(width, 1)]
}
