/** How the sums of a layer are multiplied and rounded: each aspect may be another than the program's. */

import { scaleRatio } from '../../../quant/integer/lower/multiplier.ts'
import type { ConvStep, GemmStep } from '../../../quant/integer/program.ts'
import { quantiseMultiplier } from '../../../quant/integer/requantise/quantiseMultiplier.ts'
import {
  channelsOf,
  type RequantiserKind,
  realMultiplier,
  requantiseRow,
  requantiserTable,
} from '../../../quant/integer/requantise/requantiser.ts'
import { rndnuMultiplier } from '../../../quant/integer/requantise/rndnu.ts'
import type { ScaleProduct } from '../../../quant/integer/rules.ts'
import { channelIndex, isLayerCall, type LayerCall, layerGeometry, layerSums } from '../layerSums.ts'
import { type Hypothesis, unlessImpossible } from './hypothesis.ts'
import { describeTie, describeZero, roundedCode, type Tie, ties, type ZeroPlace, zeroPlaces } from './roundings.ts'

/** In what the product of sum and multiplier is formed: floating point, a Q31 multiplier, or one of 24 bits. */
type Precision = 'f32' | 'f64' | 'q31' | 'm24'
/** A rounding, or one of TFLite's two roundings of a Q31 product. */
type Rounding = Tie | 'double' | 'vector'

interface Rescaling {
  readonly precision: Precision
  readonly rounding: Rounding
  readonly place: ZeroPlace
}

/** A code before it is limited. */
type Rescale = (sum: number) => number

/** What the kinds of requantiser are made of. */
const aspectsOf: { readonly [K in RequantiserKind]: Rescaling } = {
  'q31-single': { precision: 'q31', rounding: 'half-up', place: 'outside' },
  'q31-double': { precision: 'q31', rounding: 'double', place: 'outside' },
  'q31-vector': { precision: 'q31', rounding: 'vector', place: 'outside' },
  rndnu: { precision: 'm24', rounding: 'half-up', place: 'outside' },
  'shift-half-up': { precision: 'f64', rounding: 'half-up', place: 'outside' },
  'f64-half-away': { precision: 'f64', rounding: 'half-away', place: 'outside' },
  'f64-half-even-zero-inside': { precision: 'f64', rounding: 'half-even', place: 'inside' },
  'f32-half-even': { precision: 'f32', rounding: 'half-even', place: 'outside' },
}

/**
 * x * m / 2^s, so far exact that every rounding of it is right: where a double comes near a tie or an integer, the side is
 * taken from integers. Example: 3 * 2^30 / 2^31: 1.5.
 */
function fixedPointSteps(x: number, multiplier: number, shift: number): number {
  const v = (x * multiplier) / 2 ** shift
  const fraction = v - Math.floor(v)
  const isClear = Math.abs(fraction - 0.5) > 2 ** -16 && fraction > 2 ** -16 && fraction < 1 - 2 ** -16
  if (isClear || shift < 1) return v
  const product = BigInt(x) * BigInt(multiplier)
  const below = product >> BigInt(shift)
  const rest = product - (below << BigInt(shift))
  const half = 1n << BigInt(shift - 1)
  const part = rest === 0n ? 0 : rest === half ? 0.5 : rest < half ? 0.25 : 0.75
  return Number(below) + part
}

/** A multiplier as arithmetic of a precision holds it. */
function representable(precision: Precision, real: number): number {
  if (precision === 'f64') return real
  if (precision !== 'q31') return Math.fround(real)
  const { multiplier, shift } = quantiseMultiplier(real)
  return multiplier * 2 ** (shift - 31)
}

/** The function of one channel. */
function rescaler({ precision, rounding, place }: Rescaling, real: number, zeroPoint: number): Rescale {
  if (rounding === 'double' || rounding === 'vector') {
    const { multiplier, shift } = quantiseMultiplier(real)
    const table = requantiserTable({ kind: `q31-${rounding}`, multiplier: [multiplier], shift: [shift] }, 1)
    const target = { zeroPoint, low: -(2 ** 31), high: 2 ** 31 - 1 }
    const [sums, out] = [new Int32Array(1), new Int32Array(1)]
    return (x) => {
      sums[0] = x
      requantiseRow(table, 0, sums, 0, 1, target, 0, 1, out)
      return out[0]
    }
  }
  switch (precision) {
    case 'f32': {
      const scale = Math.fround(real)
      return (x) => roundedCode(Math.fround(Math.fround(x) * scale), zeroPoint, rounding, place, true)
    }
    case 'f64':
      return (x) => roundedCode(x * real, zeroPoint, rounding, place, false)
    case 'q31': {
      const { multiplier, shift } = quantiseMultiplier(real)
      return (x) => roundedCode(fixedPointSteps(x, multiplier, 31 - shift), zeroPoint, rounding, place, false)
    }
    case 'm24': {
      const { multiplier, shift } = rndnuMultiplier(real)
      return (x) => roundedCode(fixedPointSteps(x, multiplier, shift), zeroPoint, rounding, place, false)
    }
  }
}

