/** Mirrors kernels/clip.ts; units are elements. */
export function clip(x: usize, out: usize, low: f32, high: f32, begin: i32, end: i32): void {
  const lows = f32x4.splat(low)
  const highs = f32x4.splat(high)
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    v128.store(out + at, f32x4.min(f32x4.max(v128.load(x + at), lows), highs))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    v128.store_lane<f32>(out + at, f32x4.min(f32x4.max(v128.load_splat<f32>(x + at), lows), highs), 0)
  }
}

/** Mirrors clipGrad of kernels/clip.ts; units are elements. */
export function clipGrad(x: usize, gradOut: usize, gradX: usize, low: f32, high: f32, begin: i32, end: i32): void {
  const lows = f32x4.splat(low)
  const highs = f32x4.splat(high)
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    v128.store(gradX + at, v128.and(v128.load(gradOut + at), within(v128.load(x + at), lows, highs)))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    const mask = within(v128.load_splat<f32>(x + at), lows, highs)
    v128.store_lane<f32>(gradX + at, v128.and(v128.load_splat<f32>(gradOut + at), mask), 0)
  }
}

/** All ones where low <= x <= high. */
function within(x: v128, lows: v128, highs: v128): v128 {
  return v128.and(f32x4.ge(x, lows), f32x4.le(x, highs))
}
