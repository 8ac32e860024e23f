import { UsageError } from '../../../engine/base/errors.ts'
import type { ValueRange } from '../quantiser.ts'
import { Histogram, type HistogramBins } from './histogram.ts'
import { type Observer, rangeWithZero } from './observer.ts'

/** How much of the cumulative distribution one step of the search may give up. */
const STEP = 1e-5

/** Which codes the error is measured with. */
export interface HistogramOptions {
  /** Width of the codes, 2 to 16. Default 8. */
  readonly bits?: number
}

/**
 * PyTorch's HistogramObserver: all batches in one histogram, then a search for the bins to keep, greedy, that
 * approximates the least squared error (caffe2's NormMinimization). It starts with all bins and, step by step, offers
 * to give up 10^-5 of the distribution at both ends: the end at which more bins would go loses them (the upper one
 * where as many would). It stops before the first cut that raises the error:
 *
 *     error = sum over bins of the integral of (x - centre of x's code)^2 count / width,
 *
 * where 2^bits codes of equal width cover the bins kept, values spread evenly within a bin, and what lies outside takes
 * the nearest code. In double, ascending.
 *
 * Other than PyTorch's, the histogram (`Histogram`) holds 0 from the start, has 2,048 to 4,096 bins and grows without
 * interpolation; one batch whose extremes have different signs gives PyTorch's bins.
 * Example: 2,048 bins with a count of 1 and 0 in [0, 1]: cutting a bin of an even distribution raises the error, all
 * are kept.
 */
export class HistogramObserver implements Observer {
  readonly #codes: number
  readonly #histogram = new Histogram('values')

  /** Throws `UsageError` for bits outside 2 ... 16. */
  constructor(options: HistogramOptions = {}) {
    const { bits = 8 } = options
    if (!Number.isInteger(bits) || bits < 2 || bits > 16) {
      throw new UsageError(`HistogramObserver: ${bits} bits; wanted an integer from 2 to 16`)
    }
    this.#codes = 2 ** bits
  }

  observe(x: Float32Array): void {
    this.#histogram.add(x, 'HistogramObserver')
  }

  range(): ValueRange {
    const range = rangeWithZero(this.#histogram.range, 'HistogramObserver')
    const bins = this.#histogram.bins()
    if (bins.width === 0) return range
    const { first, last } = binsToKeep(bins, this.#codes)
    const lo = bins.start + first * bins.width
    const hi = bins.start + (last + 1) * bins.width
    return rangeWithZero(
      { lo: Math.fround(Math.max(lo, range.lo)), hi: Math.fround(Math.min(hi, range.hi)) },
      'HistogramObserver',
    )
  }
}

/** The first and the last bin that the search keeps. */
function binsToKeep(bins: HistogramBins, codes: number): { first: number; last: number } {
  const { counts } = bins
  const cumulative = new Float64Array(counts.length)
  let total = 0
  for (let i = 0; i < counts.length; i++) {
    total += counts[i]
    cumulative[i] = total
  }
  let lower = 0
  let upper = 1
  let first = 0
  let last = counts.length - 1
  let least = Number.POSITIVE_INFINITY
  while (lower < upper) {
    let left = first
    while (left < last && cumulative[left] < (lower + STEP) * total) left++
    let right = last
    while (right > first && cumulative[right] > (upper - STEP) * total) right--
    const cut = { first, last }
    if (left - first > last - right) {
      cut.first = left
      lower += STEP
    } else {
      cut.last = right
      upper -= STEP
    }
    if (cut.first === first && cut.last === last) continue
    const error = squaredError(bins, cut.first, cut.last, codes)
    if (error > least) break
    least = error
    first = cut.first
    last = cut.last
  }
  return { first, last }
}

/** The squared error of all bins where codes of equal width cover the bins first ... last. */
function squaredError({ width, counts }: HistogramBins, first: number, last: number, codes: number): number {
  const codeWidth = (width * (last - first + 1)) / codes
  const codeOf = (x: number): number => Math.min(Math.max(Math.floor(x / codeWidth), 0), codes - 1)
  const whole = integral(-codeWidth / 2, codeWidth / 2)
  let sum = 0
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue
    const begin = (i - first) * width
    const end = begin + width
    const from = codeOf(begin)
    const to = codeOf(end)
    const head = integral(begin - (from + 0.5) * codeWidth, codeWidth / 2)
    const tail = integral(-codeWidth / 2, end - (to + 0.5) * codeWidth)
    sum += (counts[i] / width) * (head + (to - from - 1) * whole + tail)
  }
  return sum
}

/** The integral of x^2 from a to b. */
function integral(a: number, b: number): number {
  return (b * b * b - a * a * a) / 3
}
