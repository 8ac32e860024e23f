/**
 * Batch normalisation over x `[n, c, p]` (p positions a plane), statistics for each channel over the m = n * p elements.
 * Sums are the standard reduction with lanes that persist over the planes of a channel (sumLanes.ts).
 */

import { addProducts, addRun, addSquares, channelSum, foldLanes, LANES } from './sumLanes.ts'

const f32 = Math.fround

/** 1 / sqrt(variance + epsilon): sum, root and quotient are rounded to float32 each, epsilon before all. */
export function inverseDeviation(variance: number, epsilon: number): number {
  return f32(1 / f32(Math.sqrt(f32(variance + f32(epsilon)))))
}

/**
 * The mean of each channel, sum / m, and its population variance, (sum of (x - mean)^2) / m: two passes, as one pass
 * (the mean of squares less the squared mean) loses the variance of data far from 0. m is rounded to float32.
 */
export function batchNormStatistics(
  x: Float32Array,
  mean: Float32Array,
  variance: Float32Array,
  n: number,
  c: number,
  p: number,
): void {
  const m = f32(n * p)
  const lanes = new Float32Array(LANES)
  for (let channel = 0; channel < c; channel++) {
    for (let plane = 0; plane < n; plane++) addRun(lanes, x, (plane * c + channel) * p, p)
    const centre = f32(foldLanes(lanes) / m)
    for (let plane = 0; plane < n; plane++) addSquares(lanes, x, (plane * c + channel) * p, p, centre)
    mean[channel] = centre
    variance[channel] = foldLanes(lanes) / m
  }
}

/**
 * out = (x - mean) * (d * scale) + bias, where d = 1 / sqrt(variance + epsilon): difference, both products and sum are
 * rounded each; d * scale is computed once a channel. `out` may be `x`.
 */
export function batchNorm(
  x: Float32Array,
  mean: Float32Array,
  variance: Float32Array,
  scale: Float32Array,
  bias: Float32Array,
  out: Float32Array,
  n: number,
  c: number,
  p: number,
  epsilon: number,
): void {
  for (let plane = 0; plane < n * c; plane++) {
    const channel = plane % c
    const centre = mean[channel]
    const factor = f32(inverseDeviation(variance[channel], epsilon) * scale[channel])
    const shift = bias[channel]
    for (let i = plane * p; i < (plane + 1) * p; i++) out[i] = f32(f32(x[i] - centre) * factor) + shift
  }
}

/**
 * out = running * momentum + (batch * correction) * (1 - momentum), ONNX's momentum, one rounding an operation (1 -
 * momentum is computed in double, then both factors are rounded). `correction` is 1, or m / (m - 1) for a variance that
 * is kept unbiased.
 */
export function batchNormRunning(
  running: Float32Array,
  batch: Float32Array,
  out: Float32Array,
  momentum: number,
  correction: number,
): void {
  const kept = f32(momentum)
  const taken = f32(1 - momentum)
  const corrected = f32(correction)
  for (let i = 0; i < out.length; i++) {
    out[i] = f32(running[i] * kept) + f32(f32(batch[i] * corrected) * taken)
  }
}

/** gradBias = sum of gradOut, gradScale = (sum of (x - mean) * gradOut) * d, for either mode. */
export function batchNormParameterGrads(
  x: Float32Array,
  gradOut: Float32Array,
  mean: Float32Array,
  variance: Float32Array,
  gradScale: Float32Array,
  gradBias: Float32Array,
  n: number,
  c: number,
  p: number,
  epsilon: number,
): void {
  channelSum(gradOut, gradBias, n, c, p)
  const lanes = new Float32Array(LANES)
  for (let channel = 0; channel < c; channel++) {
    for (let plane = 0; plane < n; plane++) {
      addProducts(lanes, x, gradOut, (plane * c + channel) * p, p, mean[channel])
    }
    gradScale[channel] = foldLanes(lanes) * inverseDeviation(variance[channel], epsilon)
  }
}

/**
 * The gradient of x where mean and variance are the batch's own (Ioffe and Szegedy, 2015, section 3, collected):
 *
 *     gradX = ((gradOut - gradBias / m) - (x - mean) * k) * (d * scale),   k = (gradScale * d) / m
 *
 * Every operation is rounded to float32; m is too. `gradX` may be `gradOut`.
 */
export function batchNormGradTraining(
  x: Float32Array,
  gradOut: Float32Array,
  mean: Float32Array,
  variance: Float32Array,
  scale: Float32Array,
  gradScale: Float32Array,
  gradBias: Float32Array,
  gradX: Float32Array,
  n: number,
  c: number,
  p: number,
  epsilon: number,
): void {
  const m = f32(n * p)
  for (let plane = 0; plane < n * c; plane++) {
    const channel = plane % c
    const centre = mean[channel]
    const d = inverseDeviation(variance[channel], epsilon)
    const factor = f32(d * scale[channel])
    const gradMean = f32(gradBias[channel] / m)
    const k = f32(f32(gradScale[channel] * d) / m)
    for (let i = plane * p; i < (plane + 1) * p; i++) {
      gradX[i] = f32(f32(gradOut[i] - gradMean) - f32(f32(x[i] - centre) * k)) * factor
    }
  }
}

/** The gradient of x where mean and variance are constants: gradOut * (d * scale). `gradX` may be `gradOut`. */
export function batchNormGradEvaluation(
  gradOut: Float32Array,
  variance: Float32Array,
  scale: Float32Array,
  gradX: Float32Array,
  n: number,
  c: number,
  p: number,
  epsilon: number,
): void {
  for (let plane = 0; plane < n * c; plane++) {
    const channel = plane % c
    const factor = f32(inverseDeviation(variance[channel], epsilon) * scale[channel])
    for (let i = plane * p; i < (plane + 1) * p; i++) gradX[i] = gradOut[i] * factor
  }
}
