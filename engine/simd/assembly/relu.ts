/** Mirrors kernels/relu.ts; units are elements. */
export function relu(x: usize, out: usize, begin: i32, end: i32): void {
  const zero = f32x4.splat(0)
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    v128.store(out + at, f32x4.max(v128.load(x + at), zero))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    store<f32>(out + at, max<f32>(load<f32>(x + at), 0))
  }
}

/** Mirrors reluGrad of kernels/relu.ts; units are elements. */
export function reluGrad(x: usize, gradOut: usize, gradX: usize, begin: i32, end: i32): void {
  const zero = f32x4.splat(0)
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    v128.store(gradX + at, v128.and(v128.load(gradOut + at), f32x4.gt(v128.load(x + at), zero)))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    store<f32>(gradX + at, load<f32>(x + at) > 0 ? load<f32>(gradOut + at) : 0)
  }
}
