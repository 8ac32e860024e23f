/** Mirrors kernels/abs.ts; units are elements. */
export function abs(x: usize, out: usize, begin: i32, end: i32): void {
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    v128.store(out + at, f32x4.abs(v128.load(x + at)))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    v128.store_lane<f32>(out + at, f32x4.abs(v128.load_splat<f32>(x + at)), 0)
  }
}

/** Mirrors absGrad of kernels/abs.ts; units are elements. */
export function absGrad(x: usize, gradOut: usize, gradX: usize, begin: i32, end: i32): void {
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    v128.store(gradX + at, f32x4.mul(v128.load(gradOut + at), signs(v128.load(x + at))))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    const gradient = f32x4.mul(v128.load_splat<f32>(gradOut + at), signs(v128.load_splat<f32>(x + at)))
    v128.store_lane<f32>(gradX + at, gradient, 0)
  }
}

/** Math.sign: 1 with the sign of x, but x itself where that is a zero or NaN. */
function signs(x: v128): v128 {
  const unit = v128.or(v128.and(x, f32x4.splat(-0.0)), f32x4.splat(1))
  return v128.bitselect(unit, x, f32x4.gt(f32x4.abs(x), f32x4.splat(0)))
}
