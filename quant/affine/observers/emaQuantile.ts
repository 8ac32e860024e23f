import { UsageError } from '../../../engine/base/errors.ts'
import { quantileOf } from '../quantile.ts'
import type { ValueRange } from '../quantiser.ts'
import { checkState, type ObserverState, type ResumableObserver, rangeWithZero, refuseNotFinite } from './observer.ts'

/** Tensors of up to this many elements are taken whole, of larger ones this many elements are. */
const SAMPLE = 65536

/** Which quantiles, and how slowly their averages follow. */
export interface EmaQuantileOptions {
  /** Weight of the past, in [0, 1), used as f32. Default 0.95. */
  readonly beta?: number
  /** The upper quantile, in [0.5, 1]; the lower is 1 - p. Default 0.999. */
  readonly p?: number
  /** Selects which elements of a large tensor are looked at. An integer; default 0. */
  readonly seed?: number
}

/**
 * Exponential moving averages of each batch's quantiles: Quant-Trim's observer for activations in training.
 *
 *     lo <- f32(f32(b lo) + f32((1 - b) min(Q_{1-p}(x), 0)))     hi <- f32(f32(b hi) + f32((1 - b) max(Q_p(x), 0)))
 *
 * with b = f32(beta), 1 - b rounded to f32, and the first batch copied; so lo <= 0 <= hi always.
 *
 * Quantiles are `quantileOf`: exact for tensors of up to 65,536 elements. A larger tensor is cut into 65,536 equal parts
 * and one element of each is taken, at a place within the part that follows the golden ratio (so that it keeps no step
 * with rows or channels) from `seed`: the same places for the same size, in every batch. The quantile is then exact for the
 * sample; its rank in the whole tensor is off by about sqrt(p (1 - p) / 65536), 0.00012 at p = 0.999. NaN and infinity are
 * refused where the sample meets them. Nothing is allocated after the first large batch.
 *
 * Example: beta 0.5, p = 1, batches [-1, 2] and [1, 4]: lo = -0.5 * 1 + 0.5 * 0 = -0.5, hi = 0.5 * 2 + 0.5 * 4 = 3.
 */
export class EmaQuantileObserver implements ResumableObserver {
  readonly #beta: number
  readonly #rest: number
  readonly #p: number
  readonly #seed: number
  #scratch = new Float32Array(0)
  #state: ObserverState = { lo: 0, hi: 0, batches: 0 }

  /** Throws `UsageError` for beta outside [0, 1), p outside [0.5, 1] or a seed that is not an integer. */
  constructor(options: EmaQuantileOptions = {}) {
    const { beta = 0.95, p = 0.999, seed = 0 } = options
    if (!(beta >= 0 && beta < 1)) throw new UsageError(`EmaQuantileObserver: beta ${beta}; wanted a number in [0, 1)`)
    if (!(p >= 0.5 && p <= 1)) throw new UsageError(`EmaQuantileObserver: p ${p}; wanted a number in [0.5, 1]`)
    if (!Number.isSafeInteger(seed)) throw new UsageError(`EmaQuantileObserver: seed ${seed}; wanted an integer`)
    this.#beta = Math.fround(beta)
    this.#rest = Math.fround(1 - this.#beta)
    this.#p = p
    this.#seed = seed
  }

  observe(x: Float32Array): void {
    if (x.length === 0) return
    const values = this.#sample(x)
    const hi = Math.max(quantileOf(values, this.#p), 0)
    const lower = 1 - this.#p
    const lo = hasNegatives(values, Math.floor(lower * (values.length - 1)) + 1)
      ? Math.min(quantileOf(values, lower), 0)
      : 0
    const { batches, ...past } = this.#state
    this.#state =
      batches === 0
        ? { lo, hi, batches: 1 }
        : { lo: this.#blend(past.lo, lo), hi: this.#blend(past.hi, hi), batches: batches + 1 }
  }

  range(): ValueRange {
    return rangeWithZero(this.#state.batches === 0 ? undefined : this.#state, 'EmaQuantileObserver')
  }

  state(): ObserverState {
    return this.#state
  }

  load(state: ObserverState): void {
    checkState(state, 'EmaQuantileObserver')
    this.#state = { lo: Math.fround(state.lo), hi: Math.fround(state.hi), batches: state.batches }
  }

  #blend(past: number, batch: number): number {
    return Math.fround(Math.fround(this.#beta * past) + Math.fround(this.#rest * batch))
  }

  /** The values that count, in scratch memory. */
  #sample(x: Float32Array): Float32Array {
    const count = Math.min(x.length, SAMPLE)
    if (this.#scratch.length < count) this.#scratch = new Float32Array(count)
    const values = this.#scratch.subarray(0, count)
    if (x.length <= SAMPLE) {
      values.set(x)
    } else {
      const width = x.length / SAMPLE
      // Steps of the golden ratio modulo 1, as 32-bit integers: evenly spread for any number of steps.
      let place = Math.imul(this.#seed, 0x85ebca6b)
      for (let i = 0; i < SAMPLE; i++) {
        place = (place + 0x9e3779b9) | 0
        values[i] = x[Math.floor((i + (place >>> 0) / 4294967296) * width)]
      }
    }
    // Stays 0 unless a value is NaN or infinite.
    let zero = 0
    for (let i = 0; i < count; i++) zero += values[i] - values[i]
    if (zero !== 0) refuseNotFinite('EmaQuantileObserver')
    return values
  }
}

/** Whether at least `least` values are negative; after ReLU none is, and the lower quantile need not be looked for. */
function hasNegatives(values: Float32Array, least: number): boolean {
  let count = 0
  for (let i = 0; i < values.length; i++) {
    if (values[i] < 0 && ++count === least) return true
  }
  return false
}
