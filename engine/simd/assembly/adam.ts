/** Mirrors kernels/adam.ts; intake1 and intake2 are 1 - beta1 and 1 - beta2; units are elements. */
export function adam(
  gradient: usize,
  first: usize,
  second: usize,
  parameter: usize,
  beta1: f32,
  beta2: f32,
  intake1: f32,
  intake2: f32,
  eps: f32,
  stepSize: f32,
  correction: f32,
  l2: f32,
  keep: f32,
  begin: i32,
  end: i32,
): void {
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    const p = f32x4.mul(f32x4.splat(keep), v128.load(parameter + at))
    const g = f32x4.add(v128.load(gradient + at), f32x4.mul(f32x4.splat(l2), p))
    const m = f32x4.add(f32x4.mul(f32x4.splat(beta1), v128.load(first + at)), f32x4.mul(f32x4.splat(intake1), g))
    const square = f32x4.mul(f32x4.mul(f32x4.splat(intake2), g), g)
    const v = f32x4.add(f32x4.mul(f32x4.splat(beta2), v128.load(second + at)), square)
    v128.store(first + at, m)
    v128.store(second + at, v)
    const denominator = f32x4.add(f32x4.div(f32x4.sqrt(v), f32x4.splat(correction)), f32x4.splat(eps))
    v128.store(parameter + at, f32x4.sub(p, f32x4.div(f32x4.mul(f32x4.splat(stepSize), m), denominator)))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    const p: f32 = keep * load<f32>(parameter + at)
    const g: f32 = load<f32>(gradient + at) + l2 * p
    const m: f32 = beta1 * load<f32>(first + at) + intake1 * g
    const v: f32 = beta2 * load<f32>(second + at) + intake2 * g * g
    store<f32>(first + at, m)
    store<f32>(second + at, v)
    const denominator: f32 = sqrt<f32>(v) / correction + eps
    store<f32>(parameter + at, p - (stepSize * m) / denominator)
  }
}
