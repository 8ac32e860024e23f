import { storeCodes, storeSixteen, toCodes } from './storeCodes'

/** Four int32 / 2^shift to nearest, ties up: the shifted number plus the last bit that was shifted out. */
export function roundShift(x: v128, shift: i32): v128 {
  if (shift === 0) return x
  return i32x4.add(i32x4.shr_s(x, shift), v128.and(i32x4.shr_s(x, shift - 1), i32x4.splat(1)))
}

/** The codes of four sums. */
function four(acc: usize, shift: i32, zero: v128, least: v128, most: v128): v128 {
  return toCodes(roundShift(v128.load(acc), shift), zero, least, most)
}

/** Mirrors requantise/shiftHalfUp.ts; may read up to three sums more. */
export function shiftHalfUp(
  acc: usize,
  count: i32,
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
  let i = 0
  if (outStride === 1) {
    for (; i <= count - 16; i += 16) {
      const at = acc + ((<usize>i) << 2)
      const a = four(at, shift, zero, least, most)
      const b = four(at + 16, shift, zero, least, most)
      const c = four(at + 32, shift, zero, least, most)
      const d = four(at + 48, shift, zero, least, most)
      storeSixteen(a, b, c, d, out + <usize>i)
    }
  }
  for (; i < count; i += 4) {
    const codes = four(acc + ((<usize>i) << 2), shift, zero, least, most)
    storeCodes(codes, out + <usize>(i * outStride), outStride, count - i)
  }
}
