import { UnsupportedError } from '../../../engine/base/errors.ts'
import type { Shape } from '../../../engine/base/shape.ts'
import type { GraphNode } from '../../../engine/graph/graph.ts'
import { spatialWindow } from '../../../engine/ops/spatial.ts'
import type { Backend } from '../backend.ts'
import { ACCUMULATOR_LIMIT, accumulatorBounds, checkBounds, isWideLayer, WIDE_LIMIT } from '../bounds.ts'
import { packInt16 } from '../constants.ts'
import { packInt4 } from '../int4.ts'
import type { BiasConstant, ConvStep, GemmStep, ProgramValue } from '../program.ts'
import type { Requantiser } from '../requantise/requantiser.ts'
import type { LayerRule, ScaleProduct } from '../rules.ts'
import { codeBounds, type StepContext, valueNamed } from './context.ts'
import type { FusedNode } from './fuse.ts'
import { layerRequantiser } from './multiplier.ts'

/** The quantised weights of a layer. */
export interface LayerCodes {
  /** Output channels on dimension 0. */
  readonly codes: Int8Array | Int16Array
  readonly shape: Shape
  readonly bits: number
  /** One f32 scale, or one for each output channel. */
  readonly scale: readonly number[]
  /** Default 0. */
  readonly zeroPoint?: number
}

/** What a layer's step may be told beside. */
export interface LayerOptions {
  /** Default: the back end's rule for its kind of layer. */
  readonly rule?: LayerRule
  /** A real bias, which is then added to the scaled sums of 'f32-half-even' as f32(b / s_out). */
  readonly floatBias?: Float32Array | null
}

/** The arrays of codes of a weight as they are kept: see `WeightConstant`. */
export function packWeightCodes(codes: Int8Array | Int16Array, bits: number): Int8Array | Uint8Array {
  if (bits === 4) return packInt4(codes)
  return codes instanceof Int8Array ? codes : packInt16(codes)
}

/**
 * Which of the back end's layer rules a Conv, Gemm or MatMul follows. Example: Conv of 8 groups over 8 channels:
 * 'depthwise'.
 */
export function layerRole({ op, attributes }: GraphNode, input: ProgramValue): keyof Backend['layers'] {
  const groups = Number(attributes.group ?? 1)
  return op !== 'Conv' ? 'gemm' : groups > 1 && groups === input.shape[0] ? 'depthwise' : 'conv'
}

/** The real values s_in * s_w of a bias code, formed like the multipliers. Example: 0.5 and [0.25]: [0.125]. */
export function productScale(input: number, weights: ArrayLike<number>, product: ScaleProduct): number[] {
  return Array.from(weights, (s) => (product === 'f64' ? input * s : Math.fround(input * s)))
}

/**
 * The step of a Conv, Gemm or MatMul whose weights and bias are codes: keeps the weights' as a constant, forms the
 * multipliers, turns activations into clamp bounds, and proves that no accumulator overflows (`NumericError` otherwise,
 * see `checkBounds`).
 */
export function layerStep(
  { node, output, clamp }: FusedNode,
  { codes, shape, bits, scale, zeroPoint = 0 }: LayerCodes,
  bias: BiasConstant | null,
  context: StepContext,
  { rule, floatBias = null }: LayerOptions = {},
): ConvStep | GemmStep {
  const { backend, constants } = context
  const input = valueNamed(context, node.inputs[0])
  const target = valueNamed(context, output)
  const weightName = `${node.name}.weight`
  constants.set(weightName, packWeightCodes(codes, bits))
  const role = layerRole(node, input)
  const requantiser = layerRequantiser(rule ?? backend.layers[role], input.scale, scale, target.scale)
  const { pairSaturation } = backend.accumulator
  // Codes of 16 bits go through other instructions, which have no pairs.
  const saturates = pairSaturation !== undefined && role !== 'depthwise' && bits <= 8 && input.qmax <= 255
  const common = {
    name: node.name,
    inputs: [input.name],
    output,
    weight: { constant: weightName, shape, bits, scale, ...(zeroPoint === 0 ? {} : { zeroPoint }) },
    bias,
    requantiser: floatBias === null ? requantiser : withFloatBias(requantiser, floatBias, target.scale, node.name),
    ...codeBounds(clamp, target, backend),
    ...(saturates ? { pairSaturation } : {}),
  }
  const step =
    node.op !== 'Conv'
      ? { op: 'gemm' as const, ...common }
      : { op: 'conv' as const, ...common, ...convWindow(node.attributes, shape) }
  const limit = isWideLayer(step, input, target) ? WIDE_LIMIT : ACCUMULATOR_LIMIT
  checkBounds(node.name, accumulatorBounds(step, input, constants), step.requantiser, limit)
  return step
}

/** Throws `UnsupportedError` for a requantiser that has no place for a bias. */
function withFloatBias(requantiser: Requantiser, bias: Float32Array, outputScale: number, node: string): Requantiser {
  if (requantiser.kind !== 'f32-half-even') {
    throw new UnsupportedError(
      `lowering: node '${node}': a float bias is added by requantiser 'f32-half-even' only, not by '${requantiser.kind}'`,
    )
  }
  return { ...requantiser, offset: Array.from(bias, (b) => Math.fround(b / outputScale)) }
}

/** Where the windows of a Conv lie. */
export function convWindow(
  attributes: GraphNode['attributes'],
  shape: Shape,
): Pick<ConvStep, 'strides' | 'pads' | 'dilations' | 'groups'> {
  const { stride, pads, dilation } = spatialWindow({ kernel_shape: shape.slice(2), ...attributes }, 'Conv')
  return { strides: stride, pads, dilations: dilation, groups: Number(attributes.group ?? 1) }
}
