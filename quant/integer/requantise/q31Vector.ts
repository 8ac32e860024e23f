/**
 * Requantiser N: the vector form of TFLite's double rounding, as ruy computes it on x86 and TFLite in
 * `MultiplyByQuantizedMultiplier4Rows`. SRDHM as in q31Double, then a rounding right shift whose ties also go towards plus
 * infinity:
 *
 *     p = floor((x * 2^max(e, 0) * m + 2^30) / 2^31)
 *     N(x, m, e) = floor((p + 2^(k-1)) / 2^k) with k = max(-e, 0); p for k = 0         out = clamp(N + zeroPoint, low, high)
 *
 * Two roundings, so it errs off ties as well. x * 2^max(e, 0) must fit an int32, 0 <= m < 2^31, -31 <= e <= 30.
 * Example, m = 2^30, e = -9 (2^-10): 511 -> 1, 512 -> 1, -512 -> 0, -513 -> 0 (-513 / 2 rounds up to -256 first), -1536 -> -1.
 */
export function q31Vector(
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
  // For k = 0 the half is removed again by the floor, since p is an integer.
  const scale = shift < 0 ? 2 ** shift : 1
  const mh = Math.floor(multiplier / 65536)
  const ml = multiplier - 65536 * mh
  let position = outStart
  for (let i = 0; i < count; i++) {
    const x = acc[accStart + i] * left
    // Exact in doubles as in q31Single.
    const p = Math.floor((x * mh + Math.floor((x * ml) / 65536) + 16384) / 32768)
    const q = Math.floor(p * scale + 0.5) + zeroPoint
    out[position] = Math.min(Math.max(q, low), high)
    position += outStride
  }
}
