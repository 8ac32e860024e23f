/** out[i] = |x[i]|. `out` may be `x`. */
export function abs(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = Math.abs(x[i])
}

/** The gradient times the sign of x; 0 at 0, NaN at NaN (as in PyTorch). */
export function absGrad(x: Float32Array, gradOut: Float32Array, gradX: Float32Array): void {
  for (let i = 0; i < gradX.length; i++) gradX[i] = gradOut[i] * Math.sign(x[i])
}
