/**
 * Floating-point formats of at most 16 bits, as their bit patterns and as the numbers they mean. Formats: IEEE 754-2019 §3.4
 * (float16); bfloat16 is the upper half of a float32; float8 from Micikevicius et al. 2022 (arXiv 2209.05433), its fnuz forms
 * from Noune et al. 2022 (arXiv 2206.02915); float4e2m1 from OCP Microscaling Formats 1.0. A pattern is a sign bit, then
 * exponent and mantissa, which count up with the magnitude. Rounding is to nearest, ties to even.
 */

import { NumericError } from './errors.ts'
import { roundHalfEven } from './rounding.ts'

interface Format {
  /** Bits of the whole, one of them the sign. */
  readonly bits: number
  readonly mantissaBits: number
  readonly bias: number
  /** The pattern of the greatest finite number, without sign. */
  readonly largest: number
  /** The pattern of infinity, or null where there is none. */
  readonly infinity: number | null
  /** The pattern of the NaN that is written, or null where there is none. As large as the sign bit: there is no -0. */
  readonly nan: number | null
}

const formats = {
  float16: { bits: 16, mantissaBits: 10, bias: 15, largest: 0x7bff, infinity: 0x7c00, nan: 0x7e00 },
  bfloat16: { bits: 16, mantissaBits: 7, bias: 127, largest: 0x7f7f, infinity: 0x7f80, nan: 0x7fc0 },
  float8e4m3fn: { bits: 8, mantissaBits: 3, bias: 7, largest: 0x7e, infinity: null, nan: 0x7f },
  float8e4m3fnuz: { bits: 8, mantissaBits: 3, bias: 8, largest: 0x7f, infinity: null, nan: 0x80 },
  float8e5m2: { bits: 8, mantissaBits: 2, bias: 15, largest: 0x7b, infinity: 0x7c, nan: 0x7e },
  float8e5m2fnuz: { bits: 8, mantissaBits: 2, bias: 16, largest: 0x7f, infinity: null, nan: 0x80 },
  float4e2m1: { bits: 4, mantissaBits: 1, bias: 1, largest: 0x7, infinity: null, nan: null },
} satisfies Record<string, Format>

/** A format of this file, by its ONNX name. */
export type SmallFloat = keyof typeof formats

/** Whether a type is one of this file's. */
export function isSmallFloat(type: string): type is SmallFloat {
  return Object.hasOwn(formats, type)
}

// A double and its two halves; typed arrays are little-endian wherever this library runs.
const double = new Float64Array(1)
const halves = new Uint32Array(double.buffer)

/** 2^exponent, for exponents of normal doubles. */
function powerOfTwo(exponent: number): number {
  halves[0] = 0
  halves[1] = (exponent + 1023) << 20
  return double[0]
}

/** The number that the lowest bits of `pattern` mean; exact. float16 0x3c01 is 1 + 2^-10. */
export function decodeSmallFloat(pattern: number, format: SmallFloat): number {
  const { bits, mantissaBits, bias, largest, infinity, nan }: Format = formats[format]
  const signBit = 1 << (bits - 1)
  const magnitude = pattern & (signBit - 1)
  const negative = (pattern & signBit) !== 0
  if (magnitude > largest) return magnitude !== infinity ? Number.NaN : negative ? -Infinity : Infinity
  if (negative && magnitude === 0 && nan === signBit) return Number.NaN
  const exponent = magnitude >>> mantissaBits
  const mantissa = magnitude & ((1 << mantissaBits) - 1)
  const significand = exponent === 0 ? mantissa : mantissa + (1 << mantissaBits)
  const value = significand * powerOfTwo(Math.max(exponent, 1) - bias - mantissaBits)
  return negative ? -value : value
}

/**
 * The pattern of the number nearest to `value`, ties to even; float16 of 2049 is that of 2048. What rounds beyond the greatest
 * finite number becomes infinity where the format has one, else NaN, else the greatest number; with `saturate` it always
 * becomes the greatest number, and so does infinity (ONNX Cast). Throws `NumericError` for NaN in float4e2m1, which has none.
 */
export function encodeSmallFloat(value: number, format: SmallFloat, saturate = false): number {
  const { bits, mantissaBits, bias, largest, infinity, nan }: Format = formats[format]
  if (Number.isNaN(value)) {
    if (nan === null) throw new NumericError(`${format}: NaN came, and the format has none: replace it first`)
    return nan
  }
  const signBit = 1 << (bits - 1)
  double[0] = value
  const sign = halves[1] >>> 31 === 1 ? signBit : 0
  const size = Math.abs(value)
  // The exponent of the number, or that of the subnormals. A subnormal double reads as -1023, far below both.
  const exponent = Math.max(((halves[1] >>> 20) & 0x7ff) - 1023, 1 - bias)
  let magnitude = largest + 1
  if (size < powerOfTwo(128)) {
    // In units of the last place: below 2^(mantissaBits + 1), or equal to it where rounding carries into the exponent.
    const units = roundHalfEven(size * powerOfTwo(mantissaBits - exponent))
    magnitude = (exponent + bias - 1) * (1 << mantissaBits) + units
  }
  if (magnitude > largest) {
    if (saturate || (infinity === null && nan === null)) magnitude = largest
    else if (infinity === null) return nan as number
    else magnitude = infinity
  }
  return magnitude === 0 && nan === signBit ? 0 : sign | magnitude
}
