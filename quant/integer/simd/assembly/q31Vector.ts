import { highProduct } from './q31Single'
import { roundShift } from './shiftHalfUp'
import { storeCodes, storeSixteen, toCodes } from './storeCodes'

/** The codes of four sums: both shifts, at least one of which is 0, then as in q31Double with ties up. */
function four(
  acc: usize,
  multiplier: v128,
  left: i32,
  right: i32,
  half: v128,
  zero: v128,
  least: v128,
  most: v128,
): v128 {
  const product = highProduct(i32x4.shl(v128.load(acc), left), multiplier, half, 1)
  return toCodes(roundShift(product, right), zero, least, most)
}

/** Mirrors requantise/q31Vector.ts; may read up to three sums more. */
export function q31Vector(
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
  const left = max(shift, 0)
  const right = max(-shift, 0)
  let i = 0
  if (outStride === 1) {
    for (; i <= count - 16; i += 16) {
      const at = acc + ((<usize>i) << 2)
      const a = four(at, factor, left, right, half, zero, least, most)
      const b = four(at + 16, factor, left, right, half, zero, least, most)
      const c = four(at + 32, factor, left, right, half, zero, least, most)
      const d = four(at + 48, factor, left, right, half, zero, least, most)
      storeSixteen(a, b, c, d, out + <usize>i)
    }
  }
  for (; i < count; i += 4) {
    const codes = four(acc + ((<usize>i) << 2), factor, left, right, half, zero, least, most)
    storeCodes(codes, out + <usize>(i * outStride), outStride, count - i)
  }
}
