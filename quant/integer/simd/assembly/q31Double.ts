import { highProduct } from './q31Single'
import { storeCodes, storeSixteen, toCodes } from './storeCodes'

/**
 * Mirrors multiplyQ31Double of requantise/q31Double.ts for four int32; x * 2^max(shift, 0) must fit an int32. `half` is 2^30 as int64,
 * `mask` is `remainderMask(shift)`: with the multiplier vectors of equal lanes, made outside of loops.
 */
export function multiplyQ31Double(x: v128, multiplier: v128, shift: i32, half: v128, mask: v128): v128 {
  const product = highProduct(i32x4.shl(x, max(shift, 0)), multiplier, half, 1)
  const threshold = i32x4.add(i32x4.shr_s(mask, 1), i32x4.shr_u(product, 31))
  return i32x4.sub(i32x4.shr_s(product, max(-shift, 0)), i32x4.gt_s(v128.and(product, mask), threshold))
}

/** The bits that a right shift by max(-shift, 0) drops, in each lane. */
export function remainderMask(shift: i32): v128 {
  return i32x4.splat(<i32>(((<i64>1) << max(-shift, 0)) - 1))
}

/** The codes of four sums. */
function four(
  acc: usize,
  multiplier: v128,
  shift: i32,
  half: v128,
  mask: v128,
  zero: v128,
  least: v128,
  most: v128,
): v128 {
  return toCodes(multiplyQ31Double(v128.load(acc), multiplier, shift, half, mask), zero, least, most)
}

/** Mirrors requantise/q31Double.ts; may read up to three sums more. */
export function q31Double(
  acc: usize,
  count: i32,
  multiplier: i32,
  shift: i32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  out: usize,
  outStride: i32,
): void {
  const zero = i32x4.splat(zeroPoint)
  const least = i32x4.splat(low - zeroPoint)
  const most = i32x4.splat(high - zeroPoint)
  const factor = i32x4.splat(multiplier)
  const half = i64x2.splat(1 << 30)
  const mask = remainderMask(shift)
  let i = 0
  if (outStride === 1) {
    for (; i <= count - 16; i += 16) {
      const at = acc + ((<usize>i) << 2)
      const a = four(at, factor, shift, half, mask, zero, least, most)
      const b = four(at + 16, factor, shift, half, mask, zero, least, most)
      const c = four(at + 32, factor, shift, half, mask, zero, least, most)
      const d = four(at + 48, factor, shift, half, mask, zero, least, most)
      storeSixteen(a, b, c, d, out + <usize>i)
    }
  }
  for (; i < count; i += 4) {
    const codes = four(acc + ((<usize>i) << 2), factor, shift, half, mask, zero, least, most)
    storeCodes(codes, out + <usize>(i * outStride), outStride, count - i)
  }
}
