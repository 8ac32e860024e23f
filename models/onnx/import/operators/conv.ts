import { UnsupportedError } from '../../../../engine/base/errors.ts'
import type { AttributeKind, OnnxAttributes } from '../../attributes.ts'
import type { OnnxTensor } from '../../model.ts'
import type { NodeAttributes, NodeBuilder } from '../nodeBuilder.ts'
import { autoPad, reach, slidingPads, splitPadding, type Window, windowOf } from '../window.ts'
import { type Convolution, convolve, convolveTransposed } from './convolve.ts'
import type { OnnxCall, OnnxOperator } from './operator.ts'

/** The attributes that all convolutions have. */
export const convolutionAttributes: Readonly<Record<string, AttributeKind>> = {
  auto_pad: 'string',
  dilations: 'ints',
  group: 'int',
  kernel_shape: 'ints',
  pads: 'ints',
  strides: 'ints',
}

/** The kernel's extents, from the weight's shape. */
function kernelOf(node: NodeBuilder, weight: number): number[] {
  return node.shape(weight).slice(2) as number[]
}

/** The extents that a window slides over, or a refusal where one is known only at run time. */
function knownExtents(node: NodeBuilder, input: number): number[] {
  const extents = node.shape(input).slice(2)
  if (extents.includes(null)) {
    node.refuse('its padding follows from extents that are known only at run time; bind them in the option dims')
  }
  return extents as number[]
}

/** The attributes of a convolution of input `x` with `weight`, auto_pad made pads, the others as they are in the file. */
export function convolutionWindow(node: NodeBuilder, x: number, weight: number): NodeAttributes {
  const { attributes } = node
  const given = attributes.given('kernel_shape', 'strides', 'pads', 'dilations', 'group')
  const padding = autoPad(attributes, node.where)
  if (padding === 'NOTSET') return given
  const window = windowOf(attributes, kernelOf(node, weight), node.where)
  const extents = padding === 'VALID' ? [] : knownExtents(node, x)
  return { ...given, pads: slidingPads(window, extents, padding) }
}

/** Convolutions over more than two dimensions, which a graph does not have, are only evaluated. */
function isDeep({ inputs }: OnnxCall): boolean {
  return (inputs[0]?.dims.length ?? 0) > 4
}

/** The operands of an evaluation, `window` with its pads. Throws `UnsupportedError` unless all are float32. */
function operandsOf({ inputs, attributes, maxElements }: OnnxCall, window: Window): Convolution {
  const [x, weight, bias = null] = inputs as [OnnxTensor, OnnxTensor, (OnnxTensor | null)?]
  for (const tensor of [x, weight, bias]) {
    if (tensor && tensor.type !== 'float32')
      throw new UnsupportedError(`a convolution of ${tensor.type} in 3 dimensions`)
  }
  return { x, weight, bias, window, group: attributes.int('group', 1), maxElements }
}

/** ONNX Conv; W and B are weights where they are constants. */
export const Conv: OnnxOperator = {
  name: 'Conv',
  since: 1,
  requires: 2,
  attributes: convolutionAttributes,
  build(node) {
    node.emit('Conv', [node.float(0), node.weight(1), node.weight(2)], convolutionWindow(node, 0, 1))
  },
  evaluates: isDeep,
  evaluate(call) {
    const [x, weight] = call.inputs as OnnxTensor[]
    const window = windowOf(call.attributes, weight.dims.slice(2), 'Conv')
    const pads = slidingPads(window, x.dims.slice(2), autoPad(call.attributes, 'Conv'))
    return [convolve(operandsOf(call, { ...window, pads }))]
  },
}

/**
 * ONNX ConvTranspose. output_shape, or SAME's extent times stride, is reached by taking padding off on both sides; where
 * the output is smaller without any, by output_padding.
 */
export const ConvTranspose: OnnxOperator = {
  name: 'ConvTranspose',
  since: 1,
  requires: 2,
  attributes: { ...convolutionAttributes, output_padding: 'ints', output_shape: 'ints' },
  build(node) {
    const inputs = [node.float(0), node.weight(1), node.weight(2)]
    const { attributes } = node
    const window = windowOf(attributes, kernelOf(node, 1), node.where)
    const given = attributes.given('kernel_shape', 'strides', 'pads', 'dilations', 'group', 'output_padding')
    const padding = autoPad(attributes, node.where)
    if (isResolved(attributes, padding)) {
      Object.assign(given, outputPadding(attributes, knownExtents(node, 0), window, padding))
    } else if (padding === 'VALID') given.pads = window.pads.map(() => 0)
    node.emit('ConvTranspose', inputs, given)
  },
  evaluates: isDeep,
  evaluate(call) {
    const { attributes } = call
    const [x, weight] = call.inputs as OnnxTensor[]
    const padding = autoPad(attributes, 'ConvTranspose')
    const window = windowOf(attributes, weight.dims.slice(2), 'ConvTranspose')
    const extents = x.dims.slice(2)
    const resolved = isResolved(attributes, padding)
      ? outputPadding(attributes, extents, window, padding)
      : {
          pads: padding === 'VALID' ? window.pads.map(() => 0) : window.pads,
          output_padding: attributes.ints('output_padding') ?? extents.map(() => 0),
        }
    return [convolveTransposed(operandsOf(call, { ...window, pads: resolved.pads }), resolved.output_padding)]
  },
}

/** Whether the padding of a transposed convolution follows from the output that is asked for. */
function isResolved(attributes: OnnxAttributes, padding: string): boolean {
  return attributes.has('output_shape') || padding.startsWith('SAME')
}

/** pads and output_padding that give a transposed convolution the output that is asked for. */
function outputPadding(
  attributes: OnnxAttributes,
  extents: readonly number[],
  window: Window,
  padding: string,
): { pads: number[]; output_padding: number[] } {
  const wanted = attributes.ints('output_shape') ?? extents.map((extent, axis) => extent * window.strides[axis])
  const extra = attributes.ints('output_padding') ?? extents.map(() => 0)
  const surplus = extents.map(
    (extent, axis) => window.strides[axis] * (extent - 1) + extra[axis] + reach(window, axis) - wanted[axis],
  )
  return {
    pads: splitPadding(
      surplus.map((total) => Math.max(total, 0)),
      padding,
    ),
    output_padding: extra.map((value, axis) => value + Math.max(-surplus[axis], 0)),
  }
}
