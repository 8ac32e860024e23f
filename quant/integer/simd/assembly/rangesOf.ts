/** Mirrors kernels/rangesOf.ts; units are images. */
export function rangesOf(x: usize, size: i32, ranges: usize, begin: i32, end: i32): void {
  for (let n = begin; n < end; n++) {
    let at = x + ((<usize>(n * size)) << 2)
    let lo = f32x4.splat(0)
    let hi = lo
    let i = 0
    for (; i <= size - 4; i += 4, at += 16) {
      const v = v128.load(at)
      lo = f32x4.min(lo, v)
      hi = f32x4.max(hi, v)
    }
    for (; i < size; i++, at += 4) {
      const v = v128.load32_splat(at)
      lo = f32x4.min(lo, v)
      hi = f32x4.max(hi, v)
    }
    // Halves, then quarters.
    lo = f32x4.min(lo, v128.shuffle<i32>(lo, lo, 2, 3, 0, 1))
    hi = f32x4.max(hi, v128.shuffle<i32>(hi, hi, 2, 3, 0, 1))
    const to = ranges + ((<usize>n) << 3)
    v128.store32_lane(to, f32x4.min(lo, v128.shuffle<i32>(lo, lo, 1, 0, 3, 2)), 0)
    v128.store32_lane(to, f32x4.max(hi, v128.shuffle<i32>(hi, hi, 1, 0, 3, 2)), 0, 4)
  }
}
