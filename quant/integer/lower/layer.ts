import { roundingOf } from '../../../engine/base/rounding.ts'
import { spatialWindow } from '../../../engine/ops/spatial.ts'
import { quantise } from '../../affine/quantise.ts'
import type { Quantiser } from '../../affine/quantiser.ts'
import { accumulatorBounds, checkBounds } from '../bounds.ts'
import { packInt4 } from '../int4.ts'
import type { BiasConstant, ConvStep, GemmStep, ProgramValue } from '../program.ts'
import type { ScaleProduct } from '../rules.ts'
import { codeBounds, type LoweringContext, valueNamed } from './context.ts'
import type { FusedNode } from './fuse.ts'
import { layerRequantiser } from './multiplier.ts'
import { exponentOf } from './power.ts'
import { bestPowerOfTwo, type LayerParameters, layerParameters } from './weights.ts'

/** Half of what an int32 bias code may be: the other half is left to the products. */
const BIAS_ROOM = 2 ** 30

/**
 * Raises weight scales so far that each bias code b / (s_in * s_w) stays within 2^30. It matters to channels whose weights
 * are almost 0 (a dead channel after folding a batch norm): their bias is all they compute. TFLite's converter does alike.
 * Example: s_in = 0.01, s_w = 1e-12, b = 1: s_w becomes f32(1 / (0.01 * 2^30)) = 9.3e-8.
 */
function roomForBias(quantiser: Quantiser, bias: Float32Array, inputScale: number): Quantiser {
  const scale = quantiser.scale.slice()
  for (let c = 0; c < bias.length; c++) {
    const i = scale.length === 1 ? 0 : c
    scale[i] = Math.max(scale[i], Math.fround(Math.abs(bias[c]) / (inputScale * BIAS_ROOM)))
  }
  return { ...quantiser, scale }
}

/** Bias codes of scale s_in * s_w[c], int32, formed in f64 or f32 like the multipliers. */
function productBias(
  name: string,
  bias: Float32Array,
  input: ProgramValue,
  weight: Quantiser,
  product: ScaleProduct,
  context: LoweringContext,
): BiasConstant {
  const { backend, constants } = context
  const round = roundingOf(backend.rounding.bias)
  const scale = Array.from(weight.scale, (s) => (product === 'f64' ? input.scale * s : Math.fround(input.scale * s)))
  constants.set(
    name,
    Int32Array.from(bias, (b, c) => round(b / scale[scale.length === 1 ? 0 : c])),
  )
  return { constant: name, bits: 32, shift: 0, scale }
}

/**
 * Bias codes of 8 bits with a power-of-two scale of their own, per tensor: the exponent of least squared error, limited to
 * [e_acc, e_acc + maximumShift], so that aligning to the accumulator's exponent e_acc = e_in + e_w is an exact left shift.
 * Example: e_acc = -13, bias [0.5, -0.1]: e_b = -7, codes [64, -13], shift 6. A bias beyond 127 * 2^e_b saturates.
 */
function ownBias(
  name: string,
  bias: Float32Array,
  accExponent: number,
  maximumShift: number,
  context: LoweringContext,
): BiasConstant {
  const { backend, constants } = context
  const best = exponentOf(bestPowerOfTwo(bias, backend.bias.bits, backend).scale[0])
  const exponent = Math.min(Math.max(best, accExponent), accExponent + maximumShift)
  const scale = 2 ** exponent
  const quantiser = { scale: Float32Array.of(scale), zeroPoint: Int32Array.of(0), qmin: -128, qmax: 127, axis: null }
  constants.set(name, quantise(bias, [bias.length], quantiser, { rounding: backend.rounding.bias }))
  return { constant: name, bits: 8, shift: exponent - accExponent, scale: [scale] }
}

function lowerBias(
  name: string,
  { bias }: LayerParameters,
  input: ProgramValue,
  weight: Quantiser,
  product: ScaleProduct,
  context: LoweringContext,
): BiasConstant | null {
  if (bias === null) return null
  const rule = context.backend.bias
  if (rule.kind === 'product') return productBias(name, bias, input, weight, product, context)
  return ownBias(name, bias, exponentOf(input.scale) + exponentOf(weight.scale[0]), rule.maximumShift, context)
}

/**
 * Lowers a Conv, Gemm or MatMul: quantises weight and bias, forms the multipliers, turns activations into clamp bounds, and proves
 * that no accumulator overflows (`NumericError` otherwise, see `checkBounds`).
 */
export function lowerLayer({ node, output, clamp }: FusedNode, context: LoweringContext): ConvStep | GemmStep {
  const { backend, constants, weightBits } = context
  const input = valueNamed(context, node.inputs[0])
  const target = valueNamed(context, output)
  const layer = layerParameters(node, context.parameters)
  const chosen = context.weightQuantisers.get(node.name) as Quantiser
  const quantiser =
    layer.bias !== null && backend.bias.kind === 'product' ? roomForBias(chosen, layer.bias, input.scale) : chosen

  const codes = quantise(
    layer.weight,
    layer.shape,
    quantiser,
    { rounding: backend.rounding.weight },
    new Int8Array(layer.weight.length),
  )
  const weightName = `${node.name}.weight`
  constants.set(weightName, weightBits === 4 ? packInt4(codes) : codes)
  const scale = Array.from(quantiser.scale)
  const groups = Number(node.attributes.group ?? 1)
  const role = node.op !== 'Conv' ? 'gemm' : groups > 1 && groups === input.shape[0] ? 'depthwise' : 'conv'
  const rule = backend.layers[role]
  const { pairSaturation } = backend.accumulator
  const common = {
    name: node.name,
    inputs: [input.name],
    output,
    weight: { constant: weightName, shape: layer.shape, bits: weightBits, scale },
    bias: lowerBias(`${node.name}.bias`, layer, input, quantiser, rule.product, context),
    requantiser: layerRequantiser(rule, input.scale, scale, target.scale),
    ...codeBounds(clamp, target, backend),
    ...(pairSaturation !== undefined && role !== 'depthwise' ? { pairSaturation } : {}),
  }
  const step =
    node.op !== 'Conv'
      ? { op: 'gemm' as const, ...common }
      : { op: 'conv' as const, ...common, ...convWindow(node.attributes, layer.shape, groups) }
  checkBounds(node.name, accumulatorBounds(step, input, constants), step.requantiser)
  return step
}

function convWindow(
  attributes: FusedNode['node']['attributes'],
  shape: LayerParameters['shape'],
  groups: number,
): Pick<ConvStep, 'strides' | 'pads' | 'dilations' | 'groups'> {
  const { stride, pads, dilation } = spatialWindow({ kernel_shape: shape.slice(2), ...attributes }, 'Conv')
  return { strides: stride, pads, dilations: dilation, groups }
}
