import { sigmoid as sigmoidOf } from './transcendental/sigmoid.ts'
import { softplus as softplusOf } from './transcendental/softplus.ts'

/** out[i] = log(1 + e^x[i]), evaluated in double and rounded once. `out` may be `x`. */
export function softplus(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = softplusOf(x[i])
}

/** gradX[i] = gradOut[i] * sigmoid(x[i]): in double, rounded once. */
export function softplusGrad(x: Float32Array, gradOut: Float32Array, gradX: Float32Array): void {
  for (let i = 0; i < gradX.length; i++) gradX[i] = gradOut[i] * sigmoidOf(x[i])
}
