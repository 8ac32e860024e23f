import { sigmoid as sigmoidOf } from './transcendental/sigmoid.ts'

/** out[i] = 1 / (1 + e^-x[i]), evaluated in double and rounded once. `out` may be `x`. */
export function sigmoid(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = sigmoidOf(x[i])
}

/** gradX[i] = gradOut[i] * (y (1 - y)), where y is the forward result: in double, rounded once. */
export function sigmoidGrad(y: Float32Array, gradOut: Float32Array, gradX: Float32Array): void {
  for (let i = 0; i < gradX.length; i++) gradX[i] = gradOut[i] * (y[i] * (1 - y[i]))
}
