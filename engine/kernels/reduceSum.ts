import { sumRun } from './sumLanes.ts'

/**
 * out `[outer, inner]` = the sum of x `[outer, extent, inner]` over its middle axis: the standard reduction
 * (sumLanes.ts) where inner is 1, otherwise ascending into one float32 accumulator per output that starts at +0.
 */
export function reduceSum(x: Float32Array, out: Float32Array, outer: number, extent: number, inner: number): void {
  if (inner === 1) {
    for (let i = 0; i < outer; i++) out[i] = sumRun(x, i * extent, extent)
    return
  }
  out.fill(0)
  for (let i = 0; i < outer; i++) {
    for (let k = 0; k < extent; k++) {
      const offset = (i * extent + k) * inner
      for (let j = 0; j < inner; j++) out[i * inner + j] += x[offset + j]
    }
  }
}

/** gradX `[outer, extent, inner]`: each gradient of gradOut `[outer, inner]` repeated over the middle axis. */
export function reduceSumGrad(
  gradOut: Float32Array,
  gradX: Float32Array,
  outer: number,
  extent: number,
  inner: number,
): void {
  for (let line = 0; line < outer * extent; line++) {
    const from = Math.floor(line / extent) * inner
    for (let j = 0; j < inner; j++) gradX[line * inner + j] = gradOut[from + j]
  }
}
