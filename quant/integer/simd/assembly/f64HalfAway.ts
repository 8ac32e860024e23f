import { storeCodes, storeSixteen, toCodes } from './storeCodes'

/**
 * Two doubles to nearest, ties away from zero, in lanes 0 and 1, saturated to int32: half less one ulp is added away from
 * zero, which reaches the next integer from a tie on and from nothing below it, then the fraction is dropped.
 */
function roundTwo(v: v128): v128 {
  const sign = v128.and(v, f64x2.splat(-0.0))
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.add(v, v128.or(sign, f64x2.splat(0.49999999999999994))))
}

/** Four doubles as int32, ties away from zero. */
export function roundHalfAway(first: v128, second: v128): v128 {
  return v128.shuffle<i32>(roundTwo(first), roundTwo(second), 0, 1, 4, 5)
}

/** Lanes 2 and 3 of int32 as doubles. */
export function upperDoubles(x: v128): v128 {
  return f64x2.convert_low_i32x4_s(v128.shuffle<i32>(x, x, 2, 3, 2, 3))
}

/** The codes of four sums. */
function four(acc: usize, factor: v128, zero: v128, least: v128, most: v128): v128 {
  const x = v128.load(acc)
  const first = f64x2.mul(f64x2.convert_low_i32x4_s(x), factor)
  return toCodes(roundHalfAway(first, f64x2.mul(upperDoubles(x), factor)), zero, least, most)
}

/** Mirrors requantise/f64HalfAway.ts; may read up to three sums more. */
export function f64HalfAway(
  acc: usize,
  count: i32,
  scale: f64,
  zeroPoint: i32,
  low: i32,
  high: i32,
  out: usize,
  outStride: i32,
): void {
  const factor = f64x2.splat(scale)
  const zero = i32x4.splat(zeroPoint)
  const least = i32x4.splat(low - zeroPoint)
  const most = i32x4.splat(high - zeroPoint)
  let i = 0
  if (outStride === 1) {
    for (; i <= count - 16; i += 16) {
      const at = acc + ((<usize>i) << 2)
      const a = four(at, factor, zero, least, most)
      const b = four(at + 16, factor, zero, least, most)
      const c = four(at + 32, factor, zero, least, most)
      const d = four(at + 48, factor, zero, least, most)
      storeSixteen(a, b, c, d, out + <usize>i)
    }
  }
  for (; i < count; i += 4) {
    const codes = four(acc + ((<usize>i) << 2), factor, zero, least, most)
    storeCodes(codes, out + <usize>(i * outStride), outStride, count - i)
  }
}
