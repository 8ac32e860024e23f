import { UsageError } from '../base/errors.ts'
import { cosPi } from '../kernels/transcendental/cosPi.ts'

/**
 * A learning-rate schedule: the factor in [0, 1] on the base learning rate at `step` (from 0 on) of a run of
 * `totalSteps`. Pure, so a resumed run goes on with the same factors. Lengths within a run are given as fractions of it.
 */
export type Schedule = (step: number, totalSteps: number) => number

function checkFraction(value: number, option: string, operation: string): void {
  if (!(value >= 0 && value <= 1)) {
    throw new UsageError(`${operation}: ${option} is ${value}, wanted a number in [0, 1]`)
  }
}

/** Factor 1 throughout. */
export function constant(): Schedule {
  return () => 1
}

/**
 * Multiplies the factor by `factor` each time a further fraction `every` of the run has passed, at the nearest whole
 * step: `every: 1 / 3, factor: 0.1` over 100 steps is 1 to step 32, 0.1 to step 66, 0.01 to the end.
 * Throws `UsageError` unless 0 < every <= 1 and 0 <= factor <= 1.
 */
export function stepDecay({ every, factor }: { every: number; factor: number }): Schedule {
  checkFraction(every, 'every', 'stepDecay')
  checkFraction(factor, 'factor', 'stepDecay')
  if (every === 0) throw new UsageError('stepDecay: every is 0, wanted the fraction of the run between two decays')
  return (step, totalSteps) => {
    let value = 1
    for (let k = 1; k * every < 1 && Math.round(k * every * totalSteps) <= step; k++) value *= factor
    return value
  }
}

/**
 * Half a cosine wave from `from` (default 1) at step 0 to `to` (default 0) at the end of the run:
 * to + (from - to) (1 + cos(pi step / totalSteps)) / 2. Throws `UsageError` unless both are in [0, 1].
 */
export function cosine({ from = 1, to = 0 }: { from?: number; to?: number } = {}): Schedule {
  checkFraction(from, 'from', 'cosine')
  checkFraction(to, 'to', 'cosine')
  return (step, totalSteps) => (step >= totalSteps ? to : to + ((from - to) * (1 + cosPi(step / totalSteps))) / 2)
}

/**
 * Rises linearly over the first `fraction` of the run (n steps, to the nearest: 1/n, 2/n, ... 1), then follows `then`
 * over the rest as over a run of its own. Throws `UsageError` unless the fraction is in [0, 1].
 */
export function warmup(fraction: number, then: Schedule): Schedule {
  checkFraction(fraction, 'fraction', 'warmup')
  return (step, totalSteps) => {
    const steps = Math.round(fraction * totalSteps)
    return step < steps ? (step + 1) / steps : then(step - steps, totalSteps - steps)
  }
}
