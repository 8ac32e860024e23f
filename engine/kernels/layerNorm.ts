/**
 * Layer normalisation over x `[rows, length]`, statistics for each row. Sums over a row are the standard reduction
 * (sumLanes.ts); sums over rows ascend into one accumulator per output.
 */

import { inverseDeviation } from './batchNorm.ts'
import { addProducts, addSquares, foldLanes, LANES, sumRun } from './sumLanes.ts'

const f32 = Math.fround

/**
 * out = ((x - mean) * d) * scale + bias, where d = 1 / sqrt(population variance + epsilon); one rounding an operation,
 * the length rounded too. Without a bias the last sum is left out. mean and d are written for each row, to `mean` and
 * `deviation`.
 */
export function layerNorm(
  x: Float32Array,
  scale: Float32Array,
  bias: Float32Array | null,
  out: Float32Array,
  mean: Float32Array,
  deviation: Float32Array,
  rows: number,
  length: number,
  epsilon: number,
): void {
  const count = f32(length)
  const lanes = new Float32Array(LANES)
  for (let row = 0; row < rows; row++) {
    const offset = row * length
    const centre = f32(sumRun(x, offset, length) / count)
    addSquares(lanes, x, offset, length, centre)
    const d = inverseDeviation(f32(foldLanes(lanes) / count), epsilon)
    mean[row] = centre
    deviation[row] = d
    for (let i = 0; i < length; i++) {
      const scaled = f32(f32(f32(x[offset + i] - centre) * d) * scale[i])
      out[offset + i] = bias === null ? scaled : scaled + bias[i]
    }
  }
}

/**
 * With g = gradOut * scale:
 *
 *     gradX = ((g - (sum of g) / length) - (x - mean) * k) * d,   k = (((sum of (x - mean) * g) * d) * d) / length
 *
 * Every operation is rounded to float32.
 */
export function layerNormGrad(
  x: Float32Array,
  scale: Float32Array,
  mean: Float32Array,
  deviation: Float32Array,
  gradOut: Float32Array,
  gradX: Float32Array,
  rows: number,
  length: number,
): void {
  const count = f32(length)
  const lanes = new Float32Array(LANES)
  for (let row = 0; row < rows; row++) {
    const offset = row * length
    const centre = mean[row]
    const d = deviation[row]
    for (let i = 0; i < length; i++) gradX[offset + i] = gradOut[offset + i] * scale[i]
    const gradMean = f32(sumRun(gradX, offset, length) / count)
    addProducts(lanes, x, gradX, offset, length, centre)
    const k = f32(f32(f32(foldLanes(lanes) * d) * d) / count)
    for (let i = offset; i < offset + length; i++) {
      gradX[i] = f32(f32(gradX[i] - gradMean) - f32(f32(x[i] - centre) * k)) * d
    }
  }
}

/** gradScale = the sum over rows of gradOut * ((x - mean) * d), gradBias that of gradOut: ascending rows from +0. */
export function layerNormParameterGrads(
  x: Float32Array,
  mean: Float32Array,
  deviation: Float32Array,
  gradOut: Float32Array,
  gradScale: Float32Array,
  gradBias: Float32Array,
  rows: number,
  length: number,
): void {
  gradScale.fill(0)
  gradBias.fill(0)
  for (let row = 0; row < rows; row++) {
    const offset = row * length
    const centre = mean[row]
    const d = deviation[row]
    for (let i = 0; i < length; i++) {
      const g = gradOut[offset + i]
      gradScale[i] += f32(g * f32(f32(x[offset + i] - centre) * d))
      gradBias[i] += g
    }
  }
}
