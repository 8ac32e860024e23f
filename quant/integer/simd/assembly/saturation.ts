/**
 * Mirrors kernels/saturation.ts for four outputs side by side, and adds it to their sums: entries from `entry` to `end`, the
 * operand's pair i at x + (i << shift).
 */
export function saturated(sums: v128, x: usize, shift: usize, entry: usize, end: usize): v128 {
  const least = i32x4.splat(-32768)
  const most = i32x4.splat(32767)
  for (; entry < end; entry += 20) {
    const a = v128.load(x + ((<usize>load<u32>(entry)) << shift))
    const b = v128.load(x + ((<usize>load<u32>(entry, 8)) << shift))
    const first = i32x4.dot_i16x8_s(a, v128.load32_splat(entry, 4))
    const second = i32x4.dot_i16x8_s(b, v128.load32_splat(entry, 12))
    const v = i32x4.add(i32x4.add(first, second), v128.load32_splat(entry, 16))
    sums = i32x4.add(sums, i32x4.sub(i32x4.min_s(i32x4.max_s(v, least), most), v))
  }
  return sums
}
