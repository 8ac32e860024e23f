import { log as logOf } from './transcendental/log.ts'

/** out[i] = ln x[i], evaluated in double and rounded once: -Infinity at 0, NaN below. `out` may be `x`. */
export function log(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = logOf(x[i])
}

/** gradX[i] = gradOut[i] / x[i]. */
export function logGrad(x: Float32Array, gradOut: Float32Array, gradX: Float32Array): void {
  for (let i = 0; i < gradX.length; i++) gradX[i] = gradOut[i] / x[i]
}
