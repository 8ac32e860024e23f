import { NumericError, ShapeError, UsageError } from '../../engine/base/errors.ts'
import { roundHalfEven } from '../../engine/base/rounding.ts'
import { formatShape, normaliseAxis, type Shape, sizeOf } from '../../engine/base/shape.ts'
import { type CodeRange, codeRange, type Scheme } from './scheme.ts'

/** A quantiser whose parameters are known: what maps real numbers to codes and back. */
export interface Quantiser {
  /** One f32 scale, or one for each channel; all positive and finite. */
  readonly scale: Float32Array
  /** As many zero points as scales, each in [qmin, qmax]. */
  readonly zeroPoint: Int32Array
  readonly qmin: number
  readonly qmax: number
  /** The dimension that the channels are on; null for one scale over the whole tensor. */
  readonly axis: number | null
}

/** A closed interval of real numbers. */
export interface ValueRange {
  readonly lo: number
  readonly hi: number
}

/** How a range becomes a scale, where the scheme alone does not say. */
export interface QuantiserOptions {
  /** The least width hi - lo; a narrower range is widened by raising hi (SNPE: max = max(max, min + 0.01)). Default 0. */
  readonly minimumRange?: number
  /** Power-of-two scales only: take this exponent (an observer's choice) instead of one derived from the range. */
  readonly exponent?: number
  /** Power-of-two scales only: the least exponent, e.g. -12 for a fix position of at most 12. Default -126. */
  readonly minimumExponent?: number
  /** Power-of-two scales only: the greatest exponent. Default 127. */
  readonly maximumExponent?: number
}

/** The smallest normal f32: no scale is smaller, since x / scale would lose its meaning. */
const SMALLEST_SCALE = 2 ** -126

/**
 * The quantiser of one range for a whole tensor. The range is first extended to hold 0 (lo <= 0 <= hi), so that zero has
 * a code of its own. With levels = qmax (signed symmetric), qmax - z (unsigned symmetric) or qmax - qmin (asymmetric):
 *
 *     symmetric:   s = max(-lo, hi) / levels      z = 0 (signed), 2^(b-1) (unsigned)
 *     asymmetric:  s = (hi - lo) / levels         z = clamp(RHE(qmin - lo / s), qmin, qmax)
 *
 * Bounds are rounded to f32, s is computed from them in double and rounded once to f32, z in double from that f32 s
 * (ties to even). A scale of form 'pow2' is the smallest 2^e with 2^e * levels >= the range, found without rounding,
 * then limited to the options' exponents. An all-zero range gives scale 1: any would do, every code but z is unused.
 * No scale is below 2^-126.
 *
 * Example: [-1, 3] as unsigned 8-bit asymmetric: s = f32(4/255) = 0.01568627543747425, z = RHE(63.7499...) = 64.
 * Throws `NumericError` for bounds that are not finite, `UsageError` for lo > hi, a per-channel scheme or options that
 * do not fit it.
 */
export function quantiserFromRange(lo: number, hi: number, scheme: Scheme, options: QuantiserOptions = {}): Quantiser {
  if (scheme.granularity === 'channel') {
    throw new UsageError('quantiserFromRange: one range cannot serve a per-channel scheme; use quantiserFromRanges')
  }
  return quantiserFromRanges([lo], [hi], scheme, null, options)
}

/**
 * `quantiserFromRange` for each channel on dimension `axis` (null: one range for the whole tensor).
 * Example: lo [-1, -2], hi [1, 0], signed 8-bit symmetric: scales f32(1/127) and f32(2/127), zero points 0.
 */
export function quantiserFromRanges(
  lo: ArrayLike<number>,
  hi: ArrayLike<number>,
  scheme: Scheme,
  axis: number | null,
  options: QuantiserOptions = {},
): Quantiser {
  const codes = codeRange(scheme)
  checkOptions(scheme, options)
  if (lo.length !== hi.length || (axis === null && lo.length !== 1)) {
    throw new UsageError(
      `quantiser: ${lo.length} lower and ${hi.length} upper bounds; wanted as many of both${axis === null ? ', one without an axis' : ''}`,
    )
  }
  const scale = new Float32Array(lo.length)
  const zeroPoint = new Int32Array(lo.length)
  const fixedZero = scheme.signed ? 0 : 2 ** (scheme.bits - 1)
  for (let c = 0; c < lo.length; c++) {
    const range = withZero(lo[c], hi[c], options.minimumRange ?? 0)
    if (scheme.symmetric) {
      scale[c] = scaleFor(Math.max(-range.lo, range.hi), codes.qmax - fixedZero, scheme, options)
      zeroPoint[c] = fixedZero
    } else {
      scale[c] = scaleFor(range.hi - range.lo, codes.qmax - codes.qmin, scheme, options)
      zeroPoint[c] = zeroPointFor(range.lo, scale[c], codes)
    }
  }
  return { scale, zeroPoint, ...codes, axis }
}

