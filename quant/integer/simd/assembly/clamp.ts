/** Mirrors kernels/clamp.ts; units are codes. */
export function clampCodes(x: usize, low: i32, high: i32, out: usize, begin: i32, end: i32): void {
  const least = i8x16.splat(<i8>low)
  const most = i8x16.splat(<i8>high)
  let i = begin
  for (; i <= end - 16; i += 16) {
    const at = <usize>i
    v128.store(out + at, i8x16.min_s(i8x16.max_s(v128.load(x + at), least), most))
  }
  for (; i < end; i++) {
    const at = <usize>i
    store<i8>(out + at, <i8>min<i32>(max<i32>(load<i8>(x + at), low), high))
  }
}
