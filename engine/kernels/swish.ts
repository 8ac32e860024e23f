import { sigmoid as sigmoidOf } from './transcendental/sigmoid.ts'

/**
 * out[i] = x sigmoid(alpha x), evaluated in double and rounded once; alpha is rounded to float32 first. NaN where an
 * infinity meets 0, as in PyTorch: at -Infinity for alpha > 0. `out` may be `x`.
 */
export function swish(x: Float32Array, out: Float32Array, alpha: number): void {
  const a = Math.fround(alpha)
  for (let i = 0; i < out.length; i++) out[i] = x[i] * sigmoidOf(a * x[i])
}

/** With s = sigmoid(alpha x): gradX[i] = gradOut[i] * (s (1 + alpha x (1 - s))), in double, rounded once. */
export function swishGrad(x: Float32Array, gradOut: Float32Array, gradX: Float32Array, alpha: number): void {
  const a = Math.fround(alpha)
  for (let i = 0; i < gradX.length; i++) {
    const ax = a * x[i]
    const s = sigmoidOf(ax)
    gradX[i] = gradOut[i] * (s * (1 + ax * (1 - s)))
  }
}
