import { sumRun } from './sumLanes.ts'

/** out[plane] = the standard 16-lane sum of the `area` elements of each plane of x [planes, area], divided by f32(area). */
export function globalAveragePool(x: Float32Array, planes: number, area: number, out: Float32Array): void {
  const count = Math.fround(area)
  for (let plane = 0; plane < planes; plane++) out[plane] = sumRun(x, plane * area, area) / count
}

/** gradX[plane, :] = f32(gradOut[plane] / f32(area)). */
export function globalAveragePoolGrad(gradOut: Float32Array, planes: number, area: number, gradX: Float32Array): void {
  const count = Math.fround(area)
  for (let plane = 0; plane < planes; plane++) {
    gradX.fill(gradOut[plane] / count, plane * area, (plane + 1) * area)
  }
}
