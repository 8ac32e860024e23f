import { UsageError } from '../../../engine/base/errors.ts'
import { type RoundingMode, roundingOf } from '../../../engine/base/rounding.ts'
import { coveringExponent, type ValueRange } from '../quantiser.ts'
import { extremes, type Observer, rangeWithZero } from './observer.ts'

/** How the exponent is searched. */
export interface PowerOfTwoMseOptions {
  /** Width of the signed codes, 2 to 16. Default 8. */
  readonly bits?: number
  /** How many exponents compete: the one that clips nothing and the next finer ones. Default 5; 1 does not search. */
  readonly candidates?: number
  /** The rounding whose error counts. Default 'half-even'. */
  readonly rounding?: RoundingMode
  /** The least exponent, e.g. -12 for a fix position of at most 12. Default -126. */
  readonly minimumExponent?: number
}

/**
 * Chooses a power-of-two scale 2^e for signed symmetric codes [-2^(b-1), 2^(b-1) - 1] as AMD's Vitis quantiser does by
 * default ("diffs"): for each batch the candidate with the least mean squared error, over the batches the most frequent.
 *
 * Candidates are e0, e0 - 1, ..., e0 - 4, where e0 is the least exponent that clips nothing:
 * max |x| <= 2^e0 (2^(b-1) - 1). Coarser ones need no look: their grid within the data's range is a subset of e0's. Where
 * candidates tie, or exponents are equally frequent, the coarser wins, which clips less. Errors are summed in double, in
 * order. An all-zero batch has no vote; with no other, the range is [0, 0].
 *
 * The range is [-2^e qmax, 2^e qmax], from which quantiserFromRange with a 'pow2' scheme of the same width gets exactly
 * the scale 2^e back. Example: 8 bits, x = 1 once and 3/128 twenty times: e0 = -6 (127/64 >= 1) rounds 3/128 to 2/64, a
 * squared error of 20/128^2; e = -7 clips 1 to 127/128, 1/128^2, and holds 3/128 exactly: it wins.
 */
export class PowerOfTwoMseObserver implements Observer {
  readonly #qmax: number
  readonly #candidates: number
  readonly #round: (x: number) => number
  readonly #minimumExponent: number
  readonly #votes = new Map<number, number>()
  #observed = false

  /** Throws `UsageError` for options out of range. */
  constructor(options: PowerOfTwoMseOptions = {}) {
    const { bits = 8, candidates = 5, rounding = 'half-even', minimumExponent = -126 } = options
    const wanted = (ok: boolean, what: string): void => {
      if (!ok) throw new UsageError(`PowerOfTwoMseObserver: ${what}`)
    }
    wanted(Number.isInteger(bits) && bits >= 2 && bits <= 16, `${bits} bits; a code has 2 to 16 bits`)
    wanted(Number.isInteger(candidates) && candidates >= 1, `${candidates} candidates; wanted an integer from 1 on`)
    wanted(
      Number.isInteger(minimumExponent) && minimumExponent >= -126 && minimumExponent <= 127,
      `minimum exponent ${minimumExponent}; wanted an integer in [-126, 127]`,
    )
    this.#qmax = 2 ** (bits - 1) - 1
    this.#candidates = candidates
    this.#round = roundingOf(rounding)
    this.#minimumExponent = minimumExponent
  }

  observe(x: Float32Array): void {
    if (x.length === 0) return
    const { lo, hi } = extremes(x, 'PowerOfTwoMseObserver')
    this.#observed = true
    const magnitude = Math.max(-lo, hi)
    if (magnitude === 0) return
    const first = Math.max(coveringExponent(magnitude, this.#qmax), this.#minimumExponent)
    const last = Math.max(first - this.#candidates + 1, this.#minimumExponent)
    let best = first
    if (last < first) {
      let least = Number.POSITIVE_INFINITY
      for (let exponent = first; exponent >= last; exponent--) {
        const error = this.#squaredError(x, 2 ** exponent)
        if (error < least) {
          least = error
          best = exponent
        }
      }
    }
    this.#votes.set(best, (this.#votes.get(best) ?? 0) + 1)
  }

  /** The chosen exponent, or null while only zeros were observed. Throws `UsageError` before the first value. */
  exponent(): number | null {
    if (!this.#observed) rangeWithZero(undefined, 'PowerOfTwoMseObserver')
    let chosen: number | null = null
    let most = 0
    for (const [exponent, votes] of this.#votes) {
      if (votes > most || (votes === most && chosen !== null && exponent > chosen)) {
        chosen = exponent
        most = votes
      }
    }
    return chosen
  }

  range(): ValueRange {
    const exponent = this.exponent()
    if (exponent === null) return { lo: 0, hi: 0 }
    const bound = 2 ** exponent * this.#qmax
    return { lo: -bound, hi: bound }
  }

  /** Sum of (x^ - x)^2. Scaling by powers of two is exact, so the only errors are the rounding and the clipping themselves. */
  #squaredError(x: Float32Array, scale: number): number {
    const round = this.#round
    const qmax = this.#qmax
    const inverse = 1 / scale
    let sum = 0
    for (let i = 0; i < x.length; i++) {
      const error = Math.min(Math.max(round(x[i] * inverse), -qmax - 1), qmax) * scale - x[i]
      sum += error * error
    }
    return sum
  }
}
