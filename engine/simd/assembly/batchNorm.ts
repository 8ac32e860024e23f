import { sumProducts, sumRuns, sumSquares } from './sumLanes'

/** Mirrors inverseDeviation of kernels/batchNorm.ts. */
export function inverseDeviation(variance: f32, epsilon: f32): f32 {
  return <f32>1 / sqrt<f32>(variance + epsilon)
}

/** Mirrors batchNormStatistics of kernels/batchNorm.ts; units are channels. */
export function batchNormStatistics(
  x: usize,
  mean: usize,
  variance: usize,
  n: i32,
  c: i32,
  p: i32,
  begin: i32,
  end: i32,
): void {
  const plane = (<usize>p) << 2
  const m = <f32>(n * p)
  for (let channel = begin; channel < end; channel++) {
    const first = x + <usize>channel * plane
    const centre: f32 = sumRuns(first, n, <usize>c * plane, p) / m
    store<f32>(mean + ((<usize>channel) << 2), centre)
    store<f32>(variance + ((<usize>channel) << 2), sumSquares(first, n, <usize>c * plane, p, centre) / m)
  }
}

/** Mirrors batchNorm of kernels/batchNorm.ts; units are planes. */
export function batchNorm(
  x: usize,
  mean: usize,
  variance: usize,
  scale: usize,
  bias: usize,
  out: usize,
  c: i32,
  p: i32,
  epsilon: f32,
  begin: i32,
  end: i32,
): void {
  let at = (<usize>begin * <usize>p) << 2
  for (let plane = begin; plane < end; plane++) {
    const channel = (<usize>(plane % c)) << 2
    const centre = load<f32>(mean + channel)
    const factor: f32 = inverseDeviation(load<f32>(variance + channel), epsilon) * load<f32>(scale + channel)
    const shift = load<f32>(bias + channel)
    const centres = f32x4.splat(centre)
    const factors = f32x4.splat(factor)
    const shifts = f32x4.splat(shift)
    const stop = at + ((<usize>p) << 2)
    for (; at + 16 <= stop; at += 16) {
      const scaled = f32x4.mul(f32x4.sub(v128.load(x + at), centres), factors)
      v128.store(out + at, f32x4.add(scaled, shifts))
    }
    for (; at < stop; at += 4) store<f32>(out + at, (load<f32>(x + at) - centre) * factor + shift)
  }
}

/** Mirrors batchNormRunning of kernels/batchNorm.ts, taken being 1 - momentum; units are channels. */
export function batchNormRunning(
  running: usize,
  batch: usize,
  out: usize,
  kept: f32,
  taken: f32,
  correction: f32,
  begin: i32,
  end: i32,
): void {
  for (let i = begin; i < end; i++) {
    const at = (<usize>i) << 2
    store<f32>(out + at, load<f32>(running + at) * kept + load<f32>(batch + at) * correction * taken)
  }
}

/** Mirrors batchNormParameterGrads of kernels/batchNorm.ts; units are channels. */
export function batchNormParameterGrads(
  x: usize,
  gradOut: usize,
  mean: usize,
  variance: usize,
  gradScale: usize,
  gradBias: usize,
  n: i32,
  c: i32,
  p: i32,
  epsilon: f32,
  begin: i32,
  end: i32,
): void {
  const plane = (<usize>p) << 2
  for (let channel = begin; channel < end; channel++) {
    const first = <usize>channel * plane
    const at = (<usize>channel) << 2
    const centre = load<f32>(mean + at)
    const sum = sumProducts(x + first, gradOut + first, n, <usize>c * plane, p, centre, gradBias + at)
    store<f32>(gradScale + at, sum * inverseDeviation(load<f32>(variance + at), epsilon))
  }
}

/** Mirrors batchNormGradTraining of kernels/batchNorm.ts; units are planes. */
export function batchNormGradTraining(
  x: usize,
  gradOut: usize,
  mean: usize,
  variance: usize,
  scale: usize,
  gradScale: usize,
  gradBias: usize,
  gradX: usize,
  n: i32,
  c: i32,
  p: i32,
  epsilon: f32,
  begin: i32,
  end: i32,
): void {
  const m = <f32>(n * p)
  let at = (<usize>begin * <usize>p) << 2
  for (let plane = begin; plane < end; plane++) {
    const channel = (<usize>(plane % c)) << 2
    const centre = load<f32>(mean + channel)
    const d = inverseDeviation(load<f32>(variance + channel), epsilon)
    const factor: f32 = d * load<f32>(scale + channel)
    const gradMean: f32 = load<f32>(gradBias + channel) / m
    const k: f32 = (load<f32>(gradScale + channel) * d) / m
    const centres = f32x4.splat(centre)
    const factors = f32x4.splat(factor)
    const gradMeans = f32x4.splat(gradMean)
    const ks = f32x4.splat(k)
    const stop = at + ((<usize>p) << 2)
    for (; at + 16 <= stop; at += 16) {
      const centred = f32x4.sub(v128.load(gradOut + at), gradMeans)
      const slope = f32x4.mul(f32x4.sub(v128.load(x + at), centres), ks)
      v128.store(gradX + at, f32x4.mul(f32x4.sub(centred, slope), factors))
    }
    for (; at < stop; at += 4) {
      const centred: f32 = load<f32>(gradOut + at) - gradMean
      store<f32>(gradX + at, (centred - (load<f32>(x + at) - centre) * k) * factor)
    }
  }
}

/** Mirrors batchNormGradEvaluation of kernels/batchNorm.ts; units are planes. */
export function batchNormGradEvaluation(
  gradOut: usize,
  variance: usize,
  scale: usize,
  gradX: usize,
  c: i32,
  p: i32,
  epsilon: f32,
  begin: i32,
  end: i32,
): void {
  let at = (<usize>begin * <usize>p) << 2
  for (let plane = begin; plane < end; plane++) {
    const channel = (<usize>(plane % c)) << 2
    const factor: f32 = inverseDeviation(load<f32>(variance + channel), epsilon) * load<f32>(scale + channel)
    const factors = f32x4.splat(factor)
    const stop = at + ((<usize>p) << 2)
    for (; at + 16 <= stop; at += 16) v128.store(gradX + at, f32x4.mul(v128.load(gradOut + at), factors))
    for (; at < stop; at += 4) store<f32>(gradX + at, load<f32>(gradOut + at) * factor)
  }
}
