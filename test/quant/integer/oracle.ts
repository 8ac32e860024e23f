/** Requantisers and roundings in exact integer arithmetic, straight from their definitions. */

/** Numerator / 2^shift to nearest, ties away from zero. */
export function divideHalfAway(x: bigint, shift: number): bigint {
  const magnitude = x < 0n ? -x : x
  const rounded = (magnitude + (shift > 0 ? 1n << BigInt(shift - 1) : 0n)) >> BigInt(shift)
  return x < 0n ? -rounded : rounded
}

/** TFLite's single rounding. */
export function single(x: number, multiplier: number, shift: number): bigint {
  return (BigInt(x) * BigInt(multiplier) + (1n << BigInt(30 - shift))) >> BigInt(31 - shift)
}

/** TFLite's double rounding. */
export function double(x: number, multiplier: number, shift: number): bigint {
  const product = BigInt(x) * BigInt(2 ** Math.max(shift, 0)) * BigInt(multiplier)
  return divideHalfAway((product + (1n << 30n)) >> 31n, Math.max(-shift, 0))
}

const view = new DataView(new ArrayBuffer(8))

/** A finite double as numerator / 2^shift. */
export function exactly(x: number): { numerator: bigint; shift: number } {
  view.setFloat64(0, x)
  const bits = view.getBigUint64(0)
  const exponent = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  const mantissa = exponent === 0 ? fraction : fraction | 0x10000000000000n
  const power = Math.max(exponent, 1) - 1075
  const signed = x < 0 ? -mantissa : mantissa
  return power > 0 ? { numerator: signed << BigInt(power), shift: 0 } : { numerator: signed, shift: -power }
}

/** Numerator / 2^shift to nearest, ties to even. */
export function divideHalfEven(x: bigint, shift: number): bigint {
  if (shift === 0) return x
  const places = BigInt(shift)
  const below = x >> places
  const twice = (x - (below << places)) << 1n
  const unit = 1n << places
  return twice > unit || (twice === unit && (below & 1n) === 1n) ? below + 1n : below
}

/** The nearest integer of a double, ties to even, without floating point. */
export function nearestEven(x: number): bigint {
  const { numerator, shift } = exactly(x)
  return divideHalfEven(numerator, shift)
}

/** An integer rounded to its first `bits` binary places, ties to even: what a float with such a mantissa keeps of it. */
export function rounded(x: bigint, bits: number): bigint {
  const excess = (x < 0n ? -x : x).toString(2).length - bits
  return excess <= 0 ? x : divideHalfEven(x, excess) << BigInt(excess)
}

/** Limits a code to low ... high. */
export function limited(code: bigint, { low, high }: { readonly low: number; readonly high: number }): number {
  return code < BigInt(low) ? low : code > BigInt(high) ? high : Number(code)
}
