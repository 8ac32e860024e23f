/** The logarithm of softmax over the middle axis of x `[outer, extent, inner]`; lines and sums as in softmax.ts. */

import { expLine, maxLine } from './softmax.ts'
import { sumLine } from './sumLanes.ts'
import { exp } from './transcendental/exp.ts'
import { log } from './transcendental/log.ts'

const f32 = Math.fround

/**
 * out = (x - max) - log(sum of exp(x - max)) along each line: both differences are rounded to float32, the logarithm of
 * the float32 sum is evaluated in double and rounded once. NaN and infinities as in softmax. `out` must not be `x`.
 */
export function logSoftmax(x: Float32Array, out: Float32Array, outer: number, extent: number, inner: number): void {
  for (let line = 0; line < outer * inner; line++) {
    const offset = Math.floor(line / inner) * extent * inner + (line % inner)
    const max = maxLine(x, offset, extent, inner)
    const logSum = f32(log(expLine(x, max, out, offset, extent, inner)))
    for (let i = 0; i < extent; i++) {
      const at = offset + i * inner
      out[at] = f32(x[at] - max) - logSum
    }
  }
}

/** gradX = gradOut - exp(y) * (sum of gradOut) along each line; exp(y) and every operation are rounded to float32. */
export function logSoftmaxGrad(
  y: Float32Array,
  gradOut: Float32Array,
  gradX: Float32Array,
  outer: number,
  extent: number,
  inner: number,
): void {
  for (let line = 0; line < outer * inner; line++) {
    const offset = Math.floor(line / inner) * extent * inner + (line % inner)
    const sum = sumLine(gradOut, offset, extent, inner)
    for (let i = 0; i < extent; i++) {
      const at = offset + i * inner
      gradX[at] = gradOut[at] - f32(f32(exp(y[at])) * sum)
    }
  }
}
