import { UsageError } from '../../../engine/base/errors.ts'
import type { ValueRange } from '../quantiser.ts'
import { checkState, extremes, type ObserverState, type ResumableObserver, rangeWithZero } from './observer.ts'

/** How fast the average follows. */
export interface MovingAverageOptions {
  /** Weight of the new batch, in (0, 1], used as f32. Default 0.01, PyTorch's averaging constant. */
  readonly momentum?: number
}

/**
 * Moving averages of each batch's least and greatest value (PyTorch's MovingAverageMinMaxObserver). The first batch is
 * copied, then v <- f32(v + f32(m * f32(batch - v))). The range is extended to hold 0 when it is read, not while averaging.
 * Example: m = 0.5, batches [0, 2], [-1, 4]: lo = 0 + 0.5 (-1 - 0) = -0.5, hi = 2 + 0.5 (4 - 2) = 3.
 */
export class MovingAverageObserver implements ResumableObserver {
  readonly #momentum: number
  #state: ObserverState = { lo: 0, hi: 0, batches: 0 }

  /** Throws `UsageError` for a momentum outside (0, 1]. */
  constructor(options: MovingAverageOptions = {}) {
    const { momentum = 0.01 } = options
    if (!(momentum > 0 && momentum <= 1)) {
      throw new UsageError(`MovingAverageObserver: momentum ${momentum}; wanted a number in (0, 1]`)
    }
    this.#momentum = Math.fround(momentum)
  }

  observe(x: Float32Array): void {
    if (x.length === 0) return
    const batch = extremes(x, 'MovingAverageObserver')
    const { lo, hi, batches } = this.#state
    this.#state =
      batches === 0
        ? { ...batch, batches: 1 }
        : { lo: this.#follow(lo, batch.lo), hi: this.#follow(hi, batch.hi), batches: batches + 1 }
  }

  range(): ValueRange {
    return rangeWithZero(this.#state.batches === 0 ? undefined : this.#state, 'MovingAverageObserver')
  }

  state(): ObserverState {
    return this.#state
  }

  load(state: ObserverState): void {
    checkState(state, 'MovingAverageObserver')
    this.#state = { lo: Math.fround(state.lo), hi: Math.fround(state.hi), batches: state.batches }
  }

  #follow(value: number, batch: number): number {
    return Math.fround(value + Math.fround(this.#momentum * Math.fround(batch - value)))
  }
}
