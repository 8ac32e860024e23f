/** Conv, Gemm and MatMul with constant weights, in QDQ and in QLinear form. */

import { FormatError } from '../../../engine/base/errors.ts'
import { formatShape, type Shape, sameShape } from '../../../engine/base/shape.ts'
import { slidingExtents, slidingWindow, type WindowAttributes } from '../../../engine/ops/spatial.ts'
import type { LayerCodes } from '../../../quant/integer/lower/layerStep.ts'
import { autoPad, slidingPads, windowOf } from '../import/window.ts'
import { activationQuantiser, dequantisedConstant, layerBias, layerCodes } from './constants.ts'
import { codesName } from './names.ts'
import type { NodeReader } from './node.ts'
import {
  type LayerBias,
  type LayerConstants,
  type Operation,
  type QuantisedValue,
  sameQuantiser,
  type Tensor,
  type View,
  wholeView,
} from './tensors.ts'

/** A value in the shape that the file gives it. */
interface Rows {
  readonly value: QuantisedValue
  readonly view: View
}

/** A window over the plane of [C, H, W], and the extents that it leaves; auto_pad made pads. */
export function pictureWindow(
  { attributes, where }: NodeReader,
  kernel: readonly number[],
  [, ...plane]: Shape,
): { window: WindowAttributes; extents: number[] } {
  if (plane.length !== 2 || kernel.length !== 2) {
    throw new FormatError(`a window of ${kernel.length} dimensions over ${formatShape(plane)}; wanted [N, C, H, W]`)
  }
  const given = windowOf(attributes, kernel, where)
  const pads = slidingPads(given, plane, autoPad(attributes, where))
  const window = { kernel_shape: given.kernel, strides: given.strides, pads, dilations: given.dilations }
  const ceil = attributes.int('ceil_mode', 0) === 1
  return { window, extents: slidingExtents(slidingWindow(window, 2, where), plane, ceil, where) as number[] }
}

const convAttributes = ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides']

/** The weights of a convolution. */
function kernelCodes({ graph: { backend } }: NodeReader, weight: Tensor): LayerCodes {
  return layerCodes(weight, { rank: 4, channels: 0 }, backend.weights, backend)
}

/** The weights of a linear layer, output channels on axis `channels`. */
function matrixCodes({ graph: { backend } }: NodeReader, weight: Tensor, channels: 0 | 1): LayerCodes {
  return layerCodes(weight, { rank: 2, channels }, backend.gemmWeights ?? backend.weights, backend)
}

/** The bias of a float operator: its input 2. */
function biasOf(node: NodeReader, { shape: [channels] }: LayerCodes): LayerBias | null {
  return node.has(2) ? layerBias(node.tensor(2), channels) : null
}

/** A convolution of codes [C, H, W]. */
function convolution(node: NodeReader, input: QuantisedValue, layer: LayerConstants): Operation {
  const { weight } = layer
  const [channels, perGroup, ...kernel] = weight.shape
  const group = node.attributes.int('group', 1)
  const [depth] = input.shape
  if (!(group >= 1 && group <= channels) || perGroup * group !== depth || channels % group !== 0) {
    throw new FormatError(
      `its weight is ${formatShape(weight.shape)} with group ${group}, its input ${formatShape([null, ...input.shape])}`,
    )
  }
  const { window, extents } = pictureWindow(node, kernel, input.shape)
  if (window.kernel_shape.some((extent, axis) => extent !== kernel[axis])) {
    throw new FormatError(
      `kernel_shape ${formatShape(window.kernel_shape)}, but its weight is ${formatShape(weight.shape)}`,
    )
  }
  return node.operation('Conv', [input], [channels, ...extents], { attributes: { ...window, group }, layer })
}

/**
 * A linear layer on the rows of a value, and the view of its result. A matrix of features is a Gemm to a back end, as
 * it is to the export, and more dimensions a MatMul.
 */
function linear(
  node: NodeReader,
  { value, view }: Rows,
  layer: LayerConstants,
): { readonly operation: Operation; readonly view: View } {
  const [channels, depth] = layer.weight.shape
  if (view.dims.at(-1) !== depth) {
    throw new FormatError(`its weight takes ${depth} features, its input is ${formatShape([null, ...view.dims])}`)
  }
  // Rows that are a value's own need no reshape.
  const isOwn = view.dims.length === 1 && value.shape.at(-1) === depth
  const shape = view.rows === 1 ? view.dims : [view.rows, ...view.dims]
  const input = isOwn ? value : node.graph.reshaped(value, shape)
  const op = input.shape.length === 1 ? 'Gemm' : 'MatMul'
  const operation = node.operation(op, [input], [...input.shape.slice(0, -1), channels], { layer })
  return { operation, view: { rows: view.rows, dims: [...view.dims.slice(0, -1), channels] } }
}

/** Conv. */
export function readConv(node: NodeReader): void {
  node.allow(...convAttributes)
  const weight = kernelCodes(node, node.tensor(1))
  node.unquantised(convolution(node, node.real(0), { weight, bias: biasOf(node, weight) }))
}

