/** Writes the first `count` (at most 4) of four codes, `stride` bytes apart. */
export function storeCodes(codes: v128, out: usize, stride: i32, count: i32): void {
  if (stride === 1 && count >= 4) {
    const halved = i16x8.narrow_i32x4_s(codes, codes)
    v128.store32_lane(out, i8x16.narrow_i16x8_s(halved, halved), 0)
    return
  }
  const step = <usize>stride
  store<u8>(out, i32x4.extract_lane(codes, 0))
  if (count > 1) store<u8>(out + step, i32x4.extract_lane(codes, 1))
  if (count > 2) store<u8>(out + 2 * step, i32x4.extract_lane(codes, 2))
  if (count > 3) store<u8>(out + 3 * step, i32x4.extract_lane(codes, 3))
}

/** Writes sixteen codes. Sixteen at a time, since the compiler makes constant vectors anew in every turn of a loop. */
export function storeSixteen(a: v128, b: v128, c: v128, d: v128, out: usize): void {
  v128.store(out, i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)))
}

/**
 * Offsets from the zero point as codes: limited to `least` = low - zeroPoint and `most` = high - zeroPoint before the zero
 * point is added, so that nothing can overflow. All are vectors of equal lanes, made outside of loops.
 */
export function toCodes(offsets: v128, zero: v128, least: v128, most: v128): v128 {
  return i32x4.add(i32x4.min_s(i32x4.max_s(offsets, least), most), zero)
}
