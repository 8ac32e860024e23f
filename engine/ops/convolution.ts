/**
 * What Conv and ConvTranspose share: attributes, options, and the checks of their operands. A convolution over lines [N, C, L]
 * is one over pictures of one row, [N, C, 1, L].
 */

import { ShapeError } from '../base/errors.ts'
import { type Dim, formatShape, type Shape, type SymbolicShape } from '../base/shape.ts'
import type { ConvShape } from '../kernels/convShape.ts'
import type { TensorSpec } from './op.ts'
import {
  asPicture,
  type HeightWidth,
  heightWidth,
  lineWindow,
  type SpatialWindow,
  slidingWindow,
  spatialWindow,
  symmetricPads,
  type WindowAttributes,
} from './spatial.ts'

/** ONNX's attributes of a convolution; one number for each spatial axis in each list. */
export interface ConvAttributes extends Omit<WindowAttributes, 'kernel_shape'> {
  /** Default: the weight's extents, which it must equal. */
  readonly kernel_shape?: readonly number[]
  /** Input and output channels are split into this many independent groups; default 1. */
  readonly group?: number
}

/** The options of a functional convolution. */
export interface ConvOptions {
  /** Default 1. */
  readonly stride?: HeightWidth
  /** Rows above and below, columns left and right; default 0. */
  readonly padding?: HeightWidth
  /** Default 1. */
  readonly dilation?: HeightWidth
  /** Default 1. */
  readonly groups?: number
}

/** ONNX's attributes of functional options. */
export function convAttributes(options: ConvOptions): ConvAttributes {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options
  return {
    strides: heightWidth(stride),
    pads: symmetricPads(padding),
    dilations: heightWidth(dilation),
    group: groups,
  }
}

/** The operands of a convolution whose ranks and dtypes are right, as pictures. */
export interface ConvOperands {
  /** [N, C, H, W]. */
  readonly x: TensorSpec
  /** The extents of the weight, [O, C / group, kh, kw]. */
  readonly weight: Shape
  readonly bias: TensorSpec | null
  readonly window: SpatialWindow
  readonly group: number
  /** Whether they are given as lines. */
  readonly isLine: boolean
}

/**
 * The window over pictures and the number of groups of a convolution with this weight, of rank 3 or 4. Throws `ShapeError`
 * for attributes that make no sense or do not fit the weight.
 */
export function convWindow(
  weight: Shape,
  attributes: ConvAttributes,
  operation: string,
): { window: SpatialWindow; group: number } {
  const { group = 1, kernel_shape = weight.slice(2) } = attributes
  if (!Number.isInteger(group) || group < 1) {
    throw new ShapeError(`${operation}: group is ${group}; wanted an integer from 1 on`)
  }
  if (weight[0] % group !== 0) {
    throw new ShapeError(`${operation}: the weight ${formatShape(weight)} does not split into ${group} groups`)
  }
  const given = { ...attributes, kernel_shape }
  const isLine = weight.length === 3
  const window = isLine ? lineWindow(slidingWindow(given, 1, operation)) : spatialWindow(given, operation)
  if (kernel_shape.some((taps, axis) => taps !== weight[2 + axis])) {
    throw new ShapeError(
      `${operation}: kernel_shape is ${formatShape(kernel_shape)}, the weight ${formatShape(weight)}; they must agree`,
    )
  }
  return { window, group }
}

