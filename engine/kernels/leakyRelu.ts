/** out[i] = x[i] where x > 0, alpha * x[i] elsewhere; alpha is rounded to float32 first. `out` may be `x`. */
export function leakyRelu(x: Float32Array, out: Float32Array, alpha: number): void {
  const slope = Math.fround(alpha)
  for (let i = 0; i < out.length; i++) out[i] = x[i] > 0 ? x[i] : slope * x[i]
}

/** The gradient where x > 0, alpha times the gradient elsewhere (also at 0, as in PyTorch). */
export function leakyReluGrad(x: Float32Array, gradOut: Float32Array, gradX: Float32Array, alpha: number): void {
  const slope = Math.fround(alpha)
  for (let i = 0; i < gradX.length; i++) gradX[i] = x[i] > 0 ? gradOut[i] : slope * gradOut[i]
}
