import { erf as erfOf } from './transcendental/erf.ts'
import { exp } from './transcendental/exp.ts'

const TWO_OVER_SQRT_PI = 1.1283791670955126

/** out[i] = erf x[i], evaluated in double and rounded once. `out` may be `x`. */
export function erf(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = erfOf(x[i])
}

/** gradX[i] = gradOut[i] * (2 / sqrt(pi) e^(-x^2)), in double, rounded once. */
export function erfGrad(x: Float32Array, gradOut: Float32Array, gradX: Float32Array): void {
  for (let i = 0; i < gradX.length; i++) gradX[i] = gradOut[i] * (TWO_OVER_SQRT_PI * exp(-x[i] * x[i]))
}
