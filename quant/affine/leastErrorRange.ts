import { UsageError } from '../../engine/base/errors.ts'
import { roundHalfEven } from '../../engine/base/rounding.ts'
import { type Quantiser, quantiserFromRange, type ValueRange } from './quantiser.ts'
import type { Scheme } from './scheme.ts'

/** How many ranges compete by default, as in MQBench's MSEObserver. */
export const RANGE_CANDIDATES = 80

/**
 * The range of least squared quantisation error among f lo ... f hi with f = 1, 0.99, 0.98, ..., 1 - (candidates - 1) /
 * 100 (MQBench's MSEObserver: both ends shrink together, 80 candidates). Each candidate is quantised with the very
 * scale and zero point that `quantiserFromRange` gives for the scheme, ties to even. Errors are summed in double, in
 * order; where candidates tie, the widest wins. `counts` says how often each value occurs; null: once. The range is
 * extended to hold 0.
 *
 * Example: 2 bits, signed, narrow, symmetric; values 1 once and 0.5 four times: f = 1 has codes 0 and 1 and an error of
 * 1: 0.5 is a tie and goes to 0, four times 0.5^2. f = 0.99 takes 0.5 to 0.99: four times 0.49^2, and 0.01^2, 0.9605.
 * Of all f, 0.6 has the least: four times 0.1^2, and 0.4^2, 0.2.
 *
 * Throws `UsageError` for a number of candidates that is not an integer in [1, 100], and what `quantiserFromRange`
 * throws.
 */
export function leastErrorRange(
  values: Float32Array | Float64Array,
  counts: Float64Array | null,
  { lo, hi }: ValueRange,
  scheme: Scheme,
  candidates: number = RANGE_CANDIDATES,
): ValueRange {
  checkCandidates(candidates)
  let best = { lo: 0, hi: 0 }
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < candidates; i++) {
    const factor = (100 - i) / 100
    const range = { lo: Math.fround(Math.min(lo, 0) * factor), hi: Math.fround(Math.max(hi, 0) * factor) }
    const error = squaredError(values, counts, quantiserFromRange(range.lo, range.hi, scheme))
    if (error < least) {
      least = error
      best = range
    }
  }
  return best
}

/** Throws `UsageError` for a number of candidates that is not an integer in [1, 100]. */
export function checkCandidates(candidates: number): void {
  if (Number.isInteger(candidates) && candidates >= 1 && candidates <= 100) return
  throw new UsageError(`least-error range: ${candidates} candidates; wanted an integer in [1, 100]`)
}

/** Sum of count (x^ - x)^2, in double. */
function squaredError(
  values: Float32Array | Float64Array,
  counts: Float64Array | null,
  { scale: [scale], zeroPoint: [zeroPoint], qmin, qmax }: Quantiser,
): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    const code = Math.min(Math.max(roundHalfEven(values[i] / scale) + zeroPoint, qmin), qmax)
    const error = scale * (code - zeroPoint) - values[i]
    sum += (counts === null ? 1 : counts[i]) * error * error
  }
  return sum
}
