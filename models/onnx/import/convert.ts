/** One element type to another: what ONNX Cast does, and the rounding of results to a type. */

import { decodeSmallFloat, encodeSmallFloat } from '../../../engine/base/smallFloat.ts'
import { isBig, isFloat, zeroTensor } from '../elements.ts'
import type { OnnxTensor, OnnxType } from '../model.ts'

/**
 * The number of type `type` that stands for `x`: the nearest, ties to even, of a floating point
 * type; of an integer type the integer towards 0, modulo 2^bits (ONNX leaves open what is out of range; NaN and the
 * infinities give 0); of bool whether x is not 0. `saturate`: what is too large for a float8 becomes its largest number
 * instead of NaN or infinity. NaN as float4e2m1, which has none, is 6.
 */
export function roundToType(type: Exclude<OnnxType, 'int64' | 'uint64'>, x: number, saturate = false): number {
  switch (type) {
    case 'float64':
      return x
    case 'float32':
      return Math.fround(x)
    case 'bool':
      return x === 0 ? 0 : 1
    case 'int32':
      return Math.trunc(x) | 0
    case 'uint32':
      return Math.trunc(x) >>> 0
    case 'int16':
    case 'int8':
    case 'int4':
    case 'int2': {
      const unused = 32 - bits[type]
      return (Math.trunc(x) << unused) >> unused
    }
    case 'uint16':
    case 'uint8':
    case 'uint4':
    case 'uint2': {
      const unused = 32 - bits[type]
      return (Math.trunc(x) << unused) >>> unused
    }
    case 'float4e2m1':
      return Number.isNaN(x) ? 6 : decodeSmallFloat(encodeSmallFloat(x, type), type)
    case 'float16':
    case 'bfloat16':
      return decodeSmallFloat(encodeSmallFloat(x, type), type)
    default:
      return decodeSmallFloat(encodeSmallFloat(x, type, saturate), type)
  }
}

const bits = { int16: 16, int8: 8, int4: 4, int2: 2, uint16: 16, uint8: 8, uint4: 4, uint2: 2 }

/**
 * ONNX Cast: every element in another type, by `roundToType`; 64-bit integers modulo 2^64. An int64 becomes a floating
 * point number in one rounding.
 */
export function castTensor(tensor: OnnxTensor, type: OnnxType, saturate: boolean): OnnxTensor {
  const result = zeroTensor(type, tensor.dims)
  const { length } = tensor.data
  if (isBig(tensor.type)) {
    for (let i = 0; i < length; i++) {
      const element = tensor.data[i] as bigint
      if (isBig(type)) result.data[i] = element
      else if (type === 'bool') result.data[i] = element === 0n ? 0 : 1
      else if (isFloat(type)) result.data[i] = roundToType(type, bigToNumber(element, type === 'float64'), saturate)
      // The low bits are the integer's value modulo any smaller power of two.
      else result.data[i] = roundToType(type, Number(BigInt.asIntN(32, element)))
    }
  } else {
    for (let i = 0; i < length; i++) {
      const element = tensor.data[i] as number
      if (!isBig(type)) result.data[i] = roundToType(type, element, saturate)
      else result.data[i] = Number.isFinite(element) ? BigInt(Math.trunc(element)) : 0n
    }
  }
  return result
}

/**
 * An integer as a double: the nearest, or with `nearest` false its first 53 bits, the last of them set if any bit was
 * dropped, so that rounding to fewer bits afterwards rounds the integer itself (round to odd: Boldo, Melquiond 2008).
 */
function bigToNumber(x: bigint, nearest: boolean): number {
  const size = x < 0n ? -x : x
  if (nearest || size < 2n ** 53n) return Number(x)
  const dropped = BigInt(size.toString(2).length - 53)
  const kept = size >> dropped
  const odd = kept << dropped === size ? kept : kept | 1n
  return Number(odd << dropped) * (x < 0n ? -1 : 1)
}
