/**
 * Softmax over the middle axis of x `[outer, extent, inner]`. A line is the `extent` elements, `inner` apart, that one
 * softmax runs over; its sums follow `sumLine` (sumLanes.ts): the standard reduction where inner is 1, else ascending.
 */

import { sumLine } from './sumLanes.ts'
import { exp } from './transcendental/exp.ts'

const f32 = Math.fround

/** The greatest element of a line; NaN if there is one, -Infinity for an empty line. */
export function maxLine(x: Float32Array, offset: number, extent: number, stride: number): number {
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0; i < extent; i++) max = Math.max(max, x[offset + i * stride])
  return max
}

/**
 * Writes exp(x - max) along a line to the same places of `out` and returns their float32 sum. The difference is rounded
 * to float32, the exponential evaluated in double and rounded once. `out` may be `x`.
 */
export function expLine(
  x: Float32Array,
  max: number,
  out: Float32Array,
  offset: number,
  extent: number,
  stride: number,
): number {
  for (let i = 0; i < extent; i++) {
    const at = offset + i * stride
    out[at] = exp(f32(x[at] - max))
  }
  return sumLine(out, offset, extent, stride)
}

/**
 * out = exp(x - max) / (sum of exp(x - max)) along each line, the quotient rounded once. A line that holds NaN or
 * +Infinity, or nothing but -Infinity, becomes NaN; -Infinity beside a finite value gives 0. `out` may be `x`.
 */
export function softmax(x: Float32Array, out: Float32Array, outer: number, extent: number, inner: number): void {
  for (let line = 0; line < outer * inner; line++) {
    const offset = Math.floor(line / inner) * extent * inner + (line % inner)
    const sum = expLine(x, maxLine(x, offset, extent, inner), out, offset, extent, inner)
    for (let i = 0; i < extent; i++) out[offset + i * inner] /= sum
  }
}

/** gradX = y * (gradOut - (sum of y * gradOut)) along each line, y the softmax; every operation rounded to float32. */
export function softmaxGrad(
  y: Float32Array,
  gradOut: Float32Array,
  gradX: Float32Array,
  outer: number,
  extent: number,
  inner: number,
): void {
  for (let line = 0; line < outer * inner; line++) {
    const offset = Math.floor(line / inner) * extent * inner + (line % inner)
    for (let i = 0; i < extent; i++) {
      const at = offset + i * inner
      gradX[at] = y[at] * gradOut[at]
    }
    const sum = sumLine(gradX, offset, extent, inner)
    for (let i = 0; i < extent; i++) {
      const at = offset + i * inner
      gradX[at] = y[at] * f32(gradOut[at] - sum)
    }
  }
}
