import type { Window } from '../program.ts'
import type { PlaneExtents } from './averagePool.ts'

/** The largest in-image code of each window of `planes` planes; every window has one. Example: [5, -6, 7, 8], 2x2: 8. */
export function maxPool(x: Int8Array, planes: number, extents: PlaneExtents, window: Window, out: Int8Array): void {
  const { h, w, outH, outW } = extents
  for (let c = 0; c < planes; c++) maxPoolPlane(x, c * h * w, extents, window, c * outH * outW, out)
}

function maxPoolPlane(
  x: Int8Array,
  xStart: number,
  extents: PlaneExtents,
  window: Window,
  outStart: number,
  out: Int8Array,
): void {
  const { h, w, outH, outW } = extents
  const [kernelH, kernelW] = window.kernel
  const [strideH, strideW] = window.strides
  const [dilationH, dilationW] = window.dilations
  const [top, left] = window.pads
  for (let oy = 0; oy < outH; oy++) {
    for (let ox = 0; ox < outW; ox++) {
      let best = -128
      for (let ky = 0; ky < kernelH; ky++) {
        const y = oy * strideH - top + ky * dilationH
        if (y < 0 || y >= h) continue
        for (let kx = 0; kx < kernelW; kx++) {
          const column = ox * strideW - left + kx * dilationW
          if (column < 0 || column >= w) continue
          const q = x[xStart + y * w + column]
          if (q > best) best = q
        }
      }
      out[outStart + oy * outW + ox] = best
    }
  }
}
