/**
 * out[i] = min(max(x[i], min), max), the bounds rounded to float32 first; NaN stays NaN, and +0 counts as larger than
 * -0. `out` may be `x`.
 */
export function clip(x: Float32Array, out: Float32Array, min: number, max: number): void {
  const low = Math.fround(min)
  const high = Math.fround(max)
  for (let i = 0; i < out.length; i++) out[i] = Math.min(Math.max(x[i], low), high)
}

/** The gradient passes where min <= x <= max, both ends included (as in PyTorch's clamp), and is 0 elsewhere. */
export function clipGrad(x: Float32Array, gradOut: Float32Array, gradX: Float32Array, min: number, max: number): void {
  const low = Math.fround(min)
  const high = Math.fround(max)
  for (let i = 0; i < gradX.length; i++) gradX[i] = x[i] >= low && x[i] <= high ? gradOut[i] : 0
}
