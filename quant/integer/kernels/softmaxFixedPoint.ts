import type { CodeTarget } from '../requantise/requantiser.ts'
import { dividePower, expOfNegative, highMultiply, reciprocalOfOnePlus } from './fixedPoint.ts'

/**
 * TFLite's int8 softmax (reference_ops::Softmax, TFLM), along the middle axis of [outer, extent, inner]. d = code less the maximum;
 * where d >= differenceMin, E = e^x of x = SRDHM(d * 2^leftShift, multiplier), Q5.26 to Q0.31; the sum is taken in Q12.19, and
 *
 *     out = RDPOT(SRDHM(R, E), 31 - h + 4) + zeroPoint        R = 1 / (1 + f), sum = (1 + f) * 2^(31 - h), h its leading zeros
 *
 * that is E / sum in units of 1/256. Below differenceMin: the zero point's end, `low`. Example: two equal codes: 128 each, so 0 with zero point -128.
 */
export function softmaxFixedPoint(
  x: Int8Array,
  outer: number,
  extent: number,
  inner: number,
  multiplier: number,
  leftShift: number,
  differenceMin: number,
  { zeroPoint, low, high }: CodeTarget,
  out: Int8Array,
): void {
  const left = 2 ** leftShift
  for (let row = 0; row < outer * inner; row++) {
    const start = Math.floor(row / inner) * extent * inner + (row % inner)
    let largest = -128
    for (let i = 0; i < extent; i++) largest = Math.max(largest, x[start + i * inner])
    let sum = 0
    for (let i = 0; i < extent; i++) {
      const d = x[start + i * inner] - largest
      if (d >= differenceMin) sum += dividePower(expOfNegative(highMultiply(d * left, multiplier), 5), 12)
    }
    const zeros = Math.clz32(sum)
    // The bits behind the leading one, as Q0.31.
    const reciprocal = reciprocalOfOnePlus(sum * 2 ** zeros - 2 ** 31)
    for (let i = 0; i < extent; i++) {
      const at = start + i * inner
      const d = x[at] - largest
      if (d < differenceMin) {
        out[at] = low
        continue
      }
      const e = expOfNegative(highMultiply(d * left, multiplier), 5)
      const q = dividePower(highMultiply(reciprocal, e), 35 - zeros) + zeroPoint
      out[at] = Math.min(Math.max(q, low), high)
    }
  }
}
