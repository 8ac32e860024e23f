/**
 * Requantiser by an arithmetic right shift: out = clamp(((x + 2^(s-1)) >> s) + zeroPoint, low, high), the sum taken
 * without overflow; s = 0 leaves x as it is. Ties towards plus infinity. x is an int32, 0 <= s <= 31.
 * Example, s = 4: 8 -> 1, -8 -> 0, 24 -> 2, -24 -> -1, 2147483647 -> 134217728.
 */
export function shiftHalfUp(
  acc: Int32Array,
  accStart: number,
  count: number,
  shift: number,
  zeroPoint: number,
  low: number,
  high: number,
  outStart: number,
  outStride: number,
  out: Int8Array | Int32Array,
): void {
  // In doubles: x + 2^(s-1) may exceed an int32, x * 2^-s is exact, and for s = 0 the floor removes the half.
  const scale = 2 ** -shift
  let position = outStart
  for (let i = 0; i < count; i++) {
    const q = Math.floor(acc[accStart + i] * scale + 0.5) + zeroPoint
    out[position] = Math.min(Math.max(q, low), high)
    position += outStride
  }
}
