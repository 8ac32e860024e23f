import { type RoundingMode, roundAs } from '../../engine/base/rounding.ts'

/** The first number above int64. */
const INT64_END = 2 ** 63

/**
 * Fake quantisation, blended. Every step is one f32 operation (those on integers below 2^24 are exact anyway):
 *
 *     d  = f32(x / s), or with `reciprocal` 1 f32(x * f32(1 / s))
 *     q  = clamp(round(d) + z, qmin, qmax)
 *     x^ = f32(s * (q - z))
 *     x~ = x^ where lambda is 1, else f32(x + f32(lambda * f32(x^ - x)))
 *
 * Runs of `inner` consecutive elements share a channel, the channels follow one another cyclically. `lambda` is an f32.
 * Without `reciprocal` NaN stays NaN, so that training notices it, and infinities go to the end codes where lambda is 1.
 * With it the kernel is PyTorch's to the bit, which converts f32(round(d) + z) to int64: NaN and whatever is 2^63 or more
 * become the lowest code, large positive values too (undefined in C++; this is what x86 gives). z is too small to decide
 * that, so d does. `out` may be `x`.
 * Example: s = 0.5, z = 0, x = 0.7, lambda 0.5: d = 1.4, q = 1, x^ = 0.5, x~ = f32(0.6).
 */
export function fakeQuantise(
  x: Float32Array,
  scale: Float32Array,
  zeroPoint: Int32Array,
  inner: number,
  qmin: number,
  qmax: number,
  lambda: number,
  rounding: RoundingMode,
  reciprocal: 0 | 1,
  out: Float32Array,
): void {
  for (let start = 0, c = 0; start < x.length; start += inner, c = (c + 1) % scale.length) {
    const s = scale[c]
    const inverse = Math.fround(1 / s)
    const z = zeroPoint[c]
    for (let i = start; i < start + inner; i++) {
      const v = x[i]
      const d = reciprocal === 1 ? Math.fround(v * inverse) : Math.fround(v / s)
      const q = roundAs(d, rounding) + z
      const clamped = reciprocal === 1 && !(d < INT64_END) ? qmin : Math.min(Math.max(q, qmin), qmax)
      const y = Math.fround(s * (clamped - z))
      out[i] = lambda === 1 ? y : v + Math.fround(lambda * Math.fround(y - v))
    }
  }
}

/**
 * The clipped straight-through gradient: gradX = gradOut * ((1 - lambda) + lambda * mask), where mask is 1 for
 * qmin <= round(d) + z <= qmax (before clamping, bounds included) and 0 outside and for NaN. In f32: gradOut inside,
 * f32(gradOut * f32(1 - lambda)) outside. The other arguments are `fakeQuantise`'s.
 * Example: s = 0.5, z = 0, int8, lambda 0.75: at x = 63.5 (code 127) the factor is 1, at x = 64 it is 0.25.
 */
export function fakeQuantiseGrad(
  x: Float32Array,
  scale: Float32Array,
  zeroPoint: Int32Array,
  inner: number,
  qmin: number,
  qmax: number,
  lambda: number,
  rounding: RoundingMode,
  reciprocal: 0 | 1,
  gradOut: Float32Array,
  gradX: Float32Array,
): void {
  const outside = Math.fround(1 - lambda)
  for (let start = 0, c = 0; start < x.length; start += inner, c = (c + 1) % scale.length) {
    const s = scale[c]
    const inverse = Math.fround(1 / s)
    const z = zeroPoint[c]
    for (let i = start; i < start + inner; i++) {
      const d = reciprocal === 1 ? Math.fround(x[i] * inverse) : Math.fround(x[i] / s)
      const q = roundAs(d, rounding) + z
      gradX[i] = q >= qmin && q <= qmax ? gradOut[i] : gradOut[i] * outside
    }
  }
}

/** The kernels of fake quantisation, which other implementations must equal bit for bit. */
export const plainFakeQuantiseKernels = { fakeQuantise, fakeQuantiseGrad }

/** The signatures that every implementation shares. */
export type FakeQuantiseKernels = typeof plainFakeQuantiseKernels
