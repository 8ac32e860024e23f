import type { PoolShape } from './poolShape.ts'

/** The first of begin, begin + step, ... that is not negative. */
function firstInside(begin: number, step: number): number {
  return begin < 0 ? begin + Math.ceil(-begin / step) * step : begin
}

/** How many of begin, begin + step, ... are below end. */
function tapsWithin(begin: number, end: number, step: number): number {
  return end > begin ? Math.ceil((end - begin) / step) : 0
}

/**
 * Average pooling over x [planes, height, width]: per window one f32 accumulator from +0, taps inside the input in
 * ascending (row, column) order, then one division by the f32 count. The count is the number of those taps, or with
 * `countPadding` 1 of all taps within the padded picture; what a ceiling-mode window has beyond the padding never counts
 * (PyTorch's count_include_pad; ONNX the same). A count of 0, which only dilation can cause, gives NaN.
 */
export function averagePool(x: Float32Array, shape: PoolShape, countPadding: number, out: Float32Array): void {
  const { planes, height, width, outHeight, outWidth, kernelHeight, kernelWidth } = shape
  const { strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft, padBottom, padRight } = shape
  let i = 0
  for (let plane = 0; plane < planes; plane++) {
    const base = plane * height * width
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * strideHeight - padTop
      const bottom = top + kernelHeight * dilationHeight
      const yBegin = firstInside(top, dilationHeight)
      const yEnd = Math.min(bottom, height)
      const rows = countPadding
        ? tapsWithin(top, Math.min(bottom, height + padBottom), dilationHeight)
        : tapsWithin(yBegin, yEnd, dilationHeight)
      for (let ox = 0; ox < outWidth; ox++) {
        const left = ox * strideWidth - padLeft
        const right = left + kernelWidth * dilationWidth
        const xBegin = firstInside(left, dilationWidth)
        const xEnd = Math.min(right, width)
        const columns = countPadding
          ? tapsWithin(left, Math.min(right, width + padRight), dilationWidth)
          : tapsWithin(xBegin, xEnd, dilationWidth)
        let sum = 0
        for (let iy = yBegin; iy < yEnd; iy += dilationHeight) {
          const row = base + iy * width
          for (let ix = xBegin; ix < xEnd; ix += dilationWidth) sum = Math.fround(sum + x[row + ix])
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
  const { strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft, padBottom, padRight } = shape
  gradX.fill(0)
  let i = 0
  for (let plane = 0; plane < planes; plane++) {
    const base = plane * height * width
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * strideHeight - padTop
      const bottom = top + kernelHeight * dilationHeight
      const yBegin = firstInside(top, dilationHeight)
      const yEnd = Math.min(bottom, height)
      const rows = countPadding
        ? tapsWithin(top, Math.min(bottom, height + padBottom), dilationHeight)
        : tapsWithin(yBegin, yEnd, dilationHeight)
      for (let ox = 0; ox < outWidth; ox++) {
        const left = ox * strideWidth - padLeft
        const right = left + kernelWidth * dilationWidth
        const xBegin = firstInside(left, dilationWidth)
        const xEnd = Math.min(right, width)
        const columns = countPadding
          ? tapsWithin(left, Math.min(right, width + padRight), dilationWidth)
          : tapsWithin(xBegin, xEnd, dilationWidth)
        const share = Math.fround(gradOut[i++] / Math.fround(rows * columns))
        for (let iy = yBegin; iy < yEnd; iy += dilationHeight) {
          const row = base + iy * width
          for (let ix = xBegin; ix < xEnd; ix += dilationWidth) gradX[row + ix] += share
        }
      }
    }
  }
}
