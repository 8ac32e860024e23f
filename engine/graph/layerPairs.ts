import { sizeOf } from '../base/shape.ts'
import { type FloatTensor, tensor } from '../core/tensor.ts'
import type { Graph, GraphNode, Parameters } from './graph.ts'
import { floatParameter } from './parameters.ts'
import { usesOf } from './uses.ts'

/** Operators that commute with a positive factor on a channel, so that it passes through them. */
const homogeneous = new Set([
  'AveragePool',
  'Flatten',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'LeakyRelu',
  'MaxPool',
  'Relu',
])

/** A layer: Conv or Gemm, whose weight and bias nobody else uses. */
export interface Layer {
  readonly node: GraphNode
  readonly weight: string
  readonly bias: string | null
  /** Output channels. */
  readonly outputs: number
  /** The output channel, and the input channel or feature, of a weight element. */
  readonly outputOf: (index: number) => number
  readonly inputOf: (index: number) => number
  readonly inputs: number
}

/**
 * Two layers of which the second alone reads what the first makes, with nothing in between but a batch norm directly behind
 * the first and operators that commute with positive factors: channel i of the first can be divided by s_i > 0 and the
 * weights of the second that read it multiplied by s_i without changing the function, in training as in inference.
 */
export interface LayerPair {
  readonly first: Layer
  /** The batch norm's parameters, which nobody else uses; null without one. */
  readonly norm: { readonly gain: string; readonly shift: string } | null
  readonly second: Layer
  /** The channel of the first that a weight element of the second reads. Behind a Flatten, each channel is a run of features. */
  readonly channelOf: (index: number) => number
}

/**
 * All pairs, in the order of the network; a layer may be the second of one and the first of another. Left out: tensors in
 * between with another use or that are graph outputs, parameters that are shared, and pairs around a Clip (ReLU6), whose
 * bounds would have to change with the channel.
 */
export function findLayerPairs(graph: Graph, parameters: Parameters): LayerPair[] {
  const uses = usesOf(graph)
  const layers = new Map<GraphNode, Layer>()
  for (const node of graph.nodes) {
    const layer = layerOf(node, parameters, uses)
    if (layer !== null) layers.set(node, layer)
  }
  const pairs: LayerPair[] = []
  for (const first of layers.values()) {
    let name = first.node.outputs[0]
    let norm: LayerPair['norm'] = null
    for (;;) {
      const readers = graph.nodes.filter((node) => node.inputs.includes(name))
      if (uses.get(name) !== 1 || readers.length !== 1) break
      const [reader] = readers
      const second = layers.get(reader)
      if (second !== undefined) {
        if (reader.inputs[0] === name && second.inputs % first.outputs === 0) {
          const features = second.inputs / first.outputs
          pairs.push({ first, norm, second, channelOf: (index) => Math.floor(second.inputOf(index) / features) })
        }
        break
      }
      const isFirstsNorm = reader.op === 'BatchNormalization' && name === first.node.outputs[0]
      if (isFirstsNorm) {
        const [, gain, shift] = reader.inputs
        if (![gain, shift].every((parameter) => parameters.has(parameter) && uses.get(parameter) === 1)) break
        norm = { gain, shift }
      } else if (!homogeneous.has(reader.op) || (reader.op === 'Flatten' && (reader.attributes.axis ?? 1) !== 1)) {
        break
      }
      name = reader.outputs[0]
    }
  }
  return pairs
}

/** What scales a channel of a pair's first layer, by channel: the batch norm's gain and shift, or the weight's rows and the bias. */
function scaledBy({ first, norm }: LayerPair): { name: string; channelOf: (index: number) => number }[] {
  const itself = (index: number): number => index
  if (norm !== null) return [norm.gain, norm.shift].map((name) => ({ name, channelOf: itself }))
  const weight = { name: first.weight, channelOf: first.outputOf }
  return first.bias === null ? [weight] : [weight, { name: first.bias, channelOf: itself }]
}

/** Copies in double of all parameters that rescaling these pairs changes. */
export function workingCopies(pairs: readonly LayerPair[], parameters: Parameters): Map<string, Float64Array> {
  const working = new Map<string, Float64Array>()
  for (const pair of pairs) {
    for (const name of [...scaledBy(pair).map((scaled) => scaled.name), pair.second.weight]) {
      if (!working.has(name)) working.set(name, Float64Array.from(floatParameter(parameters, name).data))
    }
  }
  return working
}

/**
 * Divides each channel of a pair's first layer by its factor, and multiplies the weights of the second that read it, in place.
 * Example: factors [2, 1], first's weights [4] and [1], second's [1, 4]: they become [2], [1] and [2, 4].
 */
export function rescalePair(pair: LayerPair, factors: ArrayLike<number>, working: Map<string, Float64Array>): void {
  for (const { name, channelOf } of scaledBy(pair)) {
    const values = working.get(name) as Float64Array
    for (let i = 0; i < values.length; i++) values[i] /= factors[channelOf(i)]
  }
  const weights = working.get(pair.second.weight) as Float64Array
  for (let i = 0; i < weights.length; i++) weights[i] *= factors[pair.channelOf(i)]
}

/** The parameters with the copies, each rounded once to float32, in place of what they were copied from. */
export function withCopies(parameters: Parameters, working: ReadonlyMap<string, Float64Array>): Parameters {
  const values: Parameters = new Map(parameters)
  for (const [name, data] of working) values.set(name, tensor(data, (parameters.get(name) as FloatTensor).shape))
  return values
}

/** The layer that a node is, or null where it is none or cannot be scaled. */
function layerOf(node: GraphNode, parameters: Parameters, uses: ReadonlyMap<string, number>): Layer | null {
  if (node.op !== 'Conv' && node.op !== 'Gemm') return null
  const [, weight, biasName = ''] = node.inputs
  const bias = biasName === '' ? null : biasName
  for (const name of bias === null ? [weight] : [weight, bias]) {
    if (!parameters.has(name) || uses.get(name) !== 1) return null
  }
  const { shape } = floatParameter(parameters, weight)
  const { transA = 0, transB = 0, group = 1 } = node.attributes as Record<string, number | undefined>
  if (node.op === 'Gemm' && transA !== 0) return null
  const rowsAreOutputs = node.op === 'Conv' || transB === 1
  const [rows, columns] = shape
  const inner = sizeOf(shape.slice(1))
  const outputs = rowsAreOutputs ? rows : columns
  if (bias !== null && floatParameter(parameters, bias).size !== outputs) return null
  if (!rowsAreOutputs) {
    const row = (index: number): number => Math.floor(index / columns)
    return { node, weight, bias, outputs, inputs: rows, outputOf: (index) => index % columns, inputOf: row }
  }
  const outputOf = (index: number): number => Math.floor(index / inner)
  const taps = inner / columns
  const perGroup = rows / group
  return {
    node,
    weight,
    bias,
    outputs,
    inputs: columns * group,
    outputOf,
    inputOf: (index) => Math.floor(outputOf(index) / perGroup) * columns + (Math.floor(index / taps) % columns),
  }
}
