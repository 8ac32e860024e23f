/** Mirrors requantise/toReal.ts; may read up to three sums more. */
export function toReal(
  acc: usize,
  count: i32,
  scale: f32,
  offset: f32,
  low: f32,
  high: f32,
  out: usize,
  outStride: i32,
): void {
  const factor = f32x4.splat(scale)
  const added = f32x4.splat(offset)
  const least = f32x4.splat(low)
  const most = f32x4.splat(high)
  const step = (<usize>outStride) << 2
  for (let i = 0; i < count; i += 4, acc += 16, out += 4 * step) {
    const scaled = f32x4.mul(f32x4.convert_i32x4_s(v128.load(acc)), factor)
    const y = f32x4.min(f32x4.max(f32x4.add(scaled, added), least), most)
    if (outStride === 1 && count - i >= 4) {
      v128.store(out, y)
      continue
    }
    v128.store32_lane(out, y, 0)
    if (count - i > 1) v128.store32_lane(out + step, y, 1)
    if (count - i > 2) v128.store32_lane(out + 2 * step, y, 2)
    if (count - i > 3) v128.store32_lane(out + 3 * step, y, 3)
  }
}
