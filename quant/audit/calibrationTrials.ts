import { UsageError } from '../../engine/base/errors.ts'

/** What one repetition of calibration draws. */
export interface Trial {
  /** Of the choice of images. */
  readonly seed: number
  /** Images calibrated on, and how many the calibrator sees at a time. */
  readonly images: number
  readonly batch: number
}

/** One repetition's result. */
export interface TrialResult extends Trial {
  readonly top1: number
  /** Of the logits against float, in dB; Infinity where equal. */
  readonly sqnrDb: number
}

/** How far calibration alone moves a back end's result. */
export interface CalibrationTrials {
  readonly backend: string
  readonly bits: string
  readonly trials: readonly TrialResult[]
  readonly top1: Distribution
  readonly sqnrDb: Distribution
}

/** Where some numbers lie. */
export interface Distribution {
  readonly least: number
  /** The middle one, or the mean of both. */
  readonly median: number
  readonly greatest: number
  readonly mean: number
  /** Of the sample (divided by n - 1); 0 for one number. */
  readonly deviation: number
}

/** Numbers of calibration images and of images a batch that trials take in turn. */
const SIZES = [32, 128, 512]
const BATCHES = [1, 16, 50]

/**
 * Plans `count` repetitions: each with a seed of its own from `seed` on, the sizes 32, 128 and 512 in turn (as many as there are),
 * and batches of 1, 16 and 50 images, changing after each round of sizes, so that nine trials meet every pair.
 * Example: planTrials(2, 100, 7): seed 7, 32 images, and seed 8, 100 images, both one at a time. Throws `UsageError` without
 * images or for a count below 1.
 */
export function planTrials(count: number, available: number, seed: number): Trial[] {
  if (!Number.isInteger(count) || count < 1 || available < 1) {
    throw new UsageError(`calibration trials: ${count} trials on ${available} images; wanted at least one of each`)
  }
  return Array.from({ length: count }, (_, i) => ({
    seed: seed + i,
    images: Math.min(SIZES[i % SIZES.length], available),
    batch: BATCHES[Math.floor(i / SIZES.length) % BATCHES.length],
  }))
}

/** Least, median, greatest, mean and deviation (NaN where a number is infinite). Example: [1, 2, 6]: 1, 2, 6, 3 and 2.65. */
export function distribution(numbers: readonly number[]): Distribution {
  const sorted = [...numbers].sort((a, b) => a - b)
  const { length } = sorted
  const mean = sorted.reduce((sum, x) => sum + x, 0) / length
  const squares = sorted.reduce((sum, x) => sum + (x - mean) ** 2, 0)
  return {
    least: sorted[0],
    median: (sorted[(length - 1) >> 1] + sorted[length >> 1]) / 2,
    greatest: sorted[length - 1],
    mean,
    deviation: length === 1 ? 0 : Math.sqrt(squares / (length - 1)),
  }
}

/** The trials of one back end with their distributions. */
export function summariseTrials(backend: string, bits: string, trials: readonly TrialResult[]): CalibrationTrials {
  return {
    backend,
    bits,
    trials,
    top1: distribution(trials.map(({ top1 }) => top1)),
    sqnrDb: distribution(trials.map(({ sqnrDb }) => sqnrDb)),
  }
}
