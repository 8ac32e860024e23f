/** The models that come with the library, by name. */

import { UsageError } from '../../engine/base/errors.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import { lenet } from './lenet.ts'
import { mlp } from './mlp.ts'
import { mobilenet } from './mobilenet.ts'
import type { ClassifierOptions } from './options.ts'
import { resnet } from './resnet.ts'

export { lenet } from './lenet.ts'
export { type MlpOptions, mlp } from './mlp.ts'
export { type MobilenetOptions, mobilenet } from './mobilenet.ts'
export type { ClassifierOptions } from './options.ts'
export { type ResnetOptions, resnet } from './resnet.ts'

/** One option of a model, beside `input` and `classes`, which all have. */
export interface ModelOption {
  readonly name: string
  readonly type: 'integer' | 'integers' | 'number' | 'boolean'
  /** What it is without being given. */
  readonly default: number | boolean | readonly number[]
  readonly description: string
}

/** A model as a command line presents it. */
export interface ModelDescription {
  readonly title: string
  readonly options: readonly ModelOption[]
}

/** An entry of the zoo. `build` checks the values of its options; `buildModel` has checked their names. */
interface Model extends ModelDescription {
  build(options: ClassifierOptions): Graph
}

const models = {
  mlp: {
    title: 'multi-layer perceptron: linear layers and ReLU',
    options: [{ name: 'hidden', type: 'integers', default: [128, 64], description: 'widths of the hidden layers' }],
    build: mlp,
  },
  lenet: {
    title: 'LeNet-5 with ReLU and max pooling, for pictures from 12x12',
    options: [],
    build: lenet,
  },
  resnet: {
    title: 'residual network for small pictures, with batch norm',
    options: [
      { name: 'depth', type: 'integer', default: 20, description: 'weighted layers: 6n + 2' },
      { name: 'width', type: 'integer', default: 16, description: 'channels of the first stage' },
    ],
    build: resnet,
  },
  mobilenet: {
    title: 'MobileNet v2 cut down for small pictures: depthwise convolutions, linear bottlenecks',
    options: [
      { name: 'width', type: 'number', default: 1, description: 'factor on all channel counts, rounded to 8' },
      { name: 'relu6', type: 'boolean', default: true, description: 'clip activations at 6' },
    ],
    build: mobilenet,
  },
} as const satisfies Record<string, Model>

/** The name of a model of the zoo. */
export type ModelName = keyof typeof models

/** The names that `buildModel` knows. */
export const modelNames = Object.keys(models) as readonly ModelName[]

/** What a model is and which options it takes. Throws `UsageError`, listing the names there are, for another name. */
export function describeModel(name: string): ModelDescription {
  const { title, options } = findModel(name)
  return { title, options }
}

/**
 * Builds a model by name: `buildModel('resnet', { input: [3, 32, 32], classes: 10, depth: 14 })`. Throws `UsageError`
 * for an unknown model or option, listing those there are, and for values out of range.
 */
export function buildModel(name: string, options: ClassifierOptions & Readonly<Record<string, unknown>>): Graph {
  const model = findModel(name)
  const known = ['input', 'classes', ...model.options.map((option) => option.name)]
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new UsageError(`model ${name}: there is no option '${key}'; there are ${known.join(', ')}`)
    }
  }
  return model.build(options)
}

function findModel(name: string): Model {
  if (!Object.hasOwn(models, name)) {
    throw new UsageError(`there is no model '${name}'; there are ${modelNames.join(', ')}`)
  }
  return models[name as ModelName]
}
