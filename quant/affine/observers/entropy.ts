import { UsageError } from '../../../engine/base/errors.ts'
import { log } from '../../../engine/kernels/transcendental/log.ts'
import type { ValueRange } from '../quantiser.ts'
import { Histogram } from './histogram.ts'
import { type Observer, rangeWithZero } from './observer.ts'

/** Which codes the reference distribution is compared with. */
export interface EntropyOptions {
  /** Width of the signed codes, 2 to 12: magnitudes have 2^(bits - 1) levels. Default 8. */
  readonly bits?: number
  /**
   * The least fraction of the values that a threshold must keep, in [0, 1]. Default 0, as published: then a tensor whose values all lie far
   * from 0 collapses, since P and Q agree exactly where both have a single bin that is not empty.
   */
  readonly coverage?: number
}

/**
 * Entropy calibration: the threshold t whose quantised distribution of |x| has the least Kullback-Leibler divergence
 * from the true one. The algorithm of Migacz, "8-bit inference with TensorRT" (GTC 2017), as NVIDIA's
 * pytorch-quantization publishes it (calib/histogram.py):
 *
 * 1. All batches are counted in one histogram of |x| (`Histogram`: 2,048 to 4,096 bins c_0, c_1, ...); then c_0 = c_1,
 *    so that the zeros that ReLU leaves do not decide.
 * 2. For each i from 2^(bits - 1) levels (128) to the number of bins: the reference P is c_0 ... c_(i-1), with all
 *    counts from c_i on added to its last bin. The candidate Q divides the i bins without those outliers into the
 *    levels, bin j into level floor(j levels / i), and spreads each level's count evenly over its bins that are not
 *    empty.
 * 3. D = sum P_j ln(P_j / Q_j), both normalised to sum 1; infinite where P_j > 0 = Q_j. The least D wins, the greatest
 *    i where several do; t = i times the bin width.
 *
 * D is computed in double from exact counts: with a the counts of P (sum T), S_l and n_l the count and the number of
 * bins that are not empty in level l of Q (sum M), A_l = S_l but for the outliers in the last, D = (sum a_j ln a_j -
 * sum A_l ln(S_l / n_l)) / T - ln T + ln M. The range is [-t, t] limited to the extremes seen.
 *
 * Example: values at the centres of all 2,048 bins, as many in each: every i has D = 0 but for outliers, so i = 2048,
 * nothing is clipped.
 */
export class EntropyObserver implements Observer {
  readonly #levels: number
  readonly #coverage: number
  readonly #histogram = new Histogram('magnitudes')

  /** Throws `UsageError` for bits outside 2 ... 12 or a coverage outside [0, 1]. */
  constructor(options: EntropyOptions = {}) {
    const { bits = 8, coverage = 0 } = options
    if (!Number.isInteger(bits) || bits < 2 || bits > 12) {
      throw new UsageError(`EntropyObserver: ${bits} bits; wanted an integer from 2 to 12`)
    }
    if (!(coverage >= 0 && coverage <= 1)) {
      throw new UsageError(`EntropyObserver: coverage ${coverage}; wanted a number in [0, 1]`)
    }
    this.#levels = 2 ** (bits - 1)
    this.#coverage = coverage
  }

  observe(x: Float32Array): void {
    this.#histogram.add(x, 'EntropyObserver')
  }

  range(): ValueRange {
    const { lo, hi } = rangeWithZero(this.#histogram.range, 'EntropyObserver')
    const { counts, width } = this.#histogram.bins()
    if (width === 0) return { lo, hi }
    const threshold = Math.fround(entropyBins(counts, this.#levels, this.#coverage) * width)
    return { lo: Math.max(lo, -threshold), hi: Math.min(hi, threshold) }
  }
}

/** Steps 2 and 3: how many of the bins the threshold keeps. There are at least as many bins as levels. */
function entropyBins(histogram: Float64Array, levels: number, coverage: number): number {
  const counts = histogram.slice()
  counts[0] = counts[1]
  const bins = counts.length
  // Over the first j bins: the count, how many are not empty, and the sum of c ln c.
  const sums = new Float64Array(bins + 1)
  const filled = new Int32Array(bins + 1)
  const entropies = new Float64Array(bins + 1)
  for (let j = 0; j < bins; j++) {
    sums[j + 1] = sums[j] + counts[j]
    filled[j + 1] = filled[j] + (counts[j] > 0 ? 1 : 0)
    entropies[j + 1] = entropies[j] + timesLog(counts[j])
  }
  const total = sums[bins]
  let best = bins
  let least = Number.POSITIVE_INFINITY
  for (let i = levels; i <= bins; i++) {
    const outliers = total - sums[i]
    if (sums[i] < coverage * total) continue
    const last = counts[i - 1]
    if (last === 0 && outliers > 0) continue
    let cross = 0
    for (let level = 0, from = 0; level < levels; level++) {
      const to = Math.ceil(((level + 1) * i) / levels)
      const sum = sums[to] - sums[from]
      if (sum > 0) cross += (level === levels - 1 ? sum + outliers : sum) * log(sum / (filled[to] - filled[from]))
      from = to
    }
    const own = entropies[i - 1] + timesLog(last + outliers)
    const divergence = (own - cross) / total - log(total) + log(sums[i])
    if (divergence <= least) {
      least = divergence
      best = i
    }
  }
  return best
}

/** c ln c, 0 for 0. */
function timesLog(c: number): number {
  return c === 0 ? 0 : c * log(c)
}
