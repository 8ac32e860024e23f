/** Mirrors kernels/hardSwish.ts; units are elements. */
export function hardSwish(x: usize, out: usize, begin: i32, end: i32): void {
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    v128.store(out + at, hardSwishOf(v128.load(x + at)))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    v128.store_lane<f32>(out + at, hardSwishOf(v128.load_splat<f32>(x + at)), 0)
  }
}

/** Mirrors hardSwishGrad of kernels/hardSwish.ts; units are elements. */
export function hardSwishGrad(x: usize, gradOut: usize, gradX: usize, begin: i32, end: i32): void {
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    v128.store(gradX + at, gradientOf(v128.load(x + at), v128.load(gradOut + at)))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    const gradient = gradientOf(v128.load_splat<f32>(x + at), v128.load_splat<f32>(gradOut + at))
    v128.store_lane<f32>(gradX + at, gradient, 0)
  }
}

function hardSwishOf(x: v128): v128 {
  // The float32 next to 1/6.
  const sixth = f32x4.splat(0.1666666716337204)
  const line = f32x4.add(f32x4.mul(sixth, x), f32x4.splat(0.5))
  return f32x4.mul(x, f32x4.min(f32x4.max(line, f32x4.splat(0)), f32x4.splat(1)))
}

function gradientOf(x: v128, gradient: v128): v128 {
  const line = f32x4.add(f32x4.div(x, f32x4.splat(3)), f32x4.splat(0.5))
  const inner = f32x4.mul(gradient, line)
  const upper = v128.bitselect(gradient, inner, f32x4.ge(x, f32x4.splat(3)))
  return v128.andnot(upper, f32x4.le(x, f32x4.splat(-3)))
}
