/** out[i] = the square root of x[i], correctly rounded: NaN below 0, -0 at -0. `out` may be `x`. */
export function sqrt(x: Float32Array, out: Float32Array): void {
  // The double root rounded to float32 is the float32 root: a double has more than twice its bits.
  for (let i = 0; i < out.length; i++) out[i] = Math.sqrt(x[i])
}

/** gradX[i] = gradOut[i] / (2 y[i]), where y is the forward result: infinite at 0. */
export function sqrtGrad(y: Float32Array, gradOut: Float32Array, gradX: Float32Array): void {
  for (let i = 0; i < gradX.length; i++) gradX[i] = gradOut[i] / (2 * y[i])
}
