import { log } from './log.ts'

/**
 * log(1 + x) for x > -1, double in and out. 1 + x rounds to w; the part of x that the rounding lost, divided by w, is
 * added back (the derivative of log at w). Relative error below 2e-15, also for small x. log1p(-1) is NaN.
 */
export function log1p(x: number): number {
  const w = 1 + x
  return log(w) + (x - (w - 1)) / w
}
