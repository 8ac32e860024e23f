/**
 * Codes minus their zero point, each plane inside a border of zeros: a padding tap then contributes exactly 0.
 * x: `planes` planes of h * w from xStart on; out: planes of paddedH * paddedW, the image at (top, left).
 * Example: [[3, 5]] with zero point 3 and one column of border: [[0, 0, 2, 0]].
 */
export function centrePlanes(
  x: Int32Array,
  xStart: number,
  planes: number,
  h: number,
  w: number,
  zeroPoint: number,
  top: number,
  left: number,
  paddedH: number,
  paddedW: number,
  out: Int32Array,
): void {
  out.fill(0, 0, planes * paddedH * paddedW)
  let from = xStart
  for (let c = 0; c < planes; c++) {
    for (let y = 0; y < h; y++) {
      const to = (c * paddedH + top + y) * paddedW + left
      for (let i = 0; i < w; i++) out[to + i] = x[from + i] - zeroPoint
      from += w
    }
  }
}