/**
 * The real numbers that a quantiser's codes stand for: [f32(s (qmin - z)), f32(s (qmax - z))] of one channel.
 * Example: s = 0.5, z = 0, int8: [-64, 63.5]. Throws `UsageError` for a channel that does not exist.
 */
export function rangeOf(quantiser: Quantiser, channel = 0): ValueRange {
  const { scale, zeroPoint, qmin, qmax } = quantiser
  if (!Number.isInteger(channel) || channel < 0 || channel >= scale.length) {
    throw new UsageError(`rangeOf: channel ${channel} of a quantiser with ${scale.length}`)
  }
  return {
    lo: Math.fround(scale[channel] * (qmin - zeroPoint[channel])),
    hi: Math.fround(scale[channel] * (qmax - zeroPoint[channel])),
  }
}

/**
 * How a quantiser's channels lie in a row-major tensor: runs of `inner` consecutive elements share a channel, and the
 * channels follow one another cyclically. One scale gives a single run. Throws `ShapeError` when the channels do not fit.
 * Example: axis 1 of [2, 3, 4, 5] with 3 scales: runs of 20.
 */
export function channelRun(quantiser: Quantiser, shape: Shape, operation: string): number {
  if (quantiser.axis === null) {
    if (quantiser.scale.length === 1) return sizeOf(shape)
    throw new ShapeError(
      `${operation}: the quantiser has ${quantiser.scale.length} scales and no axis; wanted one scale`,
    )
  }
  const axis = normaliseAxis(quantiser.axis, shape.length, operation)
  if (shape[axis] !== quantiser.scale.length) {
    throw new ShapeError(
      `${operation}: the quantiser has ${quantiser.scale.length} channels on axis ${axis}, the tensor is ${formatShape(shape)}`,
    )
  }
  return sizeOf(shape.slice(axis + 1))
}

function checkOptions(scheme: Scheme, options: QuantiserOptions): void {
  const { minimumRange = 0, exponent, minimumExponent, maximumExponent } = options
  if (!(minimumRange >= 0 && minimumRange < Number.POSITIVE_INFINITY)) {
    throw new UsageError(`quantiser: a minimum range of ${minimumRange}; wanted a finite number from 0 on`)
  }
  for (const value of [exponent, minimumExponent, maximumExponent]) {
    if (value === undefined) continue
    if (scheme.scaleForm !== 'pow2') {
      throw new UsageError("quantiser: exponents belong to scales of form 'pow2'; this scheme's are free")
    }
    if (!Number.isInteger(value) || value < -126 || value > 127) {
      throw new UsageError(`quantiser: exponent ${value}; wanted an integer in [-126, 127]`)
    }
  }
}

/** The f32 range, extended to hold 0 and to be at least `minimum` wide. */
function withZero(lo: number, hi: number, minimum: number): ValueRange {
  const low = Math.fround(Math.min(lo, 0))
  const high = Math.fround(Math.max(hi, 0))
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    throw new NumericError(
      `quantiser: the range [${lo}, ${hi}] is not finite in float32; look for NaN or overflow in the data`,
    )
  }
  if (lo > hi) throw new UsageError(`quantiser: the range [${lo}, ${hi}] is empty; wanted lo <= hi`)
  return { lo: low, hi: Math.max(high, Math.fround(low + minimum)) }
}

function scaleFor(width: number, levels: number, scheme: Scheme, options: QuantiserOptions): number {
  if (scheme.scaleForm !== 'pow2') {
    return width === 0 ? 1 : Math.max(Math.fround(width / levels), SMALLEST_SCALE)
  }
  const { minimumExponent = -126, maximumExponent = 127 } = options
  const exponent = options.exponent ?? (width === 0 ? 0 : coveringExponent(width, levels))
  return 2 ** Math.min(Math.max(exponent, minimumExponent), maximumExponent)
}

/**
 * The smallest e in [-126, 127] with 2^e * levels >= width (127 if none is): the power-of-two scale that clips nothing.
 * Exact: scaling by a power of two does not round. Example: width 1, levels 127: e = -6, since 127/128 < 1.
 */
export function coveringExponent(width: number, levels: number): number {
  let exponent = -126
  while (exponent < 127 && 2 ** exponent * levels < width) exponent++
  return exponent
}

function zeroPointFor(lo: number, scale: number, { qmin, qmax }: CodeRange): number {
  return Math.min(Math.max(roundHalfEven(qmin - lo / scale), qmin), qmax)
}
