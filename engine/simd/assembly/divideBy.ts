/** Mirrors kernels/divideBy.ts; units are elements. */
export function divideBy(x: usize, out: usize, divisor: f32, begin: i32, end: i32): void {
  const by = f32x4.splat(divisor)
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    v128.store(out + at, f32x4.div(v128.load(x + at), by))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    store<f32>(out + at, load<f32>(x + at) / divisor)
  }
}
