import { ShapeError } from '../../engine/base/errors.ts'
import { formatShape, normaliseAxis, type Shape, sizeOf } from '../../engine/base/shape.ts'
import { quantileOf } from './quantile.ts'
import { type Quantiser, type QuantiserOptions, quantiserFromRanges } from './quantiser.ts'
import type { Scheme } from './scheme.ts'

/** Where a weight's channels are and how much of its range counts. */
export interface WeightQuantiserOptions extends QuantiserOptions {
  /** The dimension of the output channels; used where the scheme is per channel. Default 0. */
  readonly axis?: number
  /** Limits the range to [-t, t], t the exact quantile of |w| at this p in [0, 1]. Default: no limit. */
  readonly quantile?: number
}

/**
 * The quantiser of a weight as it is now: its range is [min w, max w], limited to [-t, t] when a quantile is asked for,
 * over the tensor or over each channel as the scheme says. A symmetric scheme thus takes its scale from max |w| (or t).
 * The quantile is `quantileOf`: exact, linear between neighbours, over all weights of the channel.
 * Example: w = [-1, 2, 0.5, -0.25] as [2, 2], signed 8 bits, symmetric, per channel: scales f32(2/127), f32(0.5/127).
 * Throws `ShapeError` where the axis or the size does not fit, `NumericError` for weights that are not finite.
 */
export function weightQuantiser(
  w: Float32Array,
  shape: Shape,
  scheme: Scheme,
  options: WeightQuantiserOptions = {},
): Quantiser {
  const { axis = 0, quantile } = options
  if (w.length !== sizeOf(shape)) {
    throw new ShapeError(
      `weightQuantiser: shape ${formatShape(shape)} holds ${sizeOf(shape)} elements, the weight ${w.length}`,
    )
  }
  const channelAxis = scheme.granularity === 'channel' ? normaliseAxis(axis, shape.length, 'weightQuantiser') : null
  const channels = channelAxis === null ? 1 : shape[channelAxis]
  const inner = channelAxis === null ? w.length : sizeOf(shape.slice(channelAxis + 1))
  const lo = new Float32Array(channels)
  const hi = new Float32Array(channels)
  // Math.min and Math.max keep a NaN, which quantiserFromRanges then refuses; comparisons would pass over it.
  for (let start = 0, c = 0; start < w.length; start += inner, c = (c + 1) % channels) {
    let least = lo[c]
    let greatest = hi[c]
    for (let i = start; i < start + inner; i++) {
      least = Math.min(least, w[i])
      greatest = Math.max(greatest, w[i])
    }
    lo[c] = least
    hi[c] = greatest
  }
  if (quantile !== undefined) limitToQuantile(w, inner, quantile, lo, hi)
  return quantiserFromRanges(lo, hi, scheme, channelAxis, options)
}

/** Limits each channel's bounds to the quantile of its magnitudes; leaves bounds that are not finite as they are. */
function limitToQuantile(w: Float32Array, inner: number, p: number, lo: Float32Array, hi: Float32Array): void {
  if (w.length === 0) return
  const channels = lo.length
  const magnitudes = new Float32Array(w.length / channels)
  for (let c = 0; c < channels; c++) {
    if (!Number.isFinite(lo[c]) || !Number.isFinite(hi[c])) continue
    let n = 0
    for (let start = c * inner; start < w.length; start += channels * inner) {
      for (let i = start; i < start + inner; i++) magnitudes[n++] = Math.abs(w[i])
    }
    const limit = quantileOf(magnitudes, p)
    lo[c] = Math.max(lo[c], -limit)
    hi[c] = Math.min(hi[c], limit)
  }
}
