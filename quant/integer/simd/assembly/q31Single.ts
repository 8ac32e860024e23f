import { storeCodes, storeSixteen, toCodes } from './storeCodes'

/**
 * The upper halves of (x * m + half) * 2^left for four int32 x, exact in int64: |x * m| <= 2^62, and left is 1 only with
 * half = 2^30.
 */
export function highProduct(x: v128, multiplier: v128, half: v128, left: i32): v128 {
  const first = i64x2.shl(i64x2.add(i64x2.extmul_low_i32x4_s(x, multiplier), half), left)
  const second = i64x2.shl(i64x2.add(i64x2.extmul_high_i32x4_s(x, multiplier), half), left)
  return v128.shuffle<i32>(first, second, 1, 3, 5, 7)
}

/** The codes of four sums: right shift by 32 - left + rest. */
function four(
  acc: usize,
  multiplier: v128,
  half: v128,
  left: i32,
  rest: i32,
  zero: v128,
  least: v128,
  most: v128,
): v128 {
  return toCodes(i32x4.shr_s(highProduct(v128.load(acc), multiplier, half, left), rest), zero, least, most)
}

/**
 * Mirrors requantise/q31Single.ts; may read up to three sums more. A right shift of 32 or more is taking the upper half and
 * shifting that; 31 doubles first. Below 31 results may exceed an int32 and are limited as int64, one by one.
 */
export function q31Single(
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
  const right = 31 - shift
  const half = (<i64>1) << (right - 1)
  if (right < 31) {
    for (let i = 0; i < count; i++) {
      const x = <i64>load<i32>(acc + ((<usize>i) << 2))
      const q = ((x * <i64>multiplier + half) >> right) + <i64>zeroPoint
      store<u8>(out + <usize>(i * outStride), <i32>min<i64>(max<i64>(q, low), high))
    }
    return
  }
  const zero = i32x4.splat(zeroPoint)
  const least = i32x4.splat(low - zeroPoint)
  const most = i32x4.splat(high - zeroPoint)
  const m = i32x4.splat(multiplier)
  const halves = i64x2.splat(half)
  const left = right === 31 ? 1 : 0
  const rest = right === 31 ? 0 : right - 32
  let i = 0
  if (outStride === 1) {
    for (; i <= count - 16; i += 16) {
      const at = acc + ((<usize>i) << 2)
      const a = four(at, m, halves, left, rest, zero, least, most)
      const b = four(at + 16, m, halves, left, rest, zero, least, most)
      const c = four(at + 32, m, halves, left, rest, zero, least, most)
      const d = four(at + 48, m, halves, left, rest, zero, least, most)
      storeSixteen(a, b, c, d, out + <usize>i)
    }
  }
  for (; i < count; i += 4) {
    const codes = four(acc + ((<usize>i) << 2), m, halves, left, rest, zero, least, most)
    storeCodes(codes, out + <usize>(i * outStride), outStride, count - i)
  }
}
