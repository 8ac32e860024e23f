const value = new Float64Array(1)
const words = new Uint32Array(value.buffer)
const LOW = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1

/**
 * fma(a, b, c) of three f32 numbers: a * b + c rounded once to f32, as an FMA instruction does it. The product is exact in a
 * double. The double sum s is made odd where it is inexact (rounded to odd: one unit in the last place towards the exact sum if its
 * last bit is 0), so that rounding it to f32 decides as rounding the exact sum would. Results must lie in f32's normal range or
 * be 0, and nothing may overflow.
 * Example: fma(1 + 2^-12, 1 + 2^-12, -1) is 2^-11 + 2^-24; an f32 product and an f32 sum give 2^-11.
 */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b
  const sum = product + c
  // Knuth's TwoSum: product + c = sum + error exactly.
  const back = sum - product
  const error = product - (sum - back) + (c - back)
  if (error === 0) return Math.fround(sum)
  value[0] = sum
  if ((words[LOW] & 1) === 0) {
    if (error > 0 === sum > 0) words[LOW]++
    else {
      if (words[LOW] === 0) words[1 - LOW]--
      words[LOW]--
    }
  }
  return Math.fround(value[0])
}
