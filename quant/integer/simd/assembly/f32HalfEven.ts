import { storeCodes, storeSixteen } from './storeCodes'

/**
 * Codes of four f32 numbers, ties to even: limited first to `least` = low - zeroPoint and `most` = high - zeroPoint (integers, so
 * that rounding cannot cross them), then rounded by adding 1.5 * 2^23, whose last bit is 1. `magic` is the bits of that number
 * less the zero point. All are vectors of equal lanes, made outside of loops.
 */
export function roundHalfEven(v: v128, magic: v128, least: v128, most: v128): v128 {
  const limited = f32x4.pmin(f32x4.pmax(v, least), most)
  return i32x4.sub(f32x4.add(limited, f32x4.splat(12582912)), magic)
}

/** The codes of four sums. */
function four(acc: usize, factor: v128, magic: v128, least: v128, most: v128): v128 {
  return roundHalfEven(f32x4.mul(f32x4.convert_i32x4_s(v128.load(acc)), factor), magic, least, most)
}

/** Mirrors requantise/f32HalfEven.ts; may read up to three sums more. */
export function f32HalfEven(
  acc: usize,
  count: i32,
  scale: f32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  out: usize,
  outStride: i32,
): void {
  const factor = f32x4.splat(scale)
  const least = f32x4.splat(<f32>(low - zeroPoint))
  const most = f32x4.splat(<f32>(high - zeroPoint))
  const magic = i32x4.splat(0x4b400000 - zeroPoint)
  let i = 0
  if (outStride === 1) {
    for (; i <= count - 16; i += 16) {
      const at = acc + ((<usize>i) << 2)
      const a = four(at, factor, magic, least, most)
      const b = four(at + 16, factor, magic, least, most)
      const c = four(at + 32, factor, magic, least, most)
      const d = four(at + 48, factor, magic, least, most)
      storeSixteen(a, b, c, d, out + <usize>i)
    }
  }
  for (; i < count; i += 4) {
    const codes = four(acc + ((<usize>i) << 2), factor, magic, least, most)
    storeCodes(codes, out + <usize>(i * outStride), outStride, count - i)
  }
}
