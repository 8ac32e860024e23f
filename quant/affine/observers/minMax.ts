import type { ValueRange } from '../quantiser.ts'
import { extremes, type Observer, rangeWithZero } from './observer.ts'

/**
 * The least and the greatest value of all batches.
 * Example: batches [1, 2] and [-0.5, 1] give [-0.5, 2]; [1, 2] alone gives [0, 2].
 */
export class MinMaxObserver implements Observer {
  #range: ValueRange | undefined

  observe(x: Float32Array): void {
    if (x.length === 0) return
    const { lo, hi } = extremes(x, 'MinMaxObserver')
    const before = this.#range ?? { lo, hi }
    this.#range = { lo: Math.min(before.lo, lo), hi: Math.max(before.hi, hi) }
  }

  range(): ValueRange {
    return rangeWithZero(this.#range, 'MinMaxObserver')
  }
}
