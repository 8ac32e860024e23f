import { UsageError } from '../engine/base/errors.ts'
import { describeModel, modelNames } from '../models/zoo/index.ts'
import { type MethodOptions, methodOptions, methods } from '../quant/trim/methods.ts'
import { numberOf, type OptionSpecs, type ParsedOptions, textOf } from './options.ts'
import type { TrainingConfig } from './trainingConfig.ts'

/** The options of a training run, beside those of the method. */
export const runOptions: OptionSpecs = {
  model: { type: 'string', required: true, choices: modelNames, description: 'model of the zoo' },
  depth: { type: 'integer', description: 'resnet: weighted layers, 6n + 2 [20]' },
  width: { type: 'number', description: 'resnet: channels of the first stage [16]; mobilenet: factor on channels [1]' },
  hidden: { type: 'string', value: 'N,N', description: 'mlp: widths of the hidden layers [128,64]' },
  relu6: { type: 'boolean', description: 'mobilenet: clip activations at 6, --no-relu6 for plain ReLU [true]' },
  data: {
    type: 'string',
    value: 'SPEC',
    default: 'synthetic',
    description: 'mnist:DIR, cifar10:DIR, cifar100:DIR or synthetic[:count=N,seed=S]',
  },
  limit: { type: 'integer', minimum: 1, description: 'use only the first N training images' },
  method: { type: 'string', choices: Object.keys(methods), default: 'quant-trim', description: 'training method' },
  epochs: { type: 'integer', minimum: 1, maximum: 10000, default: 5, description: 'passes over the training images' },
  batch: { type: 'integer', minimum: 1, maximum: 4096, default: 64, description: 'images in a step' },
  seed: { type: 'integer', minimum: 0, default: 0, description: 'same seed, same bits' },
  optimiser: { type: 'string', choices: ['sgd', 'adamw'], default: 'sgd', description: 'optimiser' },
  'learning-rate': { type: 'number', minimum: 0, description: 'peak learning rate [sgd 0.05, adamw 0.002]' },
  momentum: { type: 'number', minimum: 0, maximum: 0.9999, default: 0.9, description: 'sgd' },
  nesterov: { type: 'boolean', default: true, description: 'sgd: Nesterov momentum' },
  'weight-decay': {
    type: 'number',
    minimum: 0,
    default: 0.0005,
    description: 'of weights, not of biases and batch norm',
  },
  schedule: {
    type: 'string',
    choices: ['constant', 'step', 'cosine'],
    default: 'cosine',
    description: 'learning rate',
  },
  'learning-rate-warmup': {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0.05,
    description: 'fraction of the run over which the learning rate rises',
  },
  'label-smoothing': { type: 'number', minimum: 0, maximum: 0.99, default: 0, description: 'of the cross entropy' },
  augment: {
    type: 'string',
    choices: ['auto', 'none', 'crop', 'crop-flip'],
    default: 'auto',
    description: 'random crop and flip; auto: both for CIFAR, none otherwise',
  },
}

/** The options that change a method. Defaults are those of `quant-trim`; other methods switch parts off. */
export const methodOptionSpecs: OptionSpecs = {
  'weight-bits': { type: 'integer', minimum: 2, maximum: 16, description: 'weight bits that training simulates [4]' },
  'activation-bits': { type: 'integer', minimum: 2, maximum: 16, description: 'activation bits, likewise [8]' },
  'weight-granularity': { type: 'string', choices: ['tensor', 'channel'], description: 'weight scales [channel]' },
  'activation-symmetric': { type: 'boolean', description: 'symmetric activation ranges [false]' },
  ste: { type: 'string', choices: ['identity', 'clipped'], description: 'straight-through estimator [identity]' },
  curriculum: { type: 'string', choices: ['none', 'step', 'progressive'], description: 'of lambda [progressive]' },
  warmup: { type: 'number', minimum: 0, maximum: 1, description: 'lambda is 0 before this fraction of the run [0.2]' },
  middle: { type: 'number', minimum: 0, maximum: 1, description: 'end of the quartic ramp [0.5]' },
  full: { type: 'number', minimum: 0, maximum: 1, description: 'lambda is 1 from this fraction on [0.8]' },
  'lambda-middle': { type: 'number', minimum: 0, maximum: 1, description: 'lambda at the middle [0.2]' },
  'observer-beta': {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'moving average of activation ranges [0.95]',
  },
  'observer-quantile': { type: 'number', minimum: 0.5, maximum: 1, description: 'p of activation ranges [0.999]' },
  'observer-skip': { type: 'integer', minimum: 0, description: 'first batches that observers do not see [10]' },
  'reverse-pruning': { type: 'boolean', description: 'clip the largest weights [true]' },
  'clip-quantile': { type: 'number', minimum: 0, maximum: 1, description: 'p_clip of reverse pruning [0.99]' },
  'clip-beta': { type: 'number', minimum: 0, maximum: 1, description: 'moving average of its threshold [0]' },
  'clip-every': { type: 'integer', minimum: 1, description: 'epochs between trimmings [1]' },
  'clip-until': {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'fraction of the run after which it stops [0.9]',
  },
  'clip-granularity': { type: 'string', choices: ['tensor', 'channel'], description: 'of the threshold [tensor]' },
  'clip-exclude': { type: 'string', value: 'LIST', description: 'of first, last, depthwise; or none [depthwise]' },
  'gain-trimming': { type: 'boolean', description: 'trim the folded weights through batch-norm gains [true]' },
  'gain-ratio': { type: 'number', minimum: 1, description: 'folded maximum allowed, in medians [2]' },
  'export-clips': { type: 'boolean', description: 'export learned activation ranges as Clip [true]' },
  'batch-norm-batches': {
    type: 'integer',
    minimum: 0,
    description: 'batches that re-estimate batch norm at the end [32]',
  },
}

