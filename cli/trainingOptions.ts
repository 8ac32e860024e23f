import { basename } from 'node:path'
import { UsageError } from '../engine/base/errors.ts'
import { describeModel, modelNames } from '../models/zoo/index.ts'
import { checkImbalance, type ImbalanceOptions } from '../quant/passes/injectImbalance.ts'
import { methodOptions, methods } from '../quant/trim/methods.ts'
import { changedMethod } from './methodOptions.ts'
import { isModelFile } from './modelFile.ts'
import { numberOf, type OptionSpecs, type ParsedOptions, textOf } from './options.ts'
import type { TrainingConfig } from './trainingConfig.ts'

/** The options of a training run, beside those of the method. */
export const runOptions: OptionSpecs = {
  model: {
    type: 'string',
    required: true,
    description: `model of the zoo (${modelNames.join(', ')}), or FILE.onnx to go on from its weights`,
  },
  from: { type: 'string', value: 'RUN', description: 'begin with the weights of another run of the same model' },
  'inject-imbalance': {
    type: 'number',
    minimum: 0,
    maximum: 1,
    value: 'FRACTION',
    description: 'with --from: rescale this share of the channels, keeping the function: a fragile net',
  },
  'imbalance-range': { type: 'string', value: 'N,N', description: 'least and greatest factor of it', usual: '2,12' },
  'imbalance-seed': { type: 'integer', minimum: 0, description: 'of its channels and factors', usual: "the run's" },
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
  'hold-out': {
    type: 'integer',
    minimum: 1,
    description: 'set the last N of them aside and measure on these, not on the test images',
  },
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

/** The run that a command line asks for. Throws `UsageError` for options that do not go together. */
export function configFrom({ values, given }: ParsedOptions): TrainingConfig {
  const data = textOf(values, 'data')
  const optimiser = textOf(values, 'optimiser') as TrainingConfig['optimiser']
  const augment = textOf(values, 'augment')
  const method = textOf(values, 'method')
  return {
    model: basename(textOf(values, 'model')),
    imbalance: imbalanceFrom(values, given),
    modelOptions: modelOptionsFrom(values, given),
    data,
    limit: (values.limit as number | undefined) ?? null,
    holdOut: (values['hold-out'] as number | undefined) ?? null,
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

/** What --inject-imbalance asks for; null without it. */
function imbalanceFrom(values: ParsedOptions['values'], given: ReadonlySet<string>): ImbalanceOptions | null {
  if (!given.has('inject-imbalance')) {
    const stray = ['imbalance-range', 'imbalance-seed'].find((name) => given.has(name))
    if (stray !== undefined) throw new UsageError(`--${stray}: says how, but --inject-imbalance is missing`)
    return null
  }
  if (values.from === undefined && !isModelFile(textOf(values, 'model'))) {
    throw new UsageError('--inject-imbalance: is done to trained weights; say which with --from')
  }
  const range = (values['imbalance-range'] as string | undefined) ?? '2,12'
  const factors = range.split(',').map(Number)
  if (factors.length !== 2) throw new UsageError(`--imbalance-range ${range}: wanted two numbers, for example 2,12`)
  const [least, greatest] = factors
  const seed = (values['imbalance-seed'] as number | undefined) ?? numberOf(values, 'seed')
  const options = { fraction: numberOf(values, 'inject-imbalance'), least, greatest, seed }
  checkImbalance(options)
  return options
}

/** The options that are the model's own, each of some models only. */
export const modelOptionNames: readonly string[] = ['depth', 'width', 'hidden', 'relu6']

/** The model's own options that were given; one that the model does not have is a `UsageError`. */
function modelOptionsFrom(values: ParsedOptions['values'], given: ReadonlySet<string>): Record<string, unknown> {
  const model = textOf(values, 'model')
  if (!isModelFile(model) && !(modelNames as readonly string[]).includes(model)) {
    throw new UsageError(`--model ${model}: wanted one of ${modelNames.join(', ')}, or FILE.onnx`)
  }
  const known = isModelFile(model) ? [] : describeModel(model).options.map(({ name }) => name)
  const chosen: Record<string, unknown> = {}
  for (const name of modelOptionNames) {
    if (!given.has(name)) continue
    if (!known.includes(name)) {
      throw new UsageError(`--${name}: model ${model} has no such option; it has ${known.join(', ') || 'none'}`)
    }
    chosen[name] = name === 'hidden' ? textOf(values, name).split(',').map(Number) : values[name]
  }
  return chosen
}
