/** The constants of a quantised model: quantisers, weights, biases, as the file has them. */

import { FormatError, UnsupportedError } from '../../../engine/base/errors.ts'
import { formatShape, normaliseAxis } from '../../../engine/base/shape.ts'
import { quantise } from '../../../quant/affine/quantise.ts'
import { codeRange, type Scheme } from '../../../quant/affine/scheme.ts'
import { activationWidths, type Backend } from '../../../quant/integer/backend.ts'
import type { LayerCodes } from '../../../quant/integer/lower/layerStep.ts'
import { floatExponent } from '../../../quant/integer/lower/power.ts'
import type { OnnxTensor } from '../model.ts'
import type { CodeType, LayerBias, Tensor, TensorQuantiser } from './tensors.ts'

/** Bits and sign of the code types. */
const codeTypes: { readonly [T in CodeType]: { readonly bits: number; readonly signed: boolean } } = {
  uint8: { bits: 8, signed: false },
  int8: { bits: 8, signed: true },
  uint4: { bits: 4, signed: false },
  int4: { bits: 4, signed: true },
}

function codeType(type: string, what: string): CodeType {
  if (Object.hasOwn(codeTypes, type)) return type as CodeType
  throw new UnsupportedError(`${what} is ${type}; wanted ${Object.keys(codeTypes).join(', ')}`)
}

/** The middle of a type's codes: 0 of signed ones. Example: uint8: 128. */
function middleOf(type: CodeType): number {
  const { bits, signed } = codeTypes[type]
  return signed ? 0 : 2 ** (bits - 1)
}

/**
 * The scales of a quantiser. Throws `UnsupportedError` for another type, `FormatError` for a scale that is not positive
 * and finite.
 */
function scalesOf({ type, data, dims }: OnnxTensor): number[] {
  if (type !== 'float32') throw new UnsupportedError(`its scale is ${type}; wanted float32`)
  if (dims.length > 1) throw new UnsupportedError(`its scale is ${formatShape(dims)}: scales of blocks`)
  const bad = data.find((scale) => !(scale > 0 && scale < Infinity))
  if (bad !== undefined || data.length === 0) {
    throw new FormatError(`its scale is ${bad ?? 'empty'}; wanted positive finite numbers`)
  }
  return Array.from(data)
}

/** The quantiser of activations in the back end's codes; `type` is that of codes without a zero point. */
export function activationQuantiser(
  scale: OnnxTensor,
  zeroPoint: OnnxTensor | null,
  type: string,
  backend: Backend,
): TensorQuantiser {
  const { activations, exponents, name } = backend
  const found = codeType(zeroPoint?.type ?? type, 'its activation type')
  const [s, ...others] = scalesOf(scale)
  const z = zeroPoint === null ? [0] : Array.from(zeroPoint.data, Number)
  if (others.length > 0 || z.length !== 1) {
    throw new UnsupportedError(
      `${others.length + 1} scales and ${z.length} zero points for activations; wanted one of each`,
    )
  }
  const { bits } = codeTypes[found]
  const widths = activationWidths(backend)
  if (!widths.includes(bits)) {
    throw new UnsupportedError(`activations of type ${found}; back end ${name} has ${widths.join(' and ')} bits`)
  }
  const middle = activations.signed ? 0 : 2 ** (bits - 1)
  const moved = z[0] - middleOf(found) + middle
  if (activations.symmetric && moved !== middle) {
    throw new UnsupportedError(
      `zero point ${z[0]} of ${found} activations; back end ${name} is symmetric and wants ${middleOf(found)}`,
    )
  }
  if (activations.scaleForm === 'pow2') checkPower(s, name, exponents?.minimum)
  return { scale: s, zeroPoint: moved, ...codeRange({ ...activations, bits }), type: found }
}

/** Throws `UnsupportedError` for a scale that is no power of two, or a finer one than the back end has. */
function checkPower(scale: number, backend: string, minimum = -126): void {
  const exponent = floatExponent(scale)
  if (2 ** exponent === scale && exponent >= minimum) return
  throw new UnsupportedError(`scale ${scale}; back end ${backend} wants powers of two from 2^${minimum} on`)
}

/** Constant codes with their scales and one zero point for all, null: 0. Throws `UnsupportedError` for several. */
export function dequantisedConstant(
  tensor: OnnxTensor,
  scale: OnnxTensor,
  zeroPoint: OnnxTensor | null,
  axis: number,
): Tensor {
  const scales = scalesOf(scale)
  const zeros = zeroPoint === null ? [0] : Array.from(zeroPoint.data, Number)
  const [zero] = zeros
  if (zeros.some((other) => other !== zero)) throw new UnsupportedError(`constant codes with a zero point a channel`)
  if (zeroPoint !== null && zeroPoint.type !== tensor.type) {
    throw new FormatError(`codes of ${tensor.type} with a zero point of ${zeroPoint.type}`)
  }
  if (zeros.length !== 1 && zeros.length !== scales.length) {
    throw new FormatError(`${scales.length} scales and ${zeros.length} zero points`)
  }
  if (scales.length === 1) return { kind: 'dequantised', tensor, zeroPoint: zero, scale: scales, axis: null }
  const along = normaliseAxis(axis, tensor.dims.length, 'DequantizeLinear')
  if (tensor.dims[along] !== scales.length) {
    throw new FormatError(`${scales.length} scales for axis ${along} of ${formatShape(tensor.dims)}`)
  }
  return { kind: 'dequantised', tensor, zeroPoint: zero, scale: scales, axis: along }
}

