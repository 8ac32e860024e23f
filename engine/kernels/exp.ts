import { exp as expOf } from './transcendental/exp.ts'

/** out[i] = e^x[i], evaluated in double and rounded once. `out` may be `x`. */
export function exp(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = expOf(x[i])
}

/** gradX[i] = gradOut[i] * y[i], where y is the forward result. */
export function expGrad(y: Float32Array, gradOut: Float32Array, gradX: Float32Array): void {
  for (let i = 0; i < gradX.length; i++) gradX[i] = gradOut[i] * y[i]
}
