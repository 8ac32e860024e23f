// 1.5 * 2^52: adding and subtracting it rounds a double below 2^51 to an integer, ties to even.
const MAGIC = 6755399441055744

/**
 * Requantiser in single precision, as XNNPACK's convolutions, ONNX Runtime's MLAS and the text of ONNX QLinearConv do it:
 *
 *     v = f32(f32(x) * scale)         out = RNE(clamp(v, low - zeroPoint, high - zeroPoint)) + zeroPoint
 *
 * The integer sum is rounded to f32 (it loses bits above 2^24), the product once more, then to nearest, ties to even; the
 * zero point is added after the rounding. Clamping before or after the rounding is the same: the limits are integers,
 * and rounding keeps order. `scale` is a positive finite f32, so v may overflow to infinity but is never NaN.
 * Example, scale = 2^-10: 511 -> 0, 512 -> 0, -512 -> 0, 1536 -> 2, 2560 -> 2, -1536 -> -2.
 */
export function f32HalfEven(
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
  const least = low - zeroPoint
  const most = high - zeroPoint
  let position = outStart
  for (let i = 0; i < count; i++) {
    const v = Math.fround(Math.fround(acc[accStart + i]) * scale)
    out[position] = Math.min(Math.max(v, least), most) + MAGIC - MAGIC + zeroPoint
    position += outStride
  }
}
