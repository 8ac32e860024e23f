import { storePart } from './part'
import { firstInner, lastInner, loadApart } from './pooling'

/** Mirrors kernels/averagePool.ts; units are planes. */
export function averagePool(
  x: usize,
  out: usize,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  padBottom: i32,
  padRight: i32,
  countPadding: i32,
  begin: i32,
  end: i32,
): void {
  const inner = firstInner(outWidth, strideWidth, padLeft)
  const innerEnd = lastInner(width, outWidth, kernelWidth - 1, strideWidth, padLeft)
  for (let plane = begin; plane < end; plane++) {
    const base = plane * height * width
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * strideHeight - padTop
      const yBegin = max<i32>(top, 0)
      const yEnd = min<i32>(top + kernelHeight, height)
      const rows = countPadding ? min<i32>(top + kernelHeight, height + padBottom) - top : yEnd - yBegin
      const to = out + ((<usize>((plane * outHeight + oy) * outWidth)) << 2)
      for (let ox = 0; ox < outWidth; ) {
        if (ox >= inner && ox < innerEnd) {
          // The last inner windows may be computed a second time, to fill a vector.
          if (ox > innerEnd - 4) ox = max<i32>(innerEnd - 4, inner)
          const count = min<i32>(innerEnd - ox, 4)
          const from = base + ox * strideWidth - padLeft
          let sum = f32x4.splat(0)
          for (let iy = yBegin; iy < yEnd; iy++) {
            const row = x + ((<usize>(from + iy * width)) << 2)
            for (let tap = 0; tap < kernelWidth; tap++) {
              sum = f32x4.add(sum, loadApart(row + ((<usize>tap) << 2), strideWidth, count))
            }
          }
          const average = f32x4.div(sum, f32x4.splat(<f32>(rows * kernelWidth)))
          storePart(to + ((<usize>ox) << 2), average, count)
          ox += count
        } else {
          const left = ox * strideWidth - padLeft
          const xBegin = max<i32>(left, 0)
          const xEnd = min<i32>(left + kernelWidth, width)
          const columns = countPadding ? min<i32>(left + kernelWidth, width + padRight) - left : xEnd - xBegin
          let sum: f32 = 0
          for (let iy = yBegin; iy < yEnd; iy++) {
            const row = x + ((<usize>(base + iy * width)) << 2)
            for (let ix = xBegin; ix < xEnd; ix++) sum += load<f32>(row + ((<usize>ix) << 2))
          }
          store<f32>(to + ((<usize>ox) << 2), sum / <f32>(rows * columns))
          ox++
        }
      }
    }
  }
}

/** Mirrors averagePoolGrad of kernels/averagePool.ts; units are planes. */
export function averagePoolGrad(
  gradOut: usize,
  gradX: usize,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  kernelHeight: i32,
  kernelWidth: i32,
  strideHeight: i32,
  strideWidth: i32,
  padTop: i32,
  padLeft: i32,
  padBottom: i32,
  padRight: i32,
  countPadding: i32,
  begin: i32,
  end: i32,
): void {
  const area = height * width
  memory.fill(gradX + ((<usize>(begin * area)) << 2), 0, (<usize>((end - begin) * area)) << 2)
  let from = gradOut + ((<usize>(begin * outHeight * outWidth)) << 2)
  for (let plane = begin; plane < end; plane++) {
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * strideHeight - padTop
      const yBegin = max<i32>(top, 0)
      const yEnd = min<i32>(top + kernelHeight, height)
      const rows = countPadding ? min<i32>(top + kernelHeight, height + padBottom) - top : yEnd - yBegin
      for (let ox = 0; ox < outWidth; ox++, from += 4) {
        const left = ox * strideWidth - padLeft
        const xBegin = max<i32>(left, 0)
        const xEnd = min<i32>(left + kernelWidth, width)
        const columns = countPadding ? min<i32>(left + kernelWidth, width + padRight) - left : xEnd - xBegin
        const share: f32 = load<f32>(from) / <f32>(rows * columns)
        for (let iy = yBegin; iy < yEnd; iy++) {
          const row = gradX + ((<usize>(plane * area + iy * width)) << 2)
          for (let ix = xBegin; ix < xEnd; ix++) {
            const at = row + ((<usize>ix) << 2)
            store<f32>(at, load<f32>(at) + share)
          }
        }
      }
    }
  }
}