/** The run that a command line asks for. Throws `UsageError` for options that do not go together. */
export function configFrom({ values, given }: ParsedOptions): TrainingConfig {
  const data = textOf(values, 'data')
  const optimiser = textOf(values, 'optimiser') as TrainingConfig['optimiser']
  const augment = textOf(values, 'augment')
  const method = textOf(values, 'method')
  return {
    model: textOf(values, 'model'),
    modelOptions: modelOptionsFrom(values, given),
    data,
    limit: (values.limit as number | undefined) ?? null,
    method,
    methodOptions: changedMethod(methodOptions(method), values, given),
    epochs: numberOf(values, 'epochs'),
    batch: numberOf(values, 'batch'),
    seed: numberOf(values, 'seed'),
    optimiser,
    learningRate: (values['learning-rate'] as number | undefined) ?? (optimiser === 'sgd' ? 0.05 : 0.002),
    momentum: numberOf(values, 'momentum'),
    nesterov: values.nesterov as boolean,
    weightDecay: numberOf(values, 'weight-decay'),
    schedule: textOf(values, 'schedule') as TrainingConfig['schedule'],
    learningRateWarmup: numberOf(values, 'learning-rate-warmup'),
    labelSmoothing: numberOf(values, 'label-smoothing'),
    augment: (augment !== 'auto'
      ? augment
      : data.startsWith('cifar')
        ? 'crop-flip'
        : 'none') as TrainingConfig['augment'],
  }
}

/** The model's own options that were given; one that the model does not have is a `UsageError`. */
function modelOptionsFrom(values: ParsedOptions['values'], given: ReadonlySet<string>): Record<string, unknown> {
  const model = textOf(values, 'model')
  const known = describeModel(model).options.map(({ name }) => name)
  const chosen: Record<string, unknown> = {}
  for (const name of ['depth', 'width', 'hidden', 'relu6']) {
    if (!given.has(name)) continue
    if (!known.includes(name)) {
      throw new UsageError(`--${name}: model ${model} has no such option; it has ${known.join(', ') || 'none'}`)
    }
    chosen[name] = name === 'hidden' ? textOf(values, name).split(',').map(Number) : values[name]
  }
  return chosen
}

/** A method's options with what the command line changes. */
function changedMethod(
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
  const full = methodOptions('quant-trim')
  const exclude = given.has('clip-exclude') ? excludeFrom(textOf(values, 'clip-exclude')) : undefined
  return {
    weightBits: pick('weight-bits', base.weightBits),
    activationBits: pick('activation-bits', base.activationBits),
    weightGranularity: pick('weight-granularity', base.weightGranularity),
    activationSymmetric: pick('activation-symmetric', base.activationSymmetric),
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
    reversePruning: part(base.reversePruning, full.reversePruning!, 'reverse-pruning', {
      quantile: values['clip-quantile'],
      beta: values['clip-beta'],
      everyEpochs: values['clip-every'],
      until: values['clip-until'],
      granularity: values['clip-granularity'],
      exclude,
    }),
    gainTrimming: part(base.gainTrimming, full.gainTrimming!, 'gain-trimming', { ratio: values['gain-ratio'] }),
    exportClips: pick('export-clips', base.exportClips),
    batchNormBatches: pick('batch-norm-batches', base.batchNormBatches),
  }
}

function excludeFrom(text: string): ('first' | 'last' | 'depthwise')[] {
  if (text === 'none') return []
  return text.split(',').map((name) => {
    if (name === 'first' || name === 'last' || name === 'depthwise') return name
    throw new UsageError(`--clip-exclude ${text}: wanted none, or a list of first, last, depthwise`)
  })
}