/** QuantizeLinear of a float constant, as ONNX defines it: clamp(RNE(f32(x / s)) + z). */
export function quantisedConstant(
  { type, data, dims }: OnnxTensor,
  scale: OnnxTensor,
  zeroPoint: OnnxTensor | null,
  absentType: string,
  axis: number,
): OnnxTensor {
  if (type !== 'float32') throw new UnsupportedError(`a constant of ${type}; wanted float32`)
  const to = codeType(zeroPoint?.type ?? absentType, 'its type')
  const scales = Float32Array.from(scalesOf(scale))
  const zeros = Int32Array.from(scales, (_, c) => Number(zeroPoint?.data[zeroPoint.data.length === 1 ? 0 : c] ?? 0))
  const along = scales.length === 1 ? null : normaliseAxis(axis, dims.length, 'QuantizeLinear')
  const quantiser = { scale: scales, zeroPoint: zeros, ...codeRange(codeTypes[to]), axis: along }
  const codes = codeTypes[to].signed ? new Int8Array(data.length) : new Uint8Array(data.length)
  return { type: to, dims, data: quantise(data, dims, quantiser, {}, codes) } as OnnxTensor
}

/**
 * A layer's weights as signed codes, output channels first; `shape` is their rank in the file and the axis that the
 * channels are on: 0, or 1 of a matrix. Throws `UnsupportedError` for what the back end cannot hold, `FormatError` for
 * another rank or an extent of 0.
 */
export function layerCodes(
  weight: Tensor,
  { rank, channels }: { readonly rank: number; readonly channels: 0 | 1 },
  scheme: Scheme,
  backend: Backend,
): LayerCodes {
  if (weight.kind !== 'dequantised') {
    throw new UnsupportedError('its weight is not a constant behind DequantizeLinear')
  }
  const { tensor, scale, axis } = weight
  const { dims } = tensor
  const type = codeType(tensor.type, 'its weight')
  const { bits } = codeTypes[type]
  if (!backend.weightBits.includes(bits)) {
    throw new UnsupportedError(
      `weights of ${bits} bits; back end ${backend.name} has ${backend.weightBits.join(' and ')}`,
    )
  }
  if (dims.length !== rank || dims.includes(0)) {
    throw new FormatError(`its weight is ${formatShape(dims)}; wanted ${rank} dimensions, none of extent 0`)
  }
  if (axis !== null && axis !== channels) {
    throw new UnsupportedError(`its weight has scales along axis ${axis}; wanted its output channels, axis ${channels}`)
  }
  if (axis !== null && scheme.granularity === 'tensor') {
    throw new UnsupportedError(`its weight has ${scale.length} scales; back end ${backend.name} has one a layer`)
  }
  if (scheme.scaleForm === 'pow2') for (const s of scale) checkPower(s, backend.name)
  const middle = middleOf(type)
  const zeroPoint = weight.zeroPoint - middle
  if (zeroPoint !== 0 && scheme.symmetric) {
    throw new UnsupportedError(
      `its ${type} weight has zero point ${weight.zeroPoint}; weights of back end ${backend.name} are symmetric and want ${middle}`,
    )
  }
  const { qmin } = codeRange({ ...scheme, bits, signed: true })
  const given = Int8Array.from(tensor.data as ArrayLike<number>, (code) => code - middle)
  if (given.some((code) => code < qmin)) {
    throw new UnsupportedError(`its weight has a code below ${qmin}, the least of back end ${backend.name}`)
  }
  if (channels === 0) return { codes: given, shape: dims, bits, scale, zeroPoint }
  const [rows, columns] = dims
  const codes = new Int8Array(given.length)
  for (let k = 0; k < rows; k++) for (let m = 0; m < columns; m++) codes[m * rows + k] = given[k * columns + m]
  return { codes, shape: [columns, rows], bits, scale, zeroPoint }
}

/**
 * The bias of `channels` outputs: constant real numbers, or int32 codes. Throws `UnsupportedError` for anything else.
 */
export function layerBias(bias: Tensor, channels: number): LayerBias {
  if (bias.kind === 'constant' || bias.kind === 'dequantised') {
    const { type, data, dims } = bias.tensor
    if (data.length !== channels || dims.at(-1) !== channels) {
      throw new UnsupportedError(`its bias is ${formatShape(dims)}; wanted ${formatShape([channels])}`)
    }
    if (bias.kind === 'dequantised' && type === 'int32' && bias.zeroPoint === 0)
      return { kind: 'codes', codes: data, scale: bias.scale }
    if (bias.kind === 'constant' && type === 'float32') return { kind: 'real', values: data }
  }
  throw new UnsupportedError(
    'its bias is neither a float32 constant nor int32 codes of zero point 0 behind DequantizeLinear',
  )
}
