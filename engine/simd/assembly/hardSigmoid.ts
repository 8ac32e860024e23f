/** Mirrors kernels/hardSigmoid.ts; units are elements. */
export function hardSigmoid(x: usize, out: usize, alpha: f32, beta: f32, begin: i32, end: i32): void {
  const alphas = f32x4.splat(alpha)
  const betas = f32x4.splat(beta)
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    const line = f32x4.add(f32x4.mul(alphas, v128.load(x + at)), betas)
    v128.store(out + at, f32x4.min(f32x4.max(line, zero), one))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    store<f32>(out + at, min<f32>(max<f32>(alpha * load<f32>(x + at) + beta, 0), 1))
  }
}

/** Mirrors hardSigmoidGrad of kernels/hardSigmoid.ts; units are elements. */
export function hardSigmoidGrad(
  x: usize,
  gradOut: usize,
  gradX: usize,
  alpha: f32,
  beta: f32,
  begin: i32,
  end: i32,
): void {
  const alphas = f32x4.splat(alpha)
  const betas = f32x4.splat(beta)
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    const line = f32x4.add(f32x4.mul(alphas, v128.load(x + at)), betas)
    const inside = v128.and(f32x4.gt(line, zero), f32x4.lt(line, one))
    v128.store(gradX + at, v128.and(f32x4.mul(alphas, v128.load(gradOut + at)), inside))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    const line: f32 = alpha * load<f32>(x + at) + beta
    store<f32>(gradX + at, line > 0 && line < 1 ? alpha * load<f32>(gradOut + at) : 0)
  }
}
