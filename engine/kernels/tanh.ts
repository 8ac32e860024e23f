import { tanh as tanhOf } from './transcendental/tanh.ts'

/** out[i] = tanh(x[i]), evaluated in double and rounded once. `out` may be `x`. */
export function tanh(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = tanhOf(x[i])
}

/** gradX[i] = gradOut[i] * (1 - y^2), where y is the forward result: in double, rounded once. */
export function tanhGrad(y: Float32Array, gradOut: Float32Array, gradX: Float32Array): void {
  for (let i = 0; i < gradX.length; i++) gradX[i] = gradOut[i] * (1 - y[i] * y[i])
}
