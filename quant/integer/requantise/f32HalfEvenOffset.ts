// 1.5 * 2^52: adding and subtracting it rounds a double below 2^51 to an integer, ties to even.
const MAGIC = 6755399441055744

/**
 * `f32HalfEven` with a bias that stays in floating point, as FBGEMM and TensorRT add it after scaling:
 *
 *     v = f32(f32(f32(x) * scale) + offset)        out = RNE(clamp(v, low - zeroPoint, high - zeroPoint)) + zeroPoint
 *
 * `offset` is the bias in codes, f32(b / s_out). `scale` is a positive finite f32, `offset` a finite f32.
 * Example, scale = 2^-10, offset = 0.25: 256 -> RNE(0.5) = 0, 1280 -> RNE(1.5) = 2, -768 -> RNE(-0.5) = 0.
 */
export function f32HalfEvenOffset(
  acc: Int32Array,
  accStart: number,
  count: number,
  scale: number,
  offset: number,
  zeroPoint: number,
  low: number,
  high: number,
  outStart: number,
  outStride: number,
  out: Int8Array | Int32Array,
): void {
  const least = low - zeroPoint
  const most = high - zeroPoint
  let position = outStart
  for (let i = 0; i < count; i++) {
    const v = Math.fround(Math.fround(Math.fround(acc[accStart + i]) * scale) + offset)
    out[position] = Math.min(Math.max(v, least), most) + MAGIC - MAGIC + zeroPoint
    position += outStride
  }
}
