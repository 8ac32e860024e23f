/** out[i] = x[i] / divisor, one rounding each; the divisor is rounded to float32 first. `out` may be `x`. */
export function divideBy(x: Float32Array, out: Float32Array, divisor: number): void {
  const by = Math.fround(divisor)
  for (let i = 0; i < out.length; i++) out[i] = x[i] / by
}
