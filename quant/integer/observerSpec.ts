import { EmaQuantileObserver, type EmaQuantileOptions } from '../affine/observers/emaQuantile.ts'
import { MinMaxObserver } from '../affine/observers/minMax.ts'
import { MovingAverageObserver, type MovingAverageOptions } from '../affine/observers/movingAverage.ts'
import type { Observer } from '../affine/observers/observer.ts'
import { PercentileObserver, type PercentileOptions } from '../affine/observers/percentile.ts'
import { PowerOfTwoMseObserver, type PowerOfTwoMseOptions } from '../affine/observers/powerOfTwoMse.ts'

/** An observer as data: its kind and its options. */
export type ObserverSpec =
  | { readonly kind: 'minMax' }
  | ({ readonly kind: 'movingAverage' } & MovingAverageOptions)
  | ({ readonly kind: 'emaQuantile' } & EmaQuantileOptions)
  | ({ readonly kind: 'percentile' } & PercentileOptions)
  | ({ readonly kind: 'powerOfTwoMse' } & PowerOfTwoMseOptions)

/**
 * A new observer. Throws `UsageError` for options out of range.
 * Example: createObserver({ kind: 'movingAverage', momentum: 0.01 }).
 */
export function createObserver(spec: ObserverSpec): Observer {
  switch (spec.kind) {
    case 'minMax':
      return new MinMaxObserver()
    case 'movingAverage':
      return new MovingAverageObserver(spec)
    case 'emaQuantile':
      return new EmaQuantileObserver(spec)
    case 'percentile':
      return new PercentileObserver(spec)
    case 'powerOfTwoMse':
      return new PowerOfTwoMseObserver(spec)
  }
}
