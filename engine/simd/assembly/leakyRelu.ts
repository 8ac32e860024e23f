/** Mirrors kernels/leakyRelu.ts; units are elements. */
export function leakyRelu(x: usize, out: usize, slope: f32, begin: i32, end: i32): void {
  leak(x, x, out, slope, begin, end)
}

/** Mirrors leakyReluGrad of kernels/leakyRelu.ts; units are elements. */
export function leakyReluGrad(x: usize, gradOut: usize, gradX: usize, slope: f32, begin: i32, end: i32): void {
  leak(x, gradOut, gradX, slope, begin, end)
}

/** out = value where x > 0, slope * value elsewhere. */
function leak(x: usize, value: usize, out: usize, slope: f32, begin: i32, end: i32): void {
  const slopes = f32x4.splat(slope)
  const zero = f32x4.splat(0)
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    const v = v128.load(value + at)
    v128.store(out + at, v128.bitselect(v, f32x4.mul(slopes, v), f32x4.gt(v128.load(x + at), zero)))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    const v = load<f32>(value + at)
    store<f32>(out + at, load<f32>(x + at) > 0 ? v : slope * v)
  }
}
