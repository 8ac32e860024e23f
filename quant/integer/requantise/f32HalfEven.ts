// 1.5 * 2^52: adding and subtracting it rounds a double below 2^51 to an integer, ties to even.
const MAGIC = 6755399441055744

/**
 * Requantiser in single precision: out = clamp(RNE(f32(f32(x) * scale)) + zeroPoint, low, high). The integer sum is rounded
 * to f32 (it loses bits above 2^24), the product once more, then to nearest, ties to even, and the zero point is added
 * after the rounding: the text of ONNX QLinearConv, ONNX Runtime's MLAS and XNNPACK. `scale` is a positive f32 below 2^20, so
 * that the product stays below 2^51.
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
  let position = outStart
  for (let i = 0; i < count; i++) {
    const v = Math.fround(Math.fround(acc[accStart + i]) * scale)
    const q = v + MAGIC - MAGIC + zeroPoint
    out[position] = Math.min(Math.max(q, low), high)
    position += outStride
  }
}
