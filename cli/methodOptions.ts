import { UsageError } from '../engine/base/errors.ts'
import { defaultGainTrimming } from '../quant/trim/gainTrimming.ts'
import { defaultGridAlignment } from '../quant/trim/gridAlignment.ts'
import { defaultKure } from '../quant/trim/kurtosis.ts'
import type { MethodOptions } from '../quant/trim/methods.ts'
import { defaultPairTrimming } from '../quant/trim/pairTrimming.ts'
import { defaultReversePruning } from '../quant/trim/reversePruning.ts'
import { defaultSchemeSampling, type SampledPart, sampledParts } from '../quant/trim/schemeSampling.ts'
import { type ParsedOptions, textOf } from './options.ts'

/** A method's options with what the command line changes. */
export function changedMethod(
  base: MethodOptions,
  values: ParsedOptions['values'],
  given: ReadonlySet<string>,
): MethodOptions {
  const pick = <T>(name: string, standard: T): T => (given.has(name) ? (values[name] as T) : standard)
  /** A part that can be switched as a whole: changing one of its options switches it on. */
  const part = <T extends object>(
    standard: T | null,
    initial: T,
    flag: string,
    options: Record<string, unknown>,
  ): T | null => {
    const changes = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
    const on = given.has(flag) ? values[flag] : standard !== null || Object.keys(changes).length > 0
    return on ? { ...(standard ?? initial), ...changes } : null
  }
  const exclude = given.has('clip-exclude') ? excludeFrom(textOf(values, 'clip-exclude')) : undefined
  const frozenRate = pick('frozen-rate', base.frozenRate)
  const exportCentredLogits = pick('export-centred-logits', base.exportCentredLogits)
  return {
    weightBits: pick('weight-bits', base.weightBits),
    activationBits: pick('activation-bits', base.activationBits),
    weightGranularity: pick('weight-granularity', base.weightGranularity),
    weightScaleForm: pick('weight-scale-form', base.weightScaleForm),
    weightFolding: pick('weight-folding', base.weightFolding),
    activationSymmetric: pick('activation-symmetric', base.activationSymmetric),
    stepSizes: pick('step-sizes', base.stepSizes),
    sampling: part(base.sampling, defaultSchemeSampling, 'sampling', {
      every: values['sampling-every'],
      parts: given.has('sampling-parts') ? partsFrom(textOf(values, 'sampling-parts')) : undefined,
      weightBits: given.has('sampling-weight-bits') ? bitsFrom(values, 'sampling-weight-bits') : undefined,
      activationBits: given.has('sampling-activation-bits') ? bitsFrom(values, 'sampling-activation-bits') : undefined,
      onGrid: values['sampling-on-grid'],
    }),
    ste: pick('ste', base.ste),
    curriculum: {
      kind: pick('curriculum', base.curriculum.kind),
      warmup: pick('warmup', base.curriculum.warmup),
      middle: pick('middle', base.curriculum.middle),
      full: pick('full', base.curriculum.full),
      lambdaMiddle: pick('lambda-middle', base.curriculum.lambdaMiddle),
    },
    observerBeta: pick('observer-beta', base.observerBeta),
    observerQuantile: pick('observer-quantile', base.observerQuantile),
    observerSkip: pick('observer-skip', base.observerSkip),
    kure: part(base.kure, defaultKure, 'kure', { weight: values['kure-weight'], target: values['kure-target'] }),
    reversePruning: part(base.reversePruning, defaultReversePruning, 'reverse-pruning', {
      quantile: values['clip-quantile'],
      beta: values['clip-beta'],
      everyEpochs: values['clip-every'],
      until: values['clip-until'],
      granularity: values['clip-granularity'],
      exclude,
    }),
    gainTrimming: part(base.gainTrimming, defaultGainTrimming, 'gain-trimming', { ratio: values['gain-ratio'] }),
    gridAlignment: part(base.gridAlignment, defaultGridAlignment, 'grid-alignment', { from: values['grid-from'] }),
    pairTrimming: part(base.pairTrimming, defaultPairTrimming, 'pair-trimming', { from: values['pair-from'] }),
    batchNormFreeze: pick('batch-norm-freeze', base.batchNormFreeze),
    ...(frozenRate !== undefined && { frozenRate }),
    exportSnapped: pick('export-snapped', base.exportSnapped),
    exportClips: pick('export-clips', base.exportClips),
    ...(exportCentredLogits !== undefined && { exportCentredLogits }),
    batchNormBatches: pick('batch-norm-batches', base.batchNormBatches),
    batchNormLambda: pick('batch-norm-lambda', base.batchNormLambda),
  }
}

function excludeFrom(text: string): ('first' | 'last' | 'depthwise')[] {
  if (text === 'none') return []
  return text.split(',').map((name) => {
    if (name === 'first' || name === 'last' || name === 'depthwise') return name
    throw new UsageError(`--clip-exclude ${text}: wanted none, or a list of first, last, depthwise`)
  })
}

function partsFrom(text: string): SampledPart[] {
  return text.split(',').map((name) => {
    const part = sampledParts.find((candidate) => candidate === name)
    if (part === undefined)
      throw new UsageError(`--sampling-parts ${text}: wanted a list of ${sampledParts.join(', ')}`)
    return part
  })
}

function bitsFrom(values: ParsedOptions['values'], option: string): number[] {
  const text = textOf(values, option)
  return text.split(',').map((item) => {
    const bits = Number(item)
    if (Number.isInteger(bits) && bits >= 2 && bits <= 16) return bits
    throw new UsageError(`--${option} ${text}: wanted a list of widths from 2 to 16, such as 4,8`)
  })
}
