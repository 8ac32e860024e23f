import { storeSixteen } from './storeCodes'

/** Mirrors narrowCodes of kernels/convert.ts; units are codes. */
export function narrowCodes(codes: usize, offset: i32, out: usize, begin: i32, end: i32): void {
  const less = i32x4.splat(offset)
  let i = begin
  for (; i <= end - 16; i += 16) {
    const at = codes + ((<usize>i) << 2)
    const a = i32x4.sub(v128.load(at), less)
    const b = i32x4.sub(v128.load(at, 16), less)
    const c = i32x4.sub(v128.load(at, 32), less)
    const d = i32x4.sub(v128.load(at, 48), less)
    storeSixteen(a, b, c, d, out + <usize>i)
  }
  for (; i < end; i++) store<u8>(out + <usize>i, load<i32>(codes + ((<usize>i) << 2)) - offset)
}

/** Mirrors widenCodes of kernels/convert.ts; units are codes. */
export function widenCodes(kept: usize, offset: i32, out: usize, begin: i32, end: i32): void {
  const more = i32x4.splat(offset)
  let i = begin
  for (; i <= end - 4; i += 4) {
    const wide = i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(kept + <usize>i)))
    v128.store(out + ((<usize>i) << 2), i32x4.add(wide, more))
  }
  for (; i < end; i++) store<i32>(out + ((<usize>i) << 2), <i32>load<i8>(kept + <usize>i) + offset)
}