/** Codes of a layer's sums by one function a channel, limited to low ... high. */
export function rescaleSums(call: LayerCall, sums: Int32Array, channels: readonly Rescale[]): Int32Array {
  const { low, high } = call.operation
  const codes = unlimitedCodes(call, sums, channels)
  return codes.map((q) => Math.min(Math.max(q, low), high))
}

/** The same, not limited. */
export function unlimitedCodes(call: LayerCall, sums: Int32Array, channels: readonly Rescale[]): Int32Array {
  const geometry = layerGeometry(call)
  return sums.map((sum, i) => channels[channelIndex(geometry, i)](sum))
}

/** The functions of the step's own arithmetic, one a channel. `reals`: other multipliers. */
export function ownRescale(call: LayerCall, reals: readonly number[] = ownMultipliers(call)): Rescale[] {
  return reals.map((real) => ownRescaler(call, real))
}

/** The step's own arithmetic with the multiplier `real`. Example: 'f32-half-even', 0.5, z = 1: 3 -> RNE(1.5) + 1 = 3. */
export function ownRescaler({ operation, output }: LayerCall, real: number): Rescale {
  return rescaler(aspectsOf[operation.requantiser.kind], real, output.zeroPoint)
}

/** The multipliers as the program has them, one for each output channel. */
export function ownMultipliers({ operation }: LayerCall): number[] {
  return Array.from({ length: operation.weight.shape[0] }, (_, c) => realMultiplier(operation.requantiser, c))
}

function productMultipliers({ operation, inputs, output }: LayerCall, product: ScaleProduct): number[] {
  const { weight, requantiser } = operation
  const scaleOf = (c: number): number => weight.scale[weight.scale.length === 1 ? 0 : c]
  const channels = channelsOf(requantiser) === 1 && weight.scale.length === 1 ? 1 : weight.shape[0]
  const reals = Array.from({ length: channels }, (_, c) =>
    scaleRatio(product, inputs[0].scale, scaleOf(c), output.scale),
  )
  return channels === 1 ? new Array(weight.shape[0]).fill(reals[0]) : reals
}

/** Short texts of what a rescaling does otherwise than the step. */
function differences(own: Rescaling, other: Rescaling, product: ScaleProduct | null): string[] {
  const texts: string[] = []
  if (other.rounding !== own.rounding) {
    if (other.rounding === 'double')
      texts.push('double rounding (Q31 high multiply, then shift with ties away from zero)')
    else if (other.rounding === 'vector') texts.push('double rounding (Q31 high multiply, then shift with ties up)')
    else if (own.rounding === 'double' || own.rounding === 'vector')
      texts.push(`single rounding, ${describeTie(other.rounding)}`)
    else texts.push(describeTie(other.rounding))
  }
  if (other.place !== own.place) texts.push(describeZero(other.place))
  const precisions = { f32: 'product in f32', f64: 'product in f64', q31: 'Q31 multiplier', m24: '24-bit multiplier' }
  if (other.precision !== own.precision) texts.push(precisions[other.precision])
  if (product !== null) texts.push(`multiplier s_in * s_w / s_out formed in ${product}`)
  return texts
}

function hypothesis(rescaling: Rescaling, own: RequantiserKind, product: ScaleProduct | null): Hypothesis | null {
  const texts = differences(aspectsOf[own], rescaling, product)
  if (texts.length === 0) return null
  return {
    name: texts.join(' + '),
    sentence: `Sums are rescaled with: ${texts.join('; ')}, where the program has '${own}'.`,
    changes: texts.length,
    run: (call) =>
      isLayerCall(call) && call.operation.requantiser.kind === own
        ? unlessImpossible(() => {
            const mine = ownMultipliers(call)
            const reals = product === null ? mine : productMultipliers(call, product)
            // Multipliers that are the same however formed say nothing about how.
            const kept = (real: number): number => representable(rescaling.precision, real)
            if (product !== null && reals.every((real, c) => kept(real) === kept(mine[c]))) return null
            const channels = reals.map((real) => rescaler(rescaling, real, call.output.zeroPoint))
            return rescaleSums(call, layerSums(call), channels)
          })
        : null,
  }
}

/** All rescalings that differ from that of a layer with requantiser `own`. */
export function rescalingHypotheses(own: RequantiserKind): Hypothesis[] {
  const products: (ScaleProduct | null)[] = [null, 'f32', 'f64', 'f32-f64']
  const rescalings: Rescaling[] = []
  for (const precision of ['f32', 'f64', 'q31', 'm24'] as const) {
    for (const place of zeroPlaces) for (const rounding of ties) rescalings.push({ precision, rounding, place })
  }
  for (const rounding of ['double', 'vector'] as const) {
    rescalings.push({ precision: 'q31', rounding, place: 'outside' })
  }
  return products.flatMap((product) => rescalings.flatMap((rescaling) => hypothesis(rescaling, own, product) ?? []))
}

/** The kinds of requantiser that the layers of a program have. */
export function requantiserKindsOf(steps: readonly { readonly op: string }[]): RequantiserKind[] {
  const layers = steps.filter((step): step is ConvStep | GemmStep => step.op === 'conv' || step.op === 'gemm')
  return [...new Set(layers.map(({ requantiser }) => requantiser.kind))]
}
