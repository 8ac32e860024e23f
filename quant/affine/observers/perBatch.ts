import { quantileOf } from '../quantile.ts'
import type { ValueRange } from '../quantiser.ts'
import { type Observer, rangeWithZero } from './observer.ts'

/**
 * How the ranges of single batches become one.
 * - 'mean': the mean of the lower and of the upper bounds (NNCF's mean-min-max, with batches of one image).
 * - 'median': the medians, for an even number the mean of the two in the middle.
 * - 'mode': the most frequent range; of equally frequent ones the widest, then the earliest. For estimators with few
 *   possible results, such as powers of two (AMD Vitis's "modal").
 * - 'union': the least lower and the greatest upper bound.
 */
export type BatchStatistic = 'mean' | 'median' | 'mode' | 'union'

/**
 * Estimates a range for each batch by itself, with a fresh observer, and joins them by a statistic. Sums are in double,
 * in the order of the batches, rounded once to f32. Empty batches do not count.
 * Example: 'mean' of minMax over the batches [0, 2] and [-1, 4] gives [-0.5, 3].
 */
export class PerBatchObserver implements Observer {
  readonly #create: () => Observer
  readonly #statistic: BatchStatistic
  readonly #ranges: ValueRange[] = []

  constructor(create: () => Observer, statistic: BatchStatistic) {
    this.#create = create
    this.#statistic = statistic
  }

  observe(x: Float32Array): void {
    if (x.length === 0) return
    const observer = this.#create()
    observer.observe(x)
    this.#ranges.push(observer.range())
  }

  range(): ValueRange {
    const ranges = this.#ranges
    if (ranges.length === 0) return rangeWithZero(undefined, 'PerBatchObserver')
    const both = (join: (bounds: number[]) => number): ValueRange => ({
      lo: join(ranges.map(({ lo }) => lo)),
      hi: join(ranges.map(({ hi }) => hi)),
    })
    switch (this.#statistic) {
      case 'mean':
        return both((bounds) => Math.fround(bounds.reduce((sum, bound) => sum + bound, 0) / bounds.length))
      case 'median':
        return both((bounds) => quantileOf(Float32Array.from(bounds), 0.5))
      case 'mode':
        return mostFrequent(ranges)
      case 'union':
        return { lo: Math.min(...ranges.map(({ lo }) => lo)), hi: Math.max(...ranges.map(({ hi }) => hi)) }
    }
  }
}

function mostFrequent(ranges: readonly ValueRange[]): ValueRange {
  const votes = new Map<string, { range: ValueRange; count: number }>()
  for (const range of ranges) {
    const key = `${range.lo} ${range.hi}`
    const count = (votes.get(key)?.count ?? 0) + 1
    votes.set(key, { range, count })
  }
  const width = ({ lo, hi }: ValueRange): number => hi - lo
  // Stable: what ties in both stays in the order of first appearance.
  const [winner] = [...votes.values()].sort((a, b) => b.count - a.count || width(b.range) - width(a.range))
  return winner.range
}
