import { extremes } from './observer.ts'

/** Bins of the first range; later ranges keep the count between this and twice as many. */
const BINS = 2048

/** What a histogram holds: counts[i] values lay in [start + i width, start + (i + 1) width). */
export interface HistogramBins {
  /** The lower edge of the first bin. */
  readonly start: number
  readonly width: number
  readonly counts: Float64Array
}

/**
 * A histogram of equal bins whose range grows with the data, for calibration over several batches:
 * - The first batch that is not all zeros fixes 2,048 bins over [lo, hi], its extremes, extended to hold 0.
 * - A batch that reaches further adds bins of the same width at that end (as NVIDIA's pytorch-quantization and ONNX
 *   Runtime do), and where there would be more than 4,096, neighbours are merged until there are not. Merging is exact:
 *   counts are those of a histogram that had the wider bins from the start.
 *
 * A value on an edge belongs to the bin above it, on the last edge to the last bin. Edges are computed in double;
 * counts are exact. Example: first batch within [0, 2048], then one up to 3000.5: 3,001 bins of width 1.
 */
export class Histogram {
  readonly #magnitudes: boolean
  #range: { lo: number; hi: number } | undefined
  /** Values so far, while all of them are 0: there is no width yet. */
  #zeros = 0
  /** Bin k is [origin + k width, origin + (k + 1) width); the bins are first ... first + counts.length - 1. */
  #origin = 0
  #width = 0
  #first = 0
  #counts: Float64Array = new Float64Array(0)

  /** 'magnitudes' counts |x| instead of x. */
  constructor(of: 'values' | 'magnitudes') {
    this.#magnitudes = of === 'magnitudes'
  }

  /** The extremes of all values (not of their magnitudes) so far, exact; undefined before the first. */
  get range(): { readonly lo: number; readonly hi: number } | undefined {
    return this.#range
  }

  /** Counts one batch. Throws `NumericError`, before anything is changed, for NaN or infinity. */
  add(x: Float32Array, operation: string): void {
    if (x.length === 0) return
    const { lo, hi } = extremes(x, operation)
    const before = this.#range ?? { lo, hi }
    this.#range = { lo: Math.min(before.lo, lo), hi: Math.max(before.hi, hi) }
    if (this.#magnitudes) this.#cover(0, Math.max(-lo, hi))
    else this.#cover(Math.min(lo, 0), Math.max(hi, 0))
    if (this.#width === 0) {
      this.#zeros += x.length
      return
    }
    const counts = this.#counts
    const origin = this.#origin
    const width = this.#width
    const first = this.#first
    const magnitudes = this.#magnitudes
    for (let i = 0; i < x.length; i++) {
      const v = magnitudes ? Math.abs(x[i]) : x[i]
      counts[Math.min(Math.floor((v - origin) / width) - first, counts.length - 1)]++
    }
  }

  /** The bins; none while only zeros were counted. */
  bins(): HistogramBins {
    return { start: this.#origin + this.#first * this.#width, width: this.#width, counts: this.#counts }
  }

  /** Makes the bins reach from lo <= 0 to hi >= 0. */
  #cover(lo: number, hi: number): void {
    if (this.#width === 0) {
      if (lo === hi) return
      this.#origin = lo
      this.#width = (hi - lo) / BINS
      this.#counts = new Float64Array(BINS)
      this.#counts[Math.min(Math.floor(-lo / this.#width), BINS - 1)] = this.#zeros
      return
    }
    for (;;) {
      const first = Math.min(this.#first, Math.floor((lo - this.#origin) / this.#width))
      const end = Math.max(this.#first + this.#counts.length, Math.ceil((hi - this.#origin) / this.#width))
      if (end - first <= 2 * BINS) {
        if (end - first > this.#counts.length) this.#counts = rearranged(this.#counts, this.#first, first, end, 1)
        this.#first = first
        return
      }
      const halfFirst = Math.floor(this.#first / 2)
      const halfEnd = Math.ceil((this.#first + this.#counts.length) / 2)
      this.#counts = rearranged(this.#counts, this.#first, halfFirst, halfEnd, 2)
      this.#first = halfFirst
      this.#width *= 2
    }
  }
}

/** The counts of bins oldFirst ... in the bins first ... end - 1, `merge` old bins in each new one. */
function rearranged(old: Float64Array, oldFirst: number, first: number, end: number, merge: 1 | 2): Float64Array {
  const counts = new Float64Array(end - first)
  for (let i = 0; i < old.length; i++) counts[Math.floor((oldFirst + i) / merge) - first] += old[i]
  return counts
}
