/**
 * Requantiser in double precision: out = clamp(RHA(f64(x) * scale) + zeroPoint, low, high), as the fully connected
 * reference kernel of LiteRT does it. One rounding of the product to f64, then to nearest, ties away from zero. `scale` is
 * any positive double.
 * Example, scale = 2^-10: 511 -> 0, 512 -> 1, -512 -> -1, -1536 -> -2, 2560 -> 3.
 */
export function f64HalfAway(
  acc: Int32Array,
  accStart: number,
  count: number,
  scale: number,
  zeroPoint: number,
  low: number,
  high: number,
  outStart: number,
  outStride: number,
  out: Int8Array | Int32Array,
): void {
  let position = outStart
  for (let i = 0; i < count; i++) {
    const v = acc[accStart + i] * scale
    const t = Math.trunc(v)
    // |v - t| is exact, so a tie is seen as one (floor(|v| + 1/2) errs just below 1/2).
    const rounded = v - t >= 0.5 ? t + 1 : v - t <= -0.5 ? t - 1 : t
    const q = rounded + zeroPoint
    out[position] = Math.min(Math.max(q, low), high)
    position += outStride
  }
}
