/** out[i] = -x[i], exact; it is its own gradient. `out` may be `x`. */
export function neg(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = -x[i]
}
