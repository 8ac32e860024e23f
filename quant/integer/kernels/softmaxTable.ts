import { roundHalfAway, roundHalfEven } from '../../../engine/base/rounding.ts'
import type { CodeTarget } from '../requantise/requantiser.ts'

/** How E / sum becomes a code; see `SoftmaxArithmetic`. */
export type SoftmaxOutput = 'reciprocal' | 'quotient' | 'multiplier'

/**
 * Softmax by a table of exponentials, along the middle axis of [outer, extent, inner]. `exponentials[d]` belongs to the difference
 * d = the maximum less the code; `factor` is the output's scale, or for 'multiplier' the multiplier. Sums are f32 in ascending order.
 * Example: exponentials [1, 0.5, ...], codes 3 and 2, 'quotient', scale 1/256, zero point -128: 171 and 85, so 43 and -43.
 */
export function softmaxTable(
  x: Int8Array,
  outer: number,
  extent: number,
  inner: number,
  exponentials: Float32Array,
  output: SoftmaxOutput,
  factor: number,
  { zeroPoint, low, high }: CodeTarget,
  out: Int8Array,
): void {
  for (let row = 0; row < outer * inner; row++) {
    const start = Math.floor(row / inner) * extent * inner + (row % inner)
    let largest = -128
    for (let i = 0; i < extent; i++) largest = Math.max(largest, x[start + i * inner])
    let sum = 0
    for (let i = 0; i < extent; i++) sum = Math.fround(sum + exponentials[largest - x[start + i * inner]])
    const reciprocal = Math.fround(1 / Math.fround(sum * factor))
    for (let i = 0; i < extent; i++) {
      const at = start + i * inner
      const e = exponentials[largest - x[at]]
      let rounded: number
      if (output === 'reciprocal') rounded = roundHalfAway(Math.fround(e * reciprocal))
      else if (output === 'quotient') rounded = roundHalfEven(Math.fround(Math.fround(e / sum) / factor))
      else rounded = roundHalfEven(Math.fround(Math.fround(e * factor) / sum))
      out[at] = Math.min(Math.max(rounded + zeroPoint, low), high)
    }
  }
}
