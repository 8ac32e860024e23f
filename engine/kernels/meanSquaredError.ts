import { foldLanes, LANES } from './sumLanes.ts'

const f32 = Math.fround

/**
 * out[0] = (sum of (a - b)^2) / length: difference and square are rounded to float32 each, the sum over the whole array
 * is the standard reduction (sumLanes.ts); length and quotient are rounded. NaN for empty arrays.
 */
export function meanSquaredError(a: Float32Array, b: Float32Array, out: Float32Array): void {
  const lanes = new Float32Array(LANES)
  for (let i = 0; i < a.length; i++) {
    const difference = f32(a[i] - b[i])
    lanes[i % LANES] += f32(difference * difference)
  }
  out[0] = foldLanes(lanes) / f32(a.length)
}

/** gradA = (a - b) * ((2 * gradOut[0]) / length), rounded after each operation. Swap a and b for the gradient of b. */
export function meanSquaredErrorGrad(
  a: Float32Array,
  b: Float32Array,
  gradOut: Float32Array,
  gradA: Float32Array,
): void {
  const factor = f32(f32(2 * gradOut[0]) / f32(a.length))
  for (let i = 0; i < gradA.length; i++) gradA[i] = f32(a[i] - b[i]) * factor
}
