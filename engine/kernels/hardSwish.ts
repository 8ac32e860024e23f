const SIXTH = Math.fround(1 / 6)

/**
 * out[i] = x min(max(x / 6 + 1/2, 0), 1), where x / 6 is x times the float32 next to 1/6 (ONNX's alpha) and every step
 * is rounded to float32. NaN at NaN and, where an infinity meets 0, at -Infinity. `out` may be `x`.
 */
export function hardSwish(x: Float32Array, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) {
    out[i] = x[i] * Math.min(Math.max(Math.fround(Math.fround(SIXTH * x[i]) + 0.5), 0), 1)
  }
}

/** 0 for x <= -3, the gradient for x >= 3, gradient * (x / 3 + 1/2) between: float32 after every step. */
export function hardSwishGrad(x: Float32Array, gradOut: Float32Array, gradX: Float32Array): void {
  for (let i = 0; i < gradX.length; i++) {
    if (x[i] <= -3) gradX[i] = 0
    else if (x[i] >= 3) gradX[i] = gradOut[i]
    else gradX[i] = gradOut[i] * Math.fround(Math.fround(x[i] / 3) + 0.5)
  }
}
