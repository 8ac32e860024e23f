import { UsageError } from '../../engine/base/errors.ts'
import { type Shape, sizeOf } from '../../engine/base/shape.ts'
import { type FloatTensor, tensor } from '../../engine/core/tensor.ts'
import type { Graph, GraphNode, Parameters } from '../../engine/graph/graph.ts'
import { checkParameters, floatParameter } from '../../engine/graph/parameters.ts'
import { usesOf } from '../../engine/graph/uses.ts'
import type { RewrittenModel } from './model.ts'

/** When equalisation ends. */
export interface EqualiseOptions {
  /** It stops once a sweep over all pairs changes no channel by more than this factor minus 1. Default 0.001. */
  readonly tolerance?: number
  /** Sweeps at most. Default 40. */
  readonly iterations?: number
}

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
interface Layer {
  readonly node: GraphNode
  readonly weight: string
  readonly bias: string | null
  readonly shape: Shape
  /** Output channels. */
  readonly outputs: number
  /** The output channel, and the input channel or feature, of a weight element. */
  readonly outputOf: (index: number) => number
  readonly inputOf: (index: number) => number
  readonly inputs: number
}

/** Two layers between which only homogeneous operators lie. */
interface Pair {
  readonly first: Layer
  readonly second: Layer
}

/**
 * Cross-layer equalisation (Nagel et al., arXiv 1906.04721, section 4.1). Where one layer feeds another through
 * operators that commute with positive factors (Relu, LeakyRelu, pooling, Flatten, or none), channel i of the first can
 * be divided by s_i > 0 and the weights of the second that read it multiplied by s_i without changing the function:
 *
 *     r1_i = max |first's weights of output channel i|     r2_i = max |second's weights of input channel i|
 *     s_i = sqrt(r1_i / r2_i)     both ranges become sqrt(r1_i r2_i), biases of the first b_i / s_i
 *
 * Pairs are taken in the order of the network, again and again, until a sweep changes nothing by more than the
 * tolerance: a depthwise convolution in the middle is the second of one pair and the first of the next. Products are in
 * double, each weight is rounded once at the end, so that outputs change by rounding only. Channels whose r1_i or r2_i
 * is 0 stay as they are.
 *
 * Skipped: tensors in between with another use or that are graph outputs, weights or biases that are shared, and pairs
 * around a Clip (ReLU6), whose bounds would have to change with the channel. Neither argument is modified; the graph
 * stays the same.
 *
 * Example: first weights [4] and [1] of two channels, second [1, 4]: s = [2, 0.5], both become [2, 2] and [2, 2].
 * Throws `UsageError` for options out of range and what `checkParameters` throws.
 */
export function equalise(graph: Graph, parameters: Parameters, options: EqualiseOptions = {}): RewrittenModel {
  const { tolerance = 1e-3, iterations = 40 } = options
  if (!(tolerance >= 0)) throw new UsageError(`equalise: tolerance ${tolerance}; wanted a number from 0 on`)
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new UsageError(`equalise: ${iterations} iterations; wanted an integer from 1 on`)
  }
  checkParameters(graph, parameters)
  const pairs = findPairs(graph, parameters)
  const working = new Map<string, Float64Array>()
  for (const { weight, bias } of pairs.flatMap(({ first, second }) => [first, second])) {
    for (const name of bias === null ? [weight] : [weight, bias]) {
      if (!working.has(name)) working.set(name, Float64Array.from(floatParameter(parameters, name).data))
    }
  }
  for (let sweep = 0; sweep < iterations; sweep++) {
    let change = 0
    for (const pair of pairs) change = Math.max(change, equalisePair(pair, working))
    if (change <= tolerance) break
  }
  const values: Parameters = new Map(parameters)
  for (const [name, data] of working) values.set(name, tensor(data, (parameters.get(name) as FloatTensor).shape))
  return { graph, parameters: values }
}

/** Equalises one pair in place. Returns the greatest max(s, 1 / s) - 1. */
function equalisePair({ first, second }: Pair, working: Map<string, Float64Array>): number {
  const weights1 = working.get(first.weight) as Float64Array
  const weights2 = working.get(second.weight) as Float64Array
  // Behind a Flatten, each channel is a run of features.
  const features = second.inputs / first.outputs
  const channelOf = (index: number): number => Math.floor(second.inputOf(index) / features)
  const range1 = largest(weights1, first.outputs, first.outputOf)
  const range2 = largest(weights2, first.outputs, channelOf)
  let change = 0
  const factor = range1.map((r, i) => {
    if (r === 0 || range2[i] === 0) return 1
    const s = Math.sqrt(r / range2[i])
    change = Math.max(change, s - 1, 1 / s - 1)
    return s
  })
  for (let i = 0; i < weights1.length; i++) weights1[i] /= factor[first.outputOf(i)]
  for (let i = 0; i < weights2.length; i++) weights2[i] *= factor[channelOf(i)]
  const bias = first.bias === null ? undefined : working.get(first.bias)
  if (bias !== undefined) for (let c = 0; c < bias.length; c++) bias[c] /= factor[c]
  return change
}

/** The largest magnitude in each channel. */
function largest(weights: Float64Array, channels: number, channelOf: (index: number) => number): Float64Array {
  const found = new Float64Array(channels)
  for (let i = 0; i < weights.length; i++) found[channelOf(i)] = Math.max(found[channelOf(i)], Math.abs(weights[i]))
  return found
}

/** All pairs, in the order of the network. */
function findPairs(graph: Graph, parameters: Parameters): Pair[] {
  const uses = usesOf(graph)
  const layers = new Map<GraphNode, Layer>()
  for (const node of graph.nodes) {
    const layer = layerOf(node, parameters, uses)
    if (layer !== null) layers.set(node, layer)
  }
  const pairs: Pair[] = []
  for (const first of layers.values()) {
    let name = first.node.outputs[0]
    for (;;) {
      const readers = graph.nodes.filter((node) => node.inputs.includes(name))
      if (uses.get(name) !== 1 || readers.length !== 1) break
      const [reader] = readers
      const second = layers.get(reader)
      if (second !== undefined) {
        if (reader.inputs[0] === name && second.inputs % first.outputs === 0) pairs.push({ first, second })
        break
      }
      if (!homogeneous.has(reader.op) || (reader.op === 'Flatten' && (reader.attributes.axis ?? 1) !== 1)) break
      name = reader.outputs[0]
    }
  }
  return pairs
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
    return { node, weight, bias, shape, outputs, inputs: rows, outputOf: (index) => index % columns, inputOf: row }
  }
  const outputOf = (index: number): number => Math.floor(index / inner)
  const taps = inner / columns
  const perGroup = rows / group
  return {
    node,
    weight,
    bias,
    shape,
    outputs,
    inputs: columns * group,
    outputOf,
    inputOf: (index) => Math.floor(outputOf(index) / perGroup) * columns + (Math.floor(index / taps) % columns),
  }
}
