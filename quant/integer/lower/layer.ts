import { UnsupportedError } from '../../../engine/base/errors.ts'
import { quantise } from '../../affine/quantise.ts'
import type { Quantiser } from '../../affine/quantiser.ts'
import type { BiasRule, Islands } from '../backend.ts'
import type { BiasConstant, ConvStep, GemmStep, ProgramValue } from '../program.ts'
import type { ScaleProduct } from '../rules.ts'
import { type LoweringContext, valueNamed } from './context.ts'
import type { FusedNode } from './fuse.ts'
import { layerRole, layerStep, productScale } from './layerStep.ts'
import { exponentOf } from './power.ts'
import { productBias } from './productBias.ts'
import { bestPowerOfTwo, type LayerParameters, layerParameters } from './weights.ts'

/** Half of what an int32 bias code may be: the other half is left to the products. */
const BIAS_ROOM = 2 ** 30

/** The bias of a layer of 16-bit codes, whatever the back end's. */
const wideBias: BiasRule = { kind: 'product', bits: 32 }

/**
 * Raises weight scales so far that each bias code b / (s_in * s_w) stays within 2^30. It matters to channels whose
 * weights are almost 0 (a dead channel after folding a batch norm): their bias is all they compute. TFLite's converter
 * does alike. Example: s_in = 0.01, s_w = 1e-12, b = 1: s_w becomes f32(1 / (0.01 * 2^30)) = 9.3e-8.
 */
function roomForBias(quantiser: Quantiser, bias: Float32Array, inputScale: number): Quantiser {
  const scale = quantiser.scale.slice()
  for (let c = 0; c < bias.length; c++) {
    const i = scale.length === 1 ? 0 : c
    scale[i] = Math.max(scale[i], Math.fround(Math.abs(bias[c]) / (inputScale * BIAS_ROOM)))
  }
  return { ...quantiser, scale }
}

/**
 * Bias codes of 8 bits with a power-of-two scale of their own, per tensor: the exponent of least squared error, limited
 * to [e_acc, e_acc + maximumShift], so that aligning to the accumulator's exponent e_acc = e_in + e_w is an exact left
 * shift. Example: e_acc = -13, bias [0.5, -0.1]: e_b = -7, codes [64, -13], shift 6. A bias beyond 127 * 2^e_b
 * saturates.
 */
function ownBias(
  name: string,
  bias: Float32Array,
  accExponent: number,
  { bits, maximumShift }: Extract<BiasRule, { kind: 'own-power-of-two' }>,
  context: LoweringContext,
): BiasConstant {
  const { backend, constants } = context
  const best = exponentOf(bestPowerOfTwo(bias, bits, backend).scale[0])
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
  rule: BiasRule,
  context: LoweringContext,
): BiasConstant | null {
  if (bias === null) return null
  if (rule.kind === 'float') return null
  if (rule.kind === 'product') {
    return productBias(name, bias, productScale(input.scale, weight.scale, product), context, rule.bits)
  }
  return ownBias(name, bias, exponentOf(input.scale) + exponentOf(weight.scale[0]), rule, context)
}

/**
 * Lowers a Conv, Gemm or MatMul: quantises weight and bias, and makes a step of the codes. Throws `NumericError` where
 * an accumulator could overflow, see `layerStep`.
 */
export function lowerLayer(fused: FusedNode, context: LoweringContext): ConvStep | GemmStep {
  const { backend } = context
  const { node } = fused
  const input = valueNamed(context, node.inputs[0])
  const layer = layerParameters(node, context.parameters)
  const chosen = context.weightQuantisers.get(node.name) as Quantiser
  const { bias: biasRule } = backend
  const isWide = context.islands.has(node.name)
  const isProduct = biasRule.kind === 'product' && biasRule.bits === 32
  const isRoomWanted = layer.bias !== null && (isProduct || isWide)
  const quantiser = isRoomWanted ? roomForBias(chosen, layer.bias as Float32Array, input.scale) : chosen
  const { weight, shape } = layer
  const bits = isWide ? 16 : context.weightBits
  const zeroPoint = weightZeroPoint(node.name, quantiser, bits)
  const empty = isWide ? new Int16Array(weight.length) : new Int8Array(weight.length)
  const codes = quantise(weight, shape, quantiser, { rounding: backend.rounding.weight }, empty)
  const rule = isWide ? (backend.islands as Islands).layer : backend.layers[layerRole(node, input)]
  const name = `${node.name}.bias`
  const bias = lowerBias(name, layer, input, quantiser, rule.product, isWide ? wideBias : biasRule, context)
  const floatBias = biasRule.kind === 'float' && !isWide ? layer.bias : null
  const layerCodes = { codes, shape, bits, scale: Array.from(quantiser.scale), zeroPoint }
  return layerStep(fused, layerCodes, bias, context, { rule, floatBias })
}

/**
 * The zero point of a layer's weights. Programs have one for each layer, and signed codes: throws `UnsupportedError` for zero points
 * that differ between channels and for codes beyond -2^(bits-1) ... 2^(bits-1) - 1, which would otherwise be kept wrong.
 * Example: 8 bits, -128 ... 127, zero points [3, 3]: 3.
 */
function weightZeroPoint(layer: string, { zeroPoint, qmin, qmax }: Quantiser, bits: number): number {
  const half = 2 ** (bits - 1)
  if (qmin < -half || qmax >= half) {
    throw new UnsupportedError(
      `lowering: step '${layer}': weight codes ${qmin} ... ${qmax}; programs have signed ones, ${-half} ... ${half - 1}`,
    )
  }
  const other = zeroPoint.find((z) => z !== zeroPoint[0])
  if (other !== undefined) {
    throw new UnsupportedError(
      `lowering: step '${layer}': weight zero points ${zeroPoint[0]} and ${other}; programs have one a layer: take symmetric weights, or one scale for all channels`,
    )
  }
  return zeroPoint[0]
}
