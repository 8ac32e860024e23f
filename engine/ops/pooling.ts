import { ShapeError } from '../base/errors.ts'
import { formatShape, type Shape } from '../base/shape.ts'
import type { PoolShape } from '../kernels/poolShape.ts'
import type { TensorSpec } from './op.ts'
import {
  type HeightWidth,
  onlyImages,
  type SpatialWindow,
  slidingExtents,
  spatialWindow,
  type WindowAttributes,
} from './spatial.ts'

/** The window of a pooling operator. */
export interface PoolAttributes extends WindowAttributes {
  /** 1: a last window that leaves the padded picture is kept. Default 0. */
  readonly ceil_mode?: 0 | 1
}

/** The options of a functional pooling. */
export interface PoolOptions {
  readonly kernel: HeightWidth
  /** Default: `kernel`. */
  readonly stride?: HeightWidth
  /** Rows above and below, columns left and right; default 0. */
  readonly padding?: HeightWidth
  /** Keep a last window that leaves the padded picture. Default false. */
  readonly ceilMode?: boolean
}

/** [N, C, out height, out width]. Throws `ShapeError` for a window that does not fit or could hold padding only. */
export function poolOutput(
  inputs: readonly (TensorSpec | null)[],
  attributes: PoolAttributes,
  operation: string,
): TensorSpec {
  const { shape } = onlyImages(inputs, operation)
  const window = spatialWindow(attributes, operation)
  const reach = window.kernel.map((taps, axis) => window.dilation[axis] * (taps - 1) + 1)
  if (window.pads.some((pad, side) => pad >= reach[side % 2])) {
    throw new ShapeError(
      `${operation}: pads ${formatShape(window.pads)} are not all less than the window of ${reach.join('x')}; a window could hold nothing but padding`,
    )
  }
  const extents = slidingExtents(window, shape[2], shape[3], attributes.ceil_mode === 1, operation)
  return { dtype: 'float32', shape: [shape[0], shape[1], ...extents] }
}

/** What a pooling kernel runs on, for an input and an output that `poolOutput` has accepted. */
export function poolShape(x: Shape, out: Shape, window: SpatialWindow): PoolShape {
  const { kernel, stride, dilation, pads } = window
  return {
    planes: x[0] * x[1],
    height: x[2],
    width: x[3],
    outHeight: out[2],
    outWidth: out[3],
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideHeight: stride[0],
    strideWidth: stride[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    padTop: pads[0],
    padLeft: pads[1],
    padBottom: pads[2],
    padRight: pads[3],
  }
}
