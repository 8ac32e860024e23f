import { EmaQuantileObserver, type EmaQuantileOptions } from '../affine/observers/emaQuantile.ts'
import { EntropyObserver, type EntropyOptions } from '../affine/observers/entropy.ts'
import { HistogramObserver, type HistogramOptions } from '../affine/observers/histogramL2.ts'
import { MinMaxObserver } from '../affine/observers/minMax.ts'
import { MovingAverageObserver, type MovingAverageOptions } from '../affine/observers/movingAverage.ts'
import { MseObserver, type MseOptions } from '../affine/observers/mse.ts'
import type { Observer } from '../affine/observers/observer.ts'
import { type BatchStatistic, PerBatchObserver } from '../affine/observers/perBatch.ts'
import { PercentileObserver, type PercentileOptions } from '../affine/observers/percentile.ts'
import { PowerOfTwoMseObserver, type PowerOfTwoMseOptions } from '../affine/observers/powerOfTwoMse.ts'

/**
 * An observer as data: its kind and its options. How batches are joined: 'movingAverage' and 'emaQuantile' average,
 * 'powerOfTwoMse' takes the mode of each batch's choice, all others look at all batches together; 'perBatch' estimates
 * each batch by itself with any of them and joins the ranges.
 */
export type ObserverSpec =
  | { readonly kind: 'minMax' }
  | ({ readonly kind: 'movingAverage' } & MovingAverageOptions)
  | ({ readonly kind: 'emaQuantile' } & EmaQuantileOptions)
  | ({ readonly kind: 'percentile' } & PercentileOptions)
  | ({ readonly kind: 'powerOfTwoMse' } & PowerOfTwoMseOptions)
  | ({ readonly kind: 'entropy' } & EntropyOptions)
  | ({ readonly kind: 'mse' } & MseOptions)
  | ({ readonly kind: 'histogram' } & HistogramOptions)
  | { readonly kind: 'perBatch'; readonly statistic: BatchStatistic; readonly observer: ObserverSpec }

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
    case 'entropy':
      return new EntropyObserver(spec)
    case 'mse':
      return new MseObserver(spec)
    case 'histogram':
      return new HistogramObserver(spec)
    case 'perBatch': {
      // Options out of range are refused now, not at the first batch.
      createObserver(spec.observer)
      return new PerBatchObserver(() => createObserver(spec.observer), spec.statistic)
    }
  }
}