/** Gemm: x W + b with transA 0, alpha and beta 1. */
export function readGemm(node: NodeReader): void {
  node.allow('alpha', 'beta', 'transA', 'transB')
  const { attributes } = node
  if (attributes.int('transA', 0) !== 0 || attributes.float('alpha', 1) !== 1 || attributes.float('beta', 1) !== 1) {
    node.refuse('wanted transA 0, alpha 1, beta 1')
  }
  const x = node.coded(0, 'real')
  if (x.view.dims.length !== 1) {
    throw new FormatError(`its input is ${formatShape([null, ...x.view.dims])}; wanted a matrix`)
  }
  const weight = matrixCodes(node, node.tensor(1), attributes.int('transB', 0) === 0 ? 1 : 0)
  const { operation, view } = linear(node, x, { weight, bias: biasOf(node, weight) })
  node.unquantised(operation, view)
}

/** MatMul by a constant matrix. */
export function readMatMul(node: NodeReader): void {
  node.allow()
  const weight = matrixCodes(node, node.tensor(1), 1)
  const { operation, view } = linear(node, node.coded(0, 'real'), { weight, bias: null })
  node.unquantised(operation, view)
}

/** Codes with the quantiser that a QLinear operator states for them. */
function qLinearInput(node: NodeReader): Rows {
  const x = node.coded(0, 'codes')
  const { backend } = node.graph
  const stated = activationQuantiser(node.constant(1), node.optionalConstant(2), x.value.quantiser.type, backend)
  if (!sameQuantiser(stated, x.value.quantiser)) node.refuse(`it reads '${x.value.name}' with another quantiser`)
  return x
}

/** The constant weights of a QLinear operator, scales along `axis`. */
function qLinearWeight(node: NodeReader, axis: number): Tensor {
  return dequantisedConstant(node.constant(3), node.constant(4), node.optionalConstant(5), axis)
}

/** Quantises an operation as inputs 6 and 7 of a QLinear operator say. */
function qLinearOutput(node: NodeReader, operation: Operation, view: View, type: string): void {
  const { backend } = node.graph
  const quantiser = activationQuantiser(node.constant(6), node.optionalConstant(7), type, backend)
  const value = node.graph.quantiseOperation(operation, quantiser, codesName(node.output, node.name))
  node.define({ kind: 'codes', value, view })
}

/** Whether a Reshape of codes made pictures of one pixel: the form in which QLinearConv computes a linear layer. */
function isRowPicture({ value, view }: Rows, weight: Shape): boolean {
  const { dims } = view
  const isReshaped = view.rows > 1 || !sameShape(value.shape, dims)
  return isReshaped && dims.length === 3 && dims[1] === 1 && dims[2] === 1 && weight[2] === 1 && weight[3] === 1
}

/**
 * QLinearConv. Over pictures of one pixel that a Reshape made of rows of codes it is a linear layer, which back ends
 * may compute otherwise than a convolution.
 */
export function readQLinearConv(node: NodeReader): void {
  node.allow(...convAttributes)
  const x = qLinearInput(node)
  const weight = kernelCodes(node, qLinearWeight(node, 0))
  const bias = qLinearBias(node, weight)
  const { type } = x.value.quantiser
  if (node.attributes.int('group', 1) !== 1 || !isRowPicture(x, weight.shape)) {
    const operation = convolution(node, node.graph.viewed(x.value, x.view), { weight, bias })
    qLinearOutput(node, operation, wholeView(operation.shape), type)
    return
  }
  const { extents } = pictureWindow(node, weight.shape.slice(2), x.view.dims)
  if (extents.some((extent) => extent !== 1)) node.refuse('padding around pictures of one pixel')
  const rows = { value: x.value, view: { rows: x.view.rows, dims: x.view.dims.slice(0, 1) } }
  const matrix = { ...weight, shape: weight.shape.slice(0, 2) }
  const { operation, view } = linear(node, rows, { weight: matrix, bias })
  qLinearOutput(node, operation, { rows: view.rows, dims: [...view.dims, 1, 1] }, type)
}

/** Input 8 of QLinearConv: codes of scale s_x * s_w. */
function qLinearBias(node: NodeReader, { shape: [channels] }: LayerCodes): LayerBias | null {
  const bias = node.optionalConstant(8)
  if (bias === null) return null
  if (bias.type !== 'int32') return node.refuse(`its bias is ${bias.type}; wanted int32`)
  if (bias.data.length !== channels) throw new FormatError(`a bias of ${bias.data.length} for ${channels} channels`)
  return { kind: 'codes', codes: bias.data, scale: null }
}

/** QLinearMatMul by a constant matrix. */
export function readQLinearMatMul(node: NodeReader): void {
  node.allow()
  const x = qLinearInput(node)
  const weight = matrixCodes(node, qLinearWeight(node, 1), 1)
  const { operation, view } = linear(node, x, { weight, bias: null })
  qLinearOutput(node, operation, view, x.value.quantiser.type)
}
