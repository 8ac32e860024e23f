import { NumericError, UsageError } from '../../../engine/base/errors.ts'
import type { ValueRange } from '../quantiser.ts'

/** Watches the values of one tensor, batch by batch, and says over which range to quantise it. */
export interface Observer {
  /**
   * Takes in one batch; an empty one changes nothing. Throws `NumericError` when it meets NaN or infinity, and is then as
   * it was before.
   */
  observe(x: Float32Array): void
  /** The range so far, f32, lo <= 0 <= hi. Throws `UsageError` before the first value. */
  range(): ValueRange
}

/** What a training observer remembers: plain numbers, exact in JSON. */
export interface ObserverState extends ValueRange {
  /** Batches taken in; 0: nothing yet, and lo and hi mean nothing. */
  readonly batches: number
}

/** An observer whose training can stop and go on with the same bits. */
export interface ResumableObserver extends Observer {
  /** All that later results depend on. */
  state(): ObserverState
  /** Takes over a state. Throws `UsageError` for one that no observer could have. */
  load(state: ObserverState): void
}

/**
 * The least and the greatest value. Throws `NumericError` for NaN or infinity. `x` is not empty.
 * Example: [2, -1] gives -1, 2.
 */
export function extremes(x: Float32Array, operation: string): ValueRange {
  let lo = x[0]
  let hi = x[0]
  for (let i = 1; i < x.length; i++) {
    const v = x[i]
    // Rarely outside. NaN is, since it compares with nothing, and Math.min and Math.max then keep it.
    if (!(v >= lo && v <= hi)) {
      lo = Math.min(lo, v)
      hi = Math.max(hi, v)
    }
  }
  if (!Number.isFinite(lo) || !Number.isFinite(hi)) refuseNotFinite(operation)
  return { lo, hi }
}

/** The error that every observer gives for values without a range. */
export function refuseNotFinite(operation: string): never {
  throw new NumericError(
    `${operation}: the observed tensor holds NaN or infinity; wanted finite values: check the data and the loss before this batch`,
  )
}

/** The range extended to hold 0. Throws `UsageError` for undefined: nothing was observed. Example: [1, 2] gives [0, 2]. */
export function rangeWithZero(range: ValueRange | undefined, operation: string): ValueRange {
  if (range === undefined) {
    throw new UsageError(`${operation}: no values were observed, so there is no range; run some batches first`)
  }
  return { lo: Math.min(range.lo, 0), hi: Math.max(range.hi, 0) }
}

/** Throws `UsageError` unless the state is one that an observer could have. */
export function checkState({ lo, hi, batches }: ObserverState, operation: string): void {
  if (!(lo <= hi) || !Number.isFinite(lo) || !Number.isFinite(hi) || !Number.isInteger(batches) || batches < 0) {
    throw new UsageError(
      `${operation}: a state of ${batches} batches over [${lo}, ${hi}]; wanted finite lo <= hi and a count from 0 on`,
    )
  }
}
