import { NumericError, UnsupportedError } from '../../../engine/base/errors.ts'
import type { BiasRule } from '../../../quant/integer/backend.ts'
import type { StepContext } from '../../../quant/integer/lower/context.ts'
import { productScale } from '../../../quant/integer/lower/layerStep.ts'
import { productBias } from '../../../quant/integer/lower/productBias.ts'
import type { BiasConstant } from '../../../quant/integer/program.ts'
import type { ScaleProduct } from '../../../quant/integer/rules.ts'
import type { LayerBias } from './tensors.ts'

/** How far the file's bias scale may be from s_in * s_w: a few roundings to float32. */
const SCALE_TOLERANCE = 2 ** -21

const INT32_MAX = 2147483647

/**
 * A bias as the back end holds it: int32 codes of scale s_in * s_w as they are, or where it has fewer bits, as codes
 * and a left shift that give the same int32; real numbers rounded as the back end rounds biases. Keeps the codes as
 * constant `name`. Throws `UnsupportedError` for what it cannot hold and for codes of another scale, `NumericError` for
 * real numbers beyond int32. Example: int32 codes [4096, -832] for 8 bits with a shift of at most 15: [64, -13], shift
 * 6.
 */
export function biasConstant(
  name: string,
  bias: LayerBias,
  {
    input,
    weights,
    product,
  }: { readonly input: number; readonly weights: readonly number[]; readonly product: ScaleProduct },
  context: StepContext,
): BiasConstant {
  const { bias: rule, name: backend } = context.backend
  const scale = productScale(input, weights, product)
  if (bias.kind === 'real') {
    if (rule.kind !== 'product') {
      throw new UnsupportedError(`its bias is float32; back end ${backend} takes int32 codes behind DequantizeLinear`)
    }
    const far = bias.values.find((b, c) => !(Math.abs(b / scale[scale.length === 1 ? 0 : c]) < INT32_MAX))
    if (far !== undefined) throw new NumericError(`its bias ${far} is beyond int32 in steps of s_x * s_w`)
    return productBias(name, bias.values, scale, context, rule.bits)
  }
  const { codes } = bias
  checkBiasScale(bias.scale ?? [], input, weights)
  if (rule.kind === 'float') throw new UnsupportedError(`its bias is int32 codes; back end ${backend} takes float32`)
  const { bits } = rule
  if (rule.kind === 'own-power-of-two') return shiftedBias(name, codes, rule, scale[0], context)
  if (codes.some((code) => code < -(2 ** (bits - 1)) || code >= 2 ** (bits - 1))) {
    throw new UnsupportedError(`its bias has codes beyond the ${bits} bits of back end ${backend}`)
  }
  context.constants.set(name, codes)
  return { constant: name, bits, shift: 0, scale }
}

/** Throws `UnsupportedError` for scales that are not s_in * s_w, one for each of the weights' or one for all. */
function checkBiasScale(stated: readonly number[], input: number, weights: readonly number[]): void {
  const count = Math.max(stated.length, weights.length)
  for (let c = 0; c < count && stated.length > 0; c++) {
    const found = stated[stated.length === 1 ? 0 : c]
    const wanted = input * weights[weights.length === 1 ? 0 : c]
    if (Math.abs(found - wanted) <= wanted * SCALE_TOLERANCE) continue
    throw new UnsupportedError(`its bias has scale ${found}; wanted s_x * s_w, ${wanted}`)
  }
}

/** The codes of fewest bits that the int32 codes are, shifted left. */
function shiftedBias(
  name: string,
  codes: Int32Array,
  { bits, maximumShift }: Extract<BiasRule, { kind: 'own-power-of-two' }>,
  scale: number,
  { backend, constants }: StepContext,
): BiasConstant {
  const limit = 2 ** (bits - 1)
  for (let shift = 0; shift <= maximumShift; shift++) {
    const unit = 2 ** shift
    if (codes.every((code) => code % unit === 0 && code / unit >= -limit && code / unit < limit)) {
      constants.set(
        name,
        codes.map((code) => code / unit),
      )
      return { constant: name, bits, shift, scale: [scale * unit] }
    }
  }
  throw new UnsupportedError(
    `its int32 bias is not ${bits} bits shifted left by at most ${maximumShift}; back end ${backend.name} holds no other`,
  )
}
