/** Bins of the histograms that the trim log keeps. */
const BINS = 40

/** How many magnitudes fall into each of equal bins over [0, limit], before and after a trimming. */
export interface TrimHistogram {
  /** The largest magnitude before; 0 where all values are 0. */
  readonly limit: number
  readonly before: readonly number[]
  readonly after: readonly number[]
}

/**
 * Counts magnitudes in `bins` equal bins over [0, limit]: bin b holds b <= bins |x| / limit < b + 1, and the last one the
 * limit too. A limit of 0 puts all into the first. Example: [0, 1, -2, 4], limit 4, 4 bins give [1, 1, 1, 1].
 */
export function magnitudeHistogram(values: ArrayLike<number>, limit: number, bins = BINS): number[] {
  const counts = new Array<number>(bins).fill(0)
  for (let i = 0; i < values.length; i++) {
    const position = limit === 0 ? 0 : (Math.abs(values[i]) / limit) * bins
    counts[Math.min(bins - 1, Math.floor(position))]++
  }
  return counts
}
