/**
 * out[i] = min(max(alpha x + beta, 0), 1), the product and the sum rounded to float32 each, alpha and beta before; NaN
 * stays NaN. `out` may be `x`.
 */
export function hardSigmoid(x: Float32Array, out: Float32Array, alpha: number, beta: number): void {
  const a = Math.fround(alpha)
  const b = Math.fround(beta)
  for (let i = 0; i < out.length; i++) out[i] = Math.min(Math.max(Math.fround(Math.fround(a * x[i]) + b), 0), 1)
}

/** alpha times the gradient where 0 < alpha x + beta < 1, 0 elsewhere (also at both ends, as in PyTorch). */
export function hardSigmoidGrad(
  x: Float32Array,
  gradOut: Float32Array,
  gradX: Float32Array,
  alpha: number,
  beta: number,
): void {
  const a = Math.fround(alpha)
  const b = Math.fround(beta)
  for (let i = 0; i < gradX.length; i++) {
    const line = Math.fround(Math.fround(a * x[i]) + b)
    gradX[i] = line > 0 && line < 1 ? a * gradOut[i] : 0
  }
}
