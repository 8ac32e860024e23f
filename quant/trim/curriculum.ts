import { UsageError } from '../../engine/base/errors.ts'

/**
 * When and how strongly training sees quantisation. The shape (a full-precision warm-up, a quartic ramp, a quadratic
 * ramp to 1) is the paper's (arXiv 2511.15300); the constants are ours.
 */
export interface CurriculumOptions {
  /** 'none': lambda stays 0. 'step': 0, then 1 from the end of the warm-up (plain QAT). 'progressive': Quant-Trim. */
  readonly kind: 'none' | 'step' | 'progressive'
  /** End of the full-precision warm-up, as a fraction of the run. */
  readonly warmup: number
  /** End of the quartic ramp. */
  readonly middle: number
  /** End of the quadratic ramp: from here on lambda is 1. */
  readonly full: number
  /** Lambda at `middle`. */
  readonly lambdaMiddle: number
}

/** Starting values that a pilot found not to be bad; no schedule variant was compared. */
export const defaultCurriculum: CurriculumOptions = {
  kind: 'progressive',
  warmup: 0.2,
  middle: 0.5,
  full: 0.8,
  lambdaMiddle: 0.2,
}

/** Throws `UsageError` unless 0 <= warmup <= middle <= full <= 1 and lambdaMiddle lies in [0, 1]. */
export function checkCurriculum({ warmup, middle, full, lambdaMiddle }: CurriculumOptions): void {
  if (!(warmup >= 0 && warmup <= middle && middle <= full && full <= 1)) {
    throw new UsageError(
      `curriculum: warm-up ${warmup}, middle ${middle}, full ${full}; wanted fractions of the run in ascending order, in [0, 1]`,
    )
  }
  if (!(lambdaMiddle >= 0 && lambdaMiddle <= 1)) {
    throw new UsageError(`curriculum: lambda at the middle is ${lambdaMiddle}; wanted a value in [0, 1]`)
  }
}

/**
 * The blending coefficient lambda in [0, 1] at `t`, a fraction of the run in [0, 1]: continuous and monotone.
 *
 *     t < warmup            0
 *     warmup <= t < middle  lambdaMiddle ((t - warmup) / (middle - warmup))^4
 *     middle <= t < full    lambdaMiddle + (1 - lambdaMiddle) ((t - middle) / (full - middle))^2
 *     t >= full             1
 *
 * Example: with the defaults, t = 0.35 is half way up the quartic ramp: 0.2 / 16 = 0.0125.
 */
export function lambdaAt(t: number, options: CurriculumOptions): number {
  const { kind, warmup, middle, full, lambdaMiddle } = options
  if (kind === 'none' || t < warmup) return 0
  if (kind === 'step' || t >= full) return 1
  if (t < middle) {
    const u = (t - warmup) / (middle - warmup)
    return lambdaMiddle * u * u * u * u
  }
  const u = (t - middle) / (full - middle)
  return lambdaMiddle + (1 - lambdaMiddle) * u * u
}
