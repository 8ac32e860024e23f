// 1.5 * 2^52: adding and subtracting it rounds a double below 2^51 to an integer, ties to even.
const MAGIC = 6755399441055744

/**
 * Requantiser of the ONNX reference implementation (QLinearMatMul, QLinearConv): out = clamp(RNE(f64(x * scale) + zeroPoint),
 * low, high). The product and the sum with the zero point are each rounded to f64, then the sum to nearest, ties to even: an
 * odd zero point inside the rounding flips every tie of what the text of ONNX says (f32HalfEven). `scale` is a positive
 * finite double. The clamp is applied before the rounding, which is the same, its limits being integers, and keeps
 * numbers of any size in range.
 * Example, scale = 0.5, zeroPoint = 1: 1 -> 2 (RNE(1.5); with the zero point outside it would be 1), 3 -> 2, -1 -> 0.
 */
export function f64HalfEvenZeroInside(
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
    const v = acc[accStart + i] * scale + zeroPoint
    out[position] = Math.min(Math.max(v, low), high) + MAGIC - MAGIC
    position += outStride
  }
}
