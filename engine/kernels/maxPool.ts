import type { PoolShape } from './poolShape.ts'

/**
 * Max pooling over x [planes, height, width]: out[i] = the greatest tap of window i, and argmax[i] = its index in `x`.
 * Taps in the padding do not count; a window without any other gives -Infinity and index -1 (only dilation can cause
 * that). Of equal taps the first in window order wins, which settles +0 against -0 too; a NaN wins over every number.
 * Exact: no rounding.
 */
export function maxPool(x: Float32Array, shape: PoolShape, out: Float32Array, argmax: Int32Array): void {
  const { planes, height, width, outHeight, outWidth, kernelHeight, kernelWidth } = shape
  const { strideHeight, strideWidth, dilationHeight, dilationWidth, padTop, padLeft } = shape
  let i = 0
  for (let plane = 0; plane < planes; plane++) {
    const base = plane * height * width
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * strideHeight - padTop
      const yEnd = Math.min(top + kernelHeight * dilationHeight, height)
      let yBegin = top
      while (yBegin < 0) yBegin += dilationHeight
      for (let ox = 0; ox < outWidth; ox++) {
        const left = ox * strideWidth - padLeft
        const xEnd = Math.min(left + kernelWidth * dilationWidth, width)
        let xBegin = left
        while (xBegin < 0) xBegin += dilationWidth
        let best = -Infinity
        let index = -1
        for (let iy = yBegin; iy < yEnd; iy += dilationHeight) {
          const row = base + iy * width
          for (let ix = xBegin; ix < xEnd; ix += dilationWidth) {
            const value = x[row + ix]
            if (value > best || index < 0 || (Number.isNaN(value) && !Number.isNaN(best))) {
              best = value
              index = row + ix
            }
          }
        }
        out[i] = best
        argmax[i] = index
        i++
      }
    }
  }
}

/**
 * gradX = the sum of gradOut over the windows whose maximum a pixel was: one f32 accumulator a pixel from +0, windows in
 * ascending order. Both arrays hold `planes` planes, and a window's maximum lies in its own plane.
 */
export function maxPoolGrad(gradOut: Float32Array, argmax: Int32Array, _planes: number, gradX: Float32Array): void {
  gradX.fill(0)
  for (let i = 0; i < gradOut.length; i++) {
    const index = argmax[i]
    if (index >= 0) gradX[index] += gradOut[i]
  }
}
