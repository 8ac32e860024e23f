import { sumRun } from './sumLanes'

/** Mirrors kernels/globalAveragePool.ts; units are planes. */
export function globalAveragePool(x: usize, out: usize, area: i32, begin: i32, end: i32): void {
  for (let plane = begin; plane < end; plane++) {
    const sum = sumRun(x + ((<usize>plane * <usize>area) << 2), area)
    store<f32>(out + ((<usize>plane) << 2), sum / <f32>area)
  }
}

/** Mirrors globalAveragePoolGrad of kernels/globalAveragePool.ts; units are planes. */
export function globalAveragePoolGrad(gradOut: usize, gradX: usize, area: i32, begin: i32, end: i32): void {
  let at = gradX + ((<usize>begin * <usize>area) << 2)
  for (let plane = begin; plane < end; plane++) {
    const share: f32 = load<f32>(gradOut + ((<usize>plane) << 2)) / <f32>area
    const shares = f32x4.splat(share)
    const stop = at + ((<usize>area) << 2)
    for (; at + 16 <= stop; at += 16) v128.store(at, shares)
    for (; at < stop; at += 4) store<f32>(at, share)
  }
}
