import { roundHalfAway, roundHalfEven } from '../../../engine/base/rounding.ts'
import type { Window } from '../program.ts'
import type { CodeTarget } from '../requantise/requantiser.ts'

/** Extents of a plane and of the windows' positions on it. */
export interface PlaneExtents {
  readonly h: number
  readonly w: number
  readonly outH: number
  readonly outW: number
}

/**
 * sums[o] = sum over the in-image taps of window o of (x - zeroPoint), one plane from xStart on.
 * Example: [5, -6, 7, 8], zero point 1, one 2x2 window: 4 - 7 + 6 + 7 = 10.
 */
export function windowSums(
  x: Int32Array,
  xStart: number,
  extents: PlaneExtents,
  window: Window,
  zeroPoint: number,
  sums: Int32Array,
): void {
  const { h, w, outH, outW } = extents
  const [kernelH, kernelW] = window.kernel
  const [strideH, strideW] = window.strides
  const [dilationH, dilationW] = window.dilations
  const [top, left] = window.pads
  for (let oy = 0; oy < outH; oy++) {
    for (let ox = 0; ox < outW; ox++) {
      let sum = 0
      for (let ky = 0; ky < kernelH; ky++) {
        const y = oy * strideH - top + ky * dilationH
        if (y < 0 || y >= h) continue
        for (let kx = 0; kx < kernelW; kx++) {
          const column = ox * strideW - left + kx * dilationW
          if (column >= 0 && column < w) sum = (sum + x[xStart + y * w + column] - zeroPoint) | 0
        }
      }
      sums[oy * outW + ox] = sum
    }
  }
}

/**
 * TFLite's AVERAGE_POOL: out = clamp(RHA((sum of raw codes + zeroPoint * padding) / n)), `padding` = n minus the in-image taps.
 * Example, n = 4: sums 2, -2, 6, -6 -> 1, -1, 2, -2.
 */
export function averageRaw(
  sums: Int32Array,
  counts: Int32Array,
  inside: Int32Array,
  pixels: number,
  target: CodeTarget,
  outStart: number,
  out: Int32Array,
): void {
  const { zeroPoint, low, high } = target
  for (let p = 0; p < pixels; p++) {
    const n = counts[p]
    // Below 2^31 over at most 2^31: the quotient's distance to a tie is at least 2^-32, so the double cannot hide it.
    const q = roundHalfAway((sums[p] + zeroPoint * (n - inside[p])) / n)
    out[outStart + p] = Math.min(Math.max(q, low), high)
  }
}

/**
 * DequantizeLinear, AveragePool, QuantizeLinear in f32, one plane: see `AverageArithmetic`, kind 'qdq'.
 * Example: codes 11 and 12, zero point 10, s = 0.5 in and out, zero point 7 out: 0.75 / 0.5 = 1.5, to even 2, code 9.
 */
export function averageQdq(
  x: Int32Array,
  xStart: number,
  extents: PlaneExtents,
  window: Window,
  counts: Int32Array,
  inputZeroPoint: number,
  scale: number,
  outputScale: number,
  target: CodeTarget,
  outStart: number,
  out: Int32Array,
): void {
  const { zeroPoint, low, high } = target
  const { h, w, outH, outW } = extents
  const [kernelH, kernelW] = window.kernel
  const [strideH, strideW] = window.strides
  const [dilationH, dilationW] = window.dilations
  const [top, left] = window.pads
  for (let oy = 0; oy < outH; oy++) {
    for (let ox = 0; ox < outW; ox++) {
      let sum = 0
      for (let ky = 0; ky < kernelH; ky++) {
        const y = oy * strideH - top + ky * dilationH
        if (y < 0 || y >= h) continue
        for (let kx = 0; kx < kernelW; kx++) {
          const column = ox * strideW - left + kx * dilationW
          if (column < 0 || column >= w) continue
          sum = Math.fround(sum + Math.fround((x[xStart + y * w + column] - inputZeroPoint) * scale))
        }
      }
      const p = oy * outW + ox
      const q = roundHalfEven(Math.fround(Math.fround(sum / counts[p]) / outputScale)) + zeroPoint
      out[outStart + p] = Math.min(Math.max(q, low), high)
    }
  }
}
