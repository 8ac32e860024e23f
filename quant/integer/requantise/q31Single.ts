/**
 * Requantiser S: TFLite with TFLITE_SINGLE_ROUNDING, ruy's portable code, TOSA's single-rounding RESCALE.
 *
 *     S(x, m, e) = (x * m + 2^(30 - e)) >> (31 - e)         out = clamp(S + zeroPoint, low, high)
 *
 * One rounding, ties towards plus infinity. x is an int32, 0 <= m < 2^31, -31 <= e <= 30. The right shift s = 31 - e
 * lies in 1 ... 62. Equal to BigInt arithmetic wherever S fits an int32, and where it does not (which lowering refuses)
 * it lies on the right side of the clamp.
 * Example, m = 2^30, e = -9 (2^-10): 511 -> 0, 512 -> 1, -512 -> 0, -513 -> -1, -1536 -> -1.
 *
 * How it stays exact in doubles: m = 65536 h + l. x * h and x * l are below 2^47, and dropping the low 16 bits of x * l
 * by `floor` cannot change floor((x * m + 2^(s-1)) / 2^s) when s >= 17, because 2^(s-1) is a multiple of 2^16. For s < 17
 * x * m is taken in one double: it is exact below 2^53, and above that the result exceeds 2^36 and is clamped anyway.
 */
export function q31Single(
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
  const s = 31 - shift
  let position = outStart
  if (s < 17) {
    const half = 2 ** (s - 1)
    const scale = 2 ** -s
    for (let i = 0; i < count; i++) {
      const q = Math.floor((acc[accStart + i] * multiplier + half) * scale) + zeroPoint
      out[position] = Math.min(Math.max(q, low), high)
      position += outStride
    }
    return
  }
  const mh = Math.floor(multiplier / 65536)
  const ml = multiplier - 65536 * mh
  const half = 2 ** (s - 17)
  const scale = 2 ** (16 - s)
  for (let i = 0; i < count; i++) {
    const x = acc[accStart + i]
    const q = Math.floor((x * mh + Math.floor((x * ml) / 65536) + half) * scale) + zeroPoint
    out[position] = Math.min(Math.max(q, low), high)
    position += outStride
  }
}
