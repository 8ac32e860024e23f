import { roundHalfAway, roundHalfEven } from '../../../engine/base/rounding.ts'
import type { Window } from '../program.ts'
import { type CodeTarget, type RequantiserTable, requantiseRow } from '../requantise/requantiser.ts'

/** Extents of a plane and of the windows' positions on it. */
export interface PlaneExtents {
  readonly h: number
  readonly w: number
  readonly outH: number
  readonly outW: number
}

/** How the sums of windows become codes; see `AverageArithmetic`. */
export type MeanRule =
  /** `offset`: what the code is more than what is kept. The target's codes are not moved by it. */
  | { readonly kind: 'raw-half-away'; readonly offset: number }
  /** `runs`: (entry of the table, first pixel, how many pixels) of each run of windows with one multiplier. */
  | { readonly kind: 'requantise'; readonly requantiser: RequantiserTable; readonly runs: Int32Array }
  /** `scales` and `offsets` by entry; runs as above. */
  | {
      readonly kind: 'f32-zero-inside'
      readonly scales: Float64Array
      readonly offsets: Float64Array
      readonly runs: Int32Array
    }
  /** `before` is added before the rounding, the target's zero point after it. */
  | { readonly kind: 'qdq'; readonly scale: number; readonly outputScale: number; readonly before: number }

/** An average pool made ready for `averagePool`. */
export interface AveragePoolPlan {
  readonly extents: PlaneExtents
  readonly window: Window
  /** What is subtracted from each code before summing. */
  readonly zeroPoint: number
  /** By window: what its sum is divided by, and how many of its taps lie in the image. */
  readonly divisors: Int32Array
  readonly inside: Int32Array
  readonly rule: MeanRule
  readonly target: CodeTarget
}

/** The means of the windows of `planes` planes. `sums` holds one plane's sums in between. */
export function averagePool(
  x: Int8Array,
  planes: number,
  { extents, window, zeroPoint, divisors, inside, rule, target }: AveragePoolPlan,
  sums: Int32Array,
  out: Int8Array,
): void {
  const planeIn = extents.h * extents.w
  const pixels = extents.outH * extents.outW
  for (let c = 0; c < planes; c++) {
    const from = c * planeIn
    const to = c * pixels
    if (rule.kind === 'qdq') {
      const { scale, outputScale, before } = rule
      averageQdq(x, from, extents, window, divisors, zeroPoint, scale, outputScale, before, target, to, out)
      continue
    }
    windowSums(x, from, extents, window, zeroPoint, sums)
    if (rule.kind === 'raw-half-away') {
      averageRaw(sums, divisors, inside, pixels, target, rule.offset, to, out)
      continue
    }
    const { runs } = rule
    if (rule.kind === 'f32-zero-inside') {
      const { scales, offsets } = rule
      for (let r = 0; r < runs.length; r += 3) {
        averageF32(sums, runs[r + 1], runs[r + 2], scales[runs[r]], offsets[runs[r]], target, to + runs[r + 1], out)
      }
      continue
    }
    const { requantiser } = rule
    for (let r = 0; r < runs.length; r += 3) {
      requantiseRow(requantiser, runs[r], sums, runs[r + 1], runs[r + 2], target, to + runs[r + 1], 1, out)
    }
  }
}

/**
 * sums[o] = sum over the in-image taps of window o of (x - zeroPoint), one plane from xStart on.
 * Example: [5, -6, 7, 8], zero point 1, one 2x2 window: 4 - 7 + 6 + 7 = 10.
 */
export function windowSums(
  x: Int8Array,
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
 * TFLite's AVERAGE_POOL: out = clamp(RHA((sum of raw codes + zeroPoint * padding) / n)) - offset, `padding` = n minus the in-image taps.
 * Example, n = 4: sums 2, -2, 6, -6 -> 1, -1, 2, -2.
 */
export function averageRaw(
  sums: Int32Array,
  counts: Int32Array,
  inside: Int32Array,
  pixels: number,
  target: CodeTarget,
  offset: number,
  outStart: number,
  out: Int8Array,
): void {
  const { zeroPoint, low, high } = target
  for (let p = 0; p < pixels; p++) {
    const n = counts[p]
    // Below 2^31 over at most 2^31: the quotient's distance to a tie is at least 2^-32, so the double cannot hide it.
    const q = roundHalfAway((sums[p] + zeroPoint * (n - inside[p])) / n)
    out[outStart + p] = Math.min(Math.max(q, low), high) - offset
  }
}

/**
 * XNNPACK's MEAN on `count` sums: RNE(f32(f32(f32(sum) * scale) + offset)) + zeroPoint; see `AverageArithmetic`, kind 'f32-zero-inside'.
 * Example, scale 0.25, offset 1: 6 -> 2.5 -> 2.
 */
export function averageF32(
  sums: Int32Array,
  start: number,
  count: number,
  scale: number,
  offset: number,
  { zeroPoint, low, high }: CodeTarget,
  outStart: number,
  out: Int8Array,
): void {
  for (let i = 0; i < count; i++) {
    const v = Math.fround(Math.fround(Math.fround(sums[start + i]) * scale) + offset)
    out[outStart + i] = Math.min(Math.max(roundHalfEven(v) + zeroPoint, low), high)
  }
}

/**
 * DequantizeLinear, AveragePool, QuantizeLinear in f32, one plane: see `AverageArithmetic`, kinds 'qdq' and 'qdq-zero-inside'.
 * Example: codes 11 and 12, zero point 10, s = 0.5 in and out, zero point 7 out: 0.75 / 0.5 = 1.5, to even 2, code 9.
 */
export function averageQdq(
  x: Int8Array,
  xStart: number,
  extents: PlaneExtents,
  window: Window,
  counts: Int32Array,
  inputZeroPoint: number,
  scale: number,
  outputScale: number,
  before: number,
  target: CodeTarget,
  outStart: number,
  out: Int8Array,
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
      const v = Math.fround(Math.fround(Math.fround(sum / counts[p]) / outputScale) + before)
      const q = roundHalfEven(v) + zeroPoint
      out[outStart + p] = Math.min(Math.max(q, low), high)
    }
  }
}
