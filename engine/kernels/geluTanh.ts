import { sigmoid as sigmoidOf } from './transcendental/sigmoid.ts'

// 2 sqrt(2 / pi), and the cubic coefficient of the approximation (Hendrycks and Gimpel, "Gaussian error linear units").
const TWICE_SQRT_2_OVER_PI = 1.5957691216057308
const CUBIC = 0.044715

/**
 * out[i] = x (1 + tanh u) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3), as x sigmoid(2 u): the same function without the
 * cancellation in the negative tail. In double, rounded once. NaN at -Infinity, as in PyTorch. `out` may be `x`.
 */
export function geluTanh(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) {
    const v = x[i]
    out[i] = v * sigmoidOf(TWICE_SQRT_2_OVER_PI * (v * (1 + CUBIC * (v * v))))
  }
}

/** With s = sigmoid(2 u): gradX[i] = gradOut[i] * (s (1 + x 2u' (1 - s))), in double, rounded once. */
export function geluTanhGrad(x: Float32Array, gradOut: Float32Array, gradX: Float32Array): void {
  for (let i = 0; i < gradX.length; i++) {
    const v = x[i]
    const square = v * v
    const s = sigmoidOf(TWICE_SQRT_2_OVER_PI * (v * (1 + CUBIC * square)))
    const slope = TWICE_SQRT_2_OVER_PI * (1 + 3 * CUBIC * square)
    gradX[i] = gradOut[i] * (s * (1 + v * slope * (1 - s)))
  }
}
