/** out[i] = min(max(x[i], low), high) for i < count. Example: [-5, 0, 9] to [-1, 6]: [-1, 0, 6]. */
export function clampCodes(x: Int8Array, count: number, low: number, high: number, out: Int8Array): void {
  for (let i = 0; i < count; i++) {
    const q = x[i]
    out[i] = Math.min(Math.max(q, low), high)
  }
}
