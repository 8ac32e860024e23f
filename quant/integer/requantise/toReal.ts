/**
 * Real numbers of sums, in the order of `RealLayerStep`:
 *
 *     y = clamp(f32(f32(f32(x) * scale) + offset), low, high)
 *
 * Sums are integers; `scale` and `offset`, the bias, are f32 numbers; a NaN stays one.
 * Example, scale = 0.5, offset = 0.25, low = 0: 3 -> 1.75, -3 -> 0.
 */
export function toReal(
  acc: Int32Array | Float64Array,
  accStart: number,
  count: number,
  scale: number,
  offset: number,
  low: number,
  high: number,
  outStart: number,
  outStride: number,
  out: Float32Array,
): void {
  let position = outStart
  for (let i = 0; i < count; i++) {
    const v = Math.fround(Math.fround(Math.fround(acc[accStart + i]) * scale) + offset)
    out[position] = Math.min(Math.max(v, low), high)
    position += outStride
  }
}
