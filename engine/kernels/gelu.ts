import { erfc, erfcx } from './transcendental/erf.ts'
import { exp as expOf } from './transcendental/exp.ts'

const ONE_OVER_SQRT_2PI = 0.3989422804014327

/**
 * out[i] = x Phi(x), Phi being the normal distribution function erfc(-x / sqrt 2) / 2: evaluated in double and rounded
 * once, accurate in relative terms far into the negative tail. NaN at -Infinity, as in PyTorch. `out` may be `x`.
 */
export function gelu(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = x[i] * (0.5 * erfc(-x[i] * Math.SQRT1_2))
}

/**
 * gradX[i] = gradOut[i] * (Phi(x) + x phi(x)), phi being the normal density e^(-x^2/2) / sqrt(2 pi): in double, rounded
 * once. Both terms share the exponential.
 */
export function geluGrad(x: Float32Array, gradOut: Float32Array, gradX: Float32Array): void {
  for (let i = 0; i < gradX.length; i++) {
    const v = x[i]
    const e = expOf(-0.5 * (v * v))
    const tail = 0.5 * (e * erfcx(Math.abs(v) * Math.SQRT1_2))
    const phi = v < 0 ? tail : 1 - tail
    gradX[i] = gradOut[i] * (phi + v * (e * ONE_OVER_SQRT_2PI))
  }
}
