/**
 * Saturating rounding doubling high multiply (gemmlowp): floor((a * m + 2^30) / 2^31), ties towards plus infinity.
 * a is an int32, 0 <= m < 2^31 (so the saturating case a = m = -2^31 cannot occur). Exact in doubles as in q31Single.
 */
function highMultiply(a: number, mh: number, ml: number): number {
  return Math.floor((a * mh + Math.floor((a * ml) / 65536) + 16384) / 32768)
}

/** x / 2^k rounded to nearest, ties away from zero; x an int32, `power` = 2^k with 0 <= k <= 31. Example: -1536 / 2^10 -> -2. */
function dividePowerOfTwo(x: number, power: number): number {
  const quotient = x / power
  return quotient < 0 ? -Math.floor(0.5 - quotient) : Math.floor(quotient + 0.5)
}

/**
 * D of one value: RDPOT(SRDHM(x * 2^max(e, 0), m), max(-e, 0)), TFLite's default MultiplyByQuantizedMultiplier. Two
 * roundings: ties towards plus infinity at 2^-31, then ties away from zero. x * 2^max(e, 0) must fit an int32.
 * Example, m = 2^30, e = -9 (2^-10): 511 -> 1 (511 / 2 rounds up to 256 first), 512 -> 1, -512 -> -1, 2560 -> 3.
 */
export function multiplyQ31Double(x: number, multiplier: number, shift: number): number {
  const mh = Math.floor(multiplier / 65536)
  const product = highMultiply(shift > 0 ? x * 2 ** shift : x, mh, multiplier - 65536 * mh)
  return shift < 0 ? dividePowerOfTwo(product, 2 ** -shift) : product
}

/** Requantiser D: out = clamp(D(x, m, e) + zeroPoint, low, high) with D as in `multiplyQ31Double`, row by row. */
export function q31Double(
  acc: Int32Array,
  accStart: number,
  count: number,
  multiplier: number,
  shift: number,
  zeroPoint: number,
  low: number,
  high: number,
  outStart: number,
  outStride: number,
  out: Int8Array | Int32Array,
): void {
  const left = shift > 0 ? 2 ** shift : 1
  const right = shift < 0 ? 2 ** -shift : 1
  const mh = Math.floor(multiplier / 65536)
  const ml = multiplier - 65536 * mh
  let position = outStart
  for (let i = 0; i < count; i++) {
    const q = dividePowerOfTwo(highMultiply(acc[accStart + i] * left, mh, ml), right) + zeroPoint
    out[position] = Math.min(Math.max(q, low), high)
    position += outStride
  }
}
