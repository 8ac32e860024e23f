import { sumRun } from './sumLanes.ts'

/** out[plane] = the standard 16-lane sum of the `area` elements of each plane of x [planes, area], divided by `area`. */
export function globalAveragePool(x: Float32Array, planes: number, area: number, out: Float32Array): void {
  for (let plane = 0; plane < planes; plane++) out[plane] = sumRun(x, plane * area, area) / area
}

/** gradX[plane, :] = f32(gradOut[plane] / area). */
export function globalAveragePoolGrad(gradOut: Float32Array, planes: number, area: number, gradX: Float32Array): void {
  for (let plane = 0; plane < planes; plane++) {
    gradX.fill(gradOut[plane] / area, plane * area, (plane + 1) * area)
  }
}
