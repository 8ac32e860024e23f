/** Exponents of doubles, without `Math.pow` or `Math.log2`. A SIMD kernel builds the same powers with integer shifts. */

const BIAS = 1023

// powers[n + 1023] = 2^n for n in [-1023, 1023]; the first is subnormal but exact.
const powers = new Float64Array(2 * BIAS + 1)
powers[BIAS] = 1
for (let n = 1; n <= BIAS; n++) {
  powers[BIAS + n] = powers[BIAS + n - 1] * 2
  powers[BIAS - n] = powers[BIAS - n + 1] / 2
}

// Two views of one double. Word 1 is the high one: every platform with a JavaScript engine we support is little-endian.
const double = new Float64Array(1)
const words = new Int32Array(double.buffer)

/** 2^n, exact, for an integer n in [-1023, 1023]. NaN counts as 0. */
export function powerOfTwo(n: number): number {
  return powers[(n | 0) + BIAS]
}

/** floor(log2(x)) of a positive, finite, normal double. */
export function exponentOf(x: number): number {
  double[0] = x
  return (words[1] >>> 20) - BIAS
}
