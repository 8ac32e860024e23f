/** Mirrors kernels/sgd.ts; units are elements. */
export function sgd(gradient: usize, parameter: usize, rate: f32, decay: f32, begin: i32, end: i32): void {
  const rates = f32x4.splat(rate)
  const decays = f32x4.splat(decay)
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    const p = v128.load(parameter + at)
    const d = f32x4.add(v128.load(gradient + at), f32x4.mul(decays, p))
    v128.store(parameter + at, f32x4.sub(p, f32x4.mul(rates, d)))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    const p = load<f32>(parameter + at)
    const d: f32 = load<f32>(gradient + at) + decay * p
    store<f32>(parameter + at, p - rate * d)
  }
}

/** Mirrors sgdMomentum of kernels/sgd.ts; nesterov is 0 or 1; units are elements. */
export function sgdMomentum(
  gradient: usize,
  buffer: usize,
  parameter: usize,
  rate: f32,
  decay: f32,
  momentum: f32,
  intake: f32,
  nesterov: i32,
  begin: i32,
  end: i32,
): void {
  const rates = f32x4.splat(rate)
  const decays = f32x4.splat(decay)
  const momenta = f32x4.splat(momentum)
  const intakes = f32x4.splat(intake)
  let i = begin
  for (; i <= end - 4; i += 4) {
    const at = (<usize>i) << 2
    const p = v128.load(parameter + at)
    const d = f32x4.add(v128.load(gradient + at), f32x4.mul(decays, p))
    const b = f32x4.add(f32x4.mul(momenta, v128.load(buffer + at)), f32x4.mul(intakes, d))
    v128.store(buffer + at, b)
    const direction = nesterov ? f32x4.add(d, f32x4.mul(momenta, b)) : b
    v128.store(parameter + at, f32x4.sub(p, f32x4.mul(rates, direction)))
  }
  for (; i < end; i++) {
    const at = (<usize>i) << 2
    const p = load<f32>(parameter + at)
    const d: f32 = load<f32>(gradient + at) + decay * p
    const b: f32 = momentum * load<f32>(buffer + at) + intake * d
    store<f32>(buffer + at, b)
    const direction: f32 = nesterov ? d + momentum * b : b
    store<f32>(parameter + at, p - rate * direction)
  }
}
