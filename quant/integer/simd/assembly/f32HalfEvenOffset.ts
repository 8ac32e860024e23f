import { roundHalfEven } from './f32HalfEven'
import { storeCodes, storeSixteen } from './storeCodes'

/** The codes of four sums. */
function four(acc: usize, factor: v128, added: v128, magic: v128, least: v128, most: v128): v128 {
  const scaled = f32x4.mul(f32x4.convert_i32x4_s(v128.load(acc)), factor)
  return roundHalfEven(f32x4.add(scaled, added), magic, least, most)
}

/** Mirrors requantise/f32HalfEvenOffset.ts; may read up to three sums more. */
export function f32HalfEvenOffset(
  acc: usize,
  count: i32,
  scale: f32,
  offset: f32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  out: usize,
  outStride: i32,
): void {
  const factor = f32x4.splat(scale)
  const added = f32x4.splat(offset)
  const least = f32x4.splat(<f32>(low - zeroPoint))
  const most = f32x4.splat(<f32>(high - zeroPoint))
  const magic = i32x4.splat(0x4b400000 - zeroPoint)
  let i = 0
  if (outStride === 1) {
    for (; i <= count - 16; i += 16) {
      const at = acc + ((<usize>i) << 2)
      const a = four(at, factor, added, magic, least, most)
      const b = four(at + 16, factor, added, magic, least, most)
      const c = four(at + 32, factor, added, magic, least, most)
      const d = four(at + 48, factor, added, magic, least, most)
      storeSixteen(a, b, c, d, out + <usize>i)
    }
  }
  for (; i < count; i += 4) {
    const codes = four(acc + ((<usize>i) << 2), factor, added, magic, least, most)
    storeCodes(codes, out + <usize>(i * outStride), outStride, count - i)
  }
}
