import { checkCandidates, leastErrorRange, RANGE_CANDIDATES } from '../leastErrorRange.ts'
import type { ValueRange } from '../quantiser.ts'
import { codeRange, type Scheme } from '../scheme.ts'
import { Histogram } from './histogram.ts'
import { type Observer, rangeWithZero } from './observer.ts'

/** The codes whose error counts, and how many ranges compete. */
export interface MseOptions {
  /** Width of the codes, 2 to 16. Default 8. */
  readonly bits?: number
  /** Default true. */
  readonly signed?: boolean
  /** Default false. */
  readonly symmetric?: boolean
  /** The ranges f [lo, hi] with f = 1, 0.99, ...: how many, 1 to 100. Default 80: the last is 0.21. */
  readonly candidates?: number
}

/**
 * The range of least mean squared quantisation error over all batches together: `leastErrorRange` over the centres of
 * the bins of one histogram (`Histogram`: 2,048 to 4,096 bins between the extremes), so that errors within a bin do not
 * count. A code of 8 bits is at least 8 bins wide before clipping; with 12 bits and more the search sees little.
 *
 * Example: 4 bits, symmetric, a million values evenly in [-1, 1] and one of 10: the widest candidates spend their codes
 * on the one value; the least on offer is chosen, [-0.21, 2.1], of which symmetric codes take 2.1.
 */
export class MseObserver implements Observer {
  readonly #scheme: Scheme
  readonly #candidates: number
  readonly #histogram = new Histogram('values')

  /** Throws `UsageError` for options out of range. */
  constructor(options: MseOptions = {}) {
    const { bits = 8, signed = true, symmetric = false, candidates = RANGE_CANDIDATES } = options
    this.#scheme = { bits, signed, symmetric, granularity: 'tensor' }
    codeRange(this.#scheme)
    checkCandidates(candidates)
    this.#candidates = candidates
  }

  observe(x: Float32Array): void {
    this.#histogram.add(x, 'MseObserver')
  }

  range(): ValueRange {
    const range = rangeWithZero(this.#histogram.range, 'MseObserver')
    const { start, width, counts } = this.#histogram.bins()
    if (width === 0) return range
    const centres = Float64Array.from(counts, (_, i) => start + (i + 0.5) * width)
    return leastErrorRange(centres, counts, range, this.#scheme, this.#candidates)
  }
}
