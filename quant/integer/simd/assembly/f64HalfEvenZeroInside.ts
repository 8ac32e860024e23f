import { upperDoubles } from './f64HalfAway'
import { storeCodes, storeSixteen } from './storeCodes'

/** Two limited doubles plus 1.5 * 2^52: the lower half of each is the nearest integer, ties to even. */
function roundTwo(x: v128, factor: v128, zero: v128, least: v128, most: v128): v128 {
  const v = f64x2.add(f64x2.mul(x, factor), zero)
  return f64x2.add(f64x2.pmin(f64x2.pmax(v, least), most), f64x2.splat(6755399441055744))
}

/** The codes of four sums. */
function four(acc: usize, factor: v128, zero: v128, least: v128, most: v128): v128 {
  const x = v128.load(acc)
  const first = roundTwo(f64x2.convert_low_i32x4_s(x), factor, zero, least, most)
  const second = roundTwo(upperDoubles(x), factor, zero, least, most)
  return v128.shuffle<i32>(first, second, 0, 2, 4, 6)
}

/** Mirrors requantise/f64HalfEvenZeroInside.ts; may read up to three sums more. */
export function f64HalfEvenZeroInside(
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
  const zero = f64x2.splat(<f64>zeroPoint)
  const least = f64x2.splat(<f64>low)
  const most = f64x2.splat(<f64>high)
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
