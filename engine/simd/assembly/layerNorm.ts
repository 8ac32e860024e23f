/** Mirrors kernels/layerNorm.ts. */

import { inverseDeviation } from './batchNorm'
import { loadPart, storePart } from './part'
import { sumProducts, sumRun, sumSquares } from './sumLanes'

/** A bias of 0 stands for none; units are rows. */
export function layerNorm(
  x: usize,
  scale: usize,
  bias: usize,
  out: usize,
  mean: usize,
  deviation: usize,
  length: i32,
  epsilon: f32,
  begin: i32,
  end: i32,
): void {
  const row = (<usize>length) << 2
  for (let i = begin; i < end; i++) {
    const from = x + <usize>i * row
    const to = out + <usize>i * row
    const centre: f32 = sumRun(from, length) / <f32>length
    const d = inverseDeviation(sumSquares(from, 1, 0, length, centre) / <f32>length, epsilon)
    store<f32>(mean + ((<usize>i) << 2), centre)
    store<f32>(deviation + ((<usize>i) << 2), d)
    const centres = f32x4.splat(centre)
    const ds = f32x4.splat(d)
    for (let j = 0; j < length; j += 4) {
      const at = (<usize>j) << 2
      const count = length - j
      const normal = f32x4.mul(f32x4.sub(loadPart(from + at, count), centres), ds)
      const scaled = f32x4.mul(normal, loadPart(scale + at, count))
      storePart(to + at, bias === 0 ? scaled : f32x4.add(scaled, loadPart(bias + at, count)), count)
    }
  }
}

/** sums is scratch, a float32 a row; units are rows. */
export function layerNormGrad(
  x: usize,
  scale: usize,
  mean: usize,
  deviation: usize,
  gradOut: usize,
  gradX: usize,
  sums: usize,
  length: i32,
  begin: i32,
  end: i32,
): void {
  const row = (<usize>length) << 2
  for (let i = begin; i < end; i++) {
    const from = x + <usize>i * row
    const to = gradX + <usize>i * row
    const centre = load<f32>(mean + ((<usize>i) << 2))
    const d = load<f32>(deviation + ((<usize>i) << 2))
    for (let j = 0; j < length; j += 4) {
      const at = (<usize>j) << 2
      const gradient = loadPart(gradOut + <usize>i * row + at, length - j)
      storePart(to + at, f32x4.mul(gradient, loadPart(scale + at, length - j)), length - j)
    }
    const sumAt = sums + ((<usize>i) << 2)
    const k = f32x4.splat((sumProducts(from, to, 1, 0, length, centre, sumAt) * d * d) / <f32>length)
    const gradMean = f32x4.splat(load<f32>(sumAt) / <f32>length)
    const centres = f32x4.splat(centre)
    for (let j = 0; j < length; j += 4) {
      const at = (<usize>j) << 2
      const centred = f32x4.sub(loadPart(to + at, length - j), gradMean)
      const slope = f32x4.mul(f32x4.sub(loadPart(from + at, length - j), centres), k)
      storePart(to + at, f32x4.mul(f32x4.sub(centred, slope), f32x4.splat(d)), length - j)
    }
  }
}

/** Units are columns. */
export function layerNormParameterGrads(
  x: usize,
  mean: usize,
  deviation: usize,
  gradOut: usize,
  gradScale: usize,
  gradBias: usize,
  rows: i32,
  length: i32,
  begin: i32,
  end: i32,
): void {
  const stride = (<usize>length) << 2
  for (let j = begin; j < end; j += 4) {
    const at = (<usize>j) << 2
    const count = end - j
    let scales = f32x4.splat(0)
    let biases = scales
    let from = at
    for (let i = 0; i < rows; i++, from += stride) {
      const gradient = loadPart(gradOut + from, count)
      const centred = f32x4.sub(loadPart(x + from, count), v128.load_splat<f32>(mean + ((<usize>i) << 2)))
      const normal = f32x4.mul(centred, v128.load_splat<f32>(deviation + ((<usize>i) << 2)))
      scales = f32x4.add(scales, f32x4.mul(gradient, normal))
      biases = f32x4.add(biases, gradient)
    }
    storePart(gradScale + at, scales, count)
    storePart(gradBias + at, biases, count)
  }
}
