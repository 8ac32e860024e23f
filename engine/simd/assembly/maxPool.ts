import { storePart } from './part'
import { firstInner, lastInner, loadApart } from './pooling'

/** Mirrors kernels/maxPool.ts; units are planes. */
export function maxPool(
  x: usize,
  out: usize,
  argmax: usize,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  dilationHeight: i32,
  dilationWidth: i32,
  padTop: i32,
  padLeft: i32,
  begin: i32,
  end: i32,
): void {
  const spread = (kernelWidth - 1) * dilationWidth
  const inner = firstInner(outWidth, strideWidth, padLeft)
  const innerEnd = lastInner(width, outWidth, spread, strideWidth, padLeft)
  for (let plane = begin; plane < end; plane++) {
    const base = plane * height * width
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * strideHeight - padTop
      const yEnd = min<i32>(top + kernelHeight * dilationHeight, height)
      let yBegin = top
      while (yBegin < 0) yBegin += dilationHeight
      const to = (<usize>((plane * outHeight + oy) * outWidth)) << 2
      for (let ox = 0; ox < outWidth; ) {
        if (ox >= inner && ox < innerEnd) {
          // The last inner windows may be computed a second time, to fill a vector.
          if (ox > innerEnd - 4) ox = max<i32>(innerEnd - 4, inner)
          const count = min<i32>(innerEnd - ox, 4)
          const from = ox * strideWidth - padLeft
          let best = f32x4.splat(-Infinity)
          // Of the first window; the first tap counts even if it is -Infinity.
          let index = i32x4.splat(yBegin < yEnd ? base + yBegin * width + from : -1)
          for (let iy = yBegin; iy < yEnd; iy += dilationHeight) {
            const row = base + iy * width + from
            for (let tap = 0; tap <= spread; tap += dilationWidth) {
              const value = loadApart(x + ((<usize>(row + tap)) << 2), strideWidth, count)
              // Greater, or the first NaN: nothing replaces a NaN.
              const better = v128.andnot(f32x4.eq(best, best), f32x4.le(value, best))
              best = v128.bitselect(value, best, better)
              index = v128.bitselect(i32x4.splat(row + tap), index, better)
            }
          }
          if (yBegin < yEnd) index = i32x4.add(index, i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(strideWidth)))
          storePart(out + to + ((<usize>ox) << 2), best, count)
          storePart(argmax + to + ((<usize>ox) << 2), index, count)
          ox += count
        } else {
          const left = ox * strideWidth - padLeft
          const xEnd = min<i32>(left + kernelWidth * dilationWidth, width)
          let xBegin = left
          while (xBegin < 0) xBegin += dilationWidth
          let best: f32 = -Infinity
          let index = yBegin < yEnd && xBegin < xEnd ? base + yBegin * width + xBegin : -1
          for (let iy = yBegin; iy < yEnd; iy += dilationHeight) {
            const row = base + iy * width
            for (let ix = xBegin; ix < xEnd; ix += dilationWidth) {
              const value = load<f32>(x + ((<usize>(row + ix)) << 2))
              const better = f32.eq(best, best) && !(value <= best)
              best = select<f32>(value, best, better)
              index = select<i32>(row + ix, index, better)
            }
          }
          store<f32>(out + to + ((<usize>ox) << 2), best)
          store<i32>(argmax + to + ((<usize>ox) << 2), index)
          ox++
        }
      }
    }
  }
}

/** Mirrors maxPoolGrad of kernels/maxPool.ts; a plane has `windows` windows and `area` elements; units are planes. */
export function maxPoolGrad(
  gradOut: usize,
  argmax: usize,
  gradX: usize,
  windows: i32,
  area: i32,
  begin: i32,
  end: i32,
): void {
  const planeBytes = (<usize>area) << 2
  let own = (<usize>(begin * windows)) << 2
  for (let plane = begin; plane < end; plane++) {
    // Plane by plane, so that what was cleared is still in the cache.
    memory.fill(gradX + <usize>plane * planeBytes, 0, planeBytes)
    for (const stop = own + ((<usize>windows) << 2); own < stop; own += 4) {
      const index = load<i32>(argmax + own)
      if (index < 0) continue
      const at = gradX + ((<usize>index) << 2)
      store<f32>(at, load<f32>(at) + load<f32>(gradOut + own))
    }
  }
}
