import type { PoolShape } from './poolShape.ts'

/**
 * Average pooling over x [planes, height, width] (dilation 1): per window one f32 accumulator from +0, taps inside the
 * input in ascending (row, column) order, then one division by the f32 count. The count is the number of those taps, or with
 * `countPadding` 1 of all taps within the padded picture; what a ceiling-mode window has beyond the padding never counts
 * (PyTorch's count_include_pad; ONNX the same). Every window holds a pixel.
 */
export function averagePool(x: Float32Array, shape: PoolShape, countPadding: number, out: Float32Array): void {
  const { planes, height, width, outHeight, outWidth, kernelHeight, kernelWidth } = shape
  const { strideHeight, strideWidth, padTop, padLeft, padBottom, padRight } = shape
  let i = 0
  for (let plane = 0; plane < planes; plane++) {
    const base = plane * height * width
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * strideHeight - padTop
      const yBegin = Math.max(top, 0)
      const yEnd = Math.min(top + kernelHeight, height)
      const rows = countPadding ? Math.min(top + kernelHeight, height + padBottom) - top : yEnd - yBegin
      for (let ox = 0; ox < outWidth; ox++) {
        const left = ox * strideWidth - padLeft
        const xBegin = Math.max(left, 0)
        const xEnd = Math.min(left + kernelWidth, width)
        const columns = countPadding ? Math.min(left + kernelWidth, width + padRight) - left : xEnd - xBegin
        let sum = 0
        for (let iy = yBegin; iy < yEnd; iy++) {
          const row = base + iy * width
          for (let ix = xBegin; ix < xEnd; ix++) sum = Math.fround(sum + x[row + ix])
        }
        out[i++] = sum / Math.fround(rows * columns)
      }
    }
  }
}

/**
 * gradX = the sum of f32(gradOut / count) over the windows that a pixel is in: one f32 accumulator a pixel from +0,
 * windows in ascending order. `countPadding` as in `averagePool`.
 */
export function averagePoolGrad(
  gradOut: Float32Array,
  shape: PoolShape,
  countPadding: number,
  gradX: Float32Array,
): void {
  const { planes, height, width, outHeight, outWidth, kernelHeight, kernelWidth } = shape
  const { strideHeight, strideWidth, padTop, padLeft, padBottom, padRight } = shape
  gradX.fill(0)
  let i = 0
  for (let plane = 0; plane < planes; plane++) {
    const base = plane * height * width
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * strideHeight - padTop
      const yBegin = Math.max(top, 0)
      const yEnd = Math.min(top + kernelHeight, height)
      const rows = countPadding ? Math.min(top + kernelHeight, height + padBottom) - top : yEnd - yBegin
      for (let ox = 0; ox < outWidth; ox++) {
        const left = ox * strideWidth - padLeft
        const xBegin = Math.max(left, 0)
        const xEnd = Math.min(left + kernelWidth, width)
        const columns = countPadding ? Math.min(left + kernelWidth, width + padRight) - left : xEnd - xBegin
        const share = Math.fround(gradOut[i++] / Math.fround(rows * columns))
        for (let iy = yBegin; iy < yEnd; iy++) {
          const row = base + iy * width
          for (let ix = xBegin; ix < xEnd; ix++) gradX[row + ix] += share
        }
      }
    }
  }
}
