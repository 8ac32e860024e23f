/** out[i] = max(x[i], 0); NaN stays NaN, -0 becomes +0. `out` may be `x`. */
export function relu(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = Math.max(x[i], 0)
}

/** The gradient passes where x > 0 and is 0 elsewhere (also at 0, as in PyTorch). */
export function reluGrad(x: Float32Array, gradOut: Float32Array, gradX: Float32Array): void {
  for (let i = 0; i < gradX.length; i++) gradX[i] = x[i] > 0 ? gradOut[i] : 0
}