/** Checks number, dtype and rank of the inputs X, W and B, and the attributes. Throws `ShapeError`. */
export function convOperands(
  inputs: readonly (TensorSpec | null)[],
  attributes: ConvAttributes,
  operation: string,
): ConvOperands {
  const [x, w, bias = null] = inputs
  if (inputs.length < 2 || inputs.length > 3 || !x || !w) {
    throw new ShapeError(`${operation}: wanted the inputs X, W and optionally B, got ${inputs.length}`)
  }
  for (const input of [x, w, bias]) {
    if (input !== null && input.dtype !== 'float32') {
      throw new ShapeError(`${operation}: wanted float32 tensors, got ${input.dtype}`)
    }
  }
  if (x.shape.length !== 3 && x.shape.length !== 4) {
    throw new ShapeError(
      `${operation}: only convolutions of one or two dimensions are supported: wanted x as [N, C, L] or [N, C, H, W], got ${formatShape(x.shape)}; give other ranks extents of 1`,
    )
  }
  if (w.shape.length !== x.shape.length || w.shape.includes(null)) {
    throw new ShapeError(
      `${operation}: wanted a weight of rank ${x.shape.length} and known shape, got ${formatShape(w.shape)}`,
    )
  }
  const weight = w.shape as Shape
  return {
    x: { dtype: x.dtype, shape: asPicture(x.shape) },
    weight: asPicture(weight),
    bias,
    ...convWindow(weight, attributes, operation),
    isLine: weight.length === 3,
  }
}

/** The shape of a result [N, C, H, W]: without the one row where the operands are lines. */
export function resultShape(operands: ConvOperands, [n, c, height, width]: readonly Dim[]): SymbolicShape {
  return operands.isLine ? [n, c, width] : [n, c, height, width]
}

/** Throws `ShapeError` unless the channels of x, where known, and of the bias are what the weight asks for. */
export function checkChannels(operands: ConvOperands, channels: number, outChannels: number, operation: string): void {
  const { x, weight, bias, group } = operands
  if (x.shape[1] !== null && x.shape[1] !== channels) {
    throw new ShapeError(
      `${operation}: x is ${formatShape(x.shape)}, the weight ${formatShape(weight)} with ${group} group(s); wanted ${channels} channels in x`,
    )
  }
  if (bias !== null && (bias.shape.length !== 1 || (bias.shape[0] !== null && bias.shape[0] !== outChannels))) {
    throw new ShapeError(`${operation}: the bias is ${formatShape(bias.shape)}; wanted [${outChannels}]`)
  }
}

/** The two spatial extents of an output by `rule` (null where the input's is). Throws `ShapeError` where one is below 1. */
export function outputExtents(
  operands: ConvOperands,
  rule: (extent: number, axis: 0 | 1) => number,
  operation: string,
): [Dim, Dim] {
  const { x, weight, window } = operands
  const along = (axis: 0 | 1): Dim => {
    const extent = x.shape[2 + axis]
    if (extent === null) return null
    const out = rule(extent, axis)
    if (extent >= 1 && out >= 1) return out
    throw new ShapeError(
      `${operation}: x ${formatShape(x.shape)} with the weight ${formatShape(weight)}, pads ${formatShape(window.pads)}, strides ${formatShape(window.stride)}, dilations ${formatShape(window.dilation)} leaves no output; enlarge x or its padding`,
    )
  }
  return [along(0), along(1)]
}

/**
 * What the kernels run on, for checked operands: the convolution that turns `wideShape` [N, C, H, W] into `narrowShape` [N, O, OH,
 * OW], or lines likewise. For Conv the wide one is the input, for ConvTranspose it is the output.
 */
export function convShape(
  wideShape: Shape,
  weight: Shape,
  narrowShape: Shape,
  attributes: ConvAttributes,
  operation: string,
): ConvShape {
  const { window, group } = convWindow(weight, attributes, operation)
  const wide = asPicture(wideShape)
  const narrow = asPicture(narrowShape)
  return {
    batch: wide[0],
    groups: group,
    channels: wide[1],
    height: wide[2],
    width: wide[3],
    outChannels: narrow[1],
    outHeight: narrow[2],
    outWidth: narrow[3],
    kernelHeight: window.kernel[0],
    kernelWidth: window.kernel[1],
    strideHeight: window.stride[0],
    strideWidth: window.stride[1],
    dilationHeight: window.dilation[0],
    dilationWidth: window.dilation[1],
    padTop: window.pads[0],
    padLeft: window.pads[1],
  }
}
