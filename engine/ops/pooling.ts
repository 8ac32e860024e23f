import { ShapeError } from '../base/errors.ts'
import { formatShape, type Shape, type SymbolicShape, sizeOf } from '../base/shape.ts'
import type { PoolShape } from '../kernels/poolShape.ts'
import type { TensorSpec } from './op.ts'
import {
  type HeightWidth,
  onlyImages,
  type SlidingWindow,
  slidingExtents,
  slidingWindow,
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

/** The window of a pooling of x [N, C, ...]. Throws `ShapeError`. */
export function poolWindow(x: SymbolicShape, attributes: PoolAttributes, operation: string): SlidingWindow {
  return slidingWindow(attributes, x.length - 2, operation)
}

/** [N, C, output extents ...]. Throws `ShapeError` for a window that does not fit or could hold padding only. */
export function poolOutput(
  inputs: readonly (TensorSpec | null)[],
  attributes: PoolAttributes,
  operation: string,
): TensorSpec {
  const { shape } = onlyImages(inputs, operation)
  const window = poolWindow(shape, attributes, operation)
  const reach = window.kernel.map((taps, axis) => window.dilation[axis] * (taps - 1) + 1)
  if (window.pads.some((pad, side) => pad >= reach[side % reach.length])) {
    throw new ShapeError(
      `${operation}: pads ${formatShape(window.pads)} are not all less than the window of ${reach.join('x')}; a window could hold nothing but padding`,
    )
  }
  const extents = slidingExtents(window, shape.slice(2), attributes.ceil_mode === 1, operation)
  return { dtype: 'float32', shape: [shape[0], shape[1], ...extents] }
}

/**
 * What the kernels run on, one after the other, for x and an output that `poolOutput` has accepted. The last two spatial
 * axes are pooled as pictures (a single one as a picture of one row); every axis before them, from the last to the first,
 * as the rows of a picture whose columns are all that follows. A maximum, or a mean over a box, is that of its parts.
 */
export function poolStages(x: Shape, out: Shape, { kernel, stride, dilation, pads }: SlidingWindow): PoolShape[] {
  const rank = kernel.length
  const stages: PoolShape[] = []
  const last = rank - 1
  const rows = rank - 2
  const windowRows = (axis: number) => ({
    planes: sizeOf(x.slice(0, 2 + axis)),
    height: x[2 + axis],
    outHeight: out[2 + axis],
    kernelHeight: kernel[axis],
    strideHeight: stride[axis],
    dilationHeight: dilation[axis],
    padTop: pads[axis],
    padBottom: pads[axis + rank],
  })
  const oneRow = {
    planes: x[0] * x[1],
    height: 1,
    outHeight: 1,
    kernelHeight: 1,
    strideHeight: 1,
    dilationHeight: 1,
    padTop: 0,
    padBottom: 0,
  }
  stages.push({
    ...(rank > 1 ? windowRows(rows) : oneRow),
    width: x[2 + last],
    outWidth: out[2 + last],
    kernelWidth: kernel[last],
    strideWidth: stride[last],
    dilationWidth: dilation[last],
    padLeft: pads[last],
    padRight: pads[last + rank],
  })
  for (let axis = rows - 1; axis >= 0; axis--) {
    const width = sizeOf(out.slice(3 + axis))
    const column = { kernelWidth: 1, strideWidth: 1, dilationWidth: 1, padLeft: 0, padRight: 0 }
    stages.push({ ...windowRows(axis), width, outWidth: width, ...column })
  }
  return stages
}

/** How many elements a stage takes in and gives out. */
export function stageSizes(stage: PoolShape): { input: number; output: number } {
  return {
    input: stage.planes * stage.height * stage.width,
    output: stage.planes * stage.outHeight * stage.outWidth,
  }
}
