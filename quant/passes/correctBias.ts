import { UsageError } from '../../engine/base/errors.ts'
import { sizeOf } from '../../engine/base/shape.ts'
import { scope } from '../../engine/core/context.ts'
import { noGrad } from '../../engine/core/tape.ts'
import { type FloatTensor, type Tensor, tensor } from '../../engine/core/tensor.ts'
import type { Graph, GraphNode, Parameters } from '../../engine/graph/graph.ts'
import { runGraph, type Tap } from '../../engine/graph/interpreter.ts'
import { checkParameters, floatParameter } from '../../engine/graph/parameters.ts'
import { usesOf } from '../../engine/graph/uses.ts'
import type { RewrittenModel } from './model.ts'

/** What biases are corrected for, and on what. */
export interface CorrectBiasOptions {
  /** Batches of calibration images. */
  readonly batches: readonly FloatTensor[]
  /** The quantised model: see `quantisedTap`. */
  readonly tap: Tap
  /** Sweeps over all layers (TIDL: up to 50). Default 1. */
  readonly iterations?: number
}

/**
 * Bias correction (Nagel et al., arXiv 1906.04721, section 4.2, in its empirical form): quantising weights shifts the
 * mean of a layer's output, and the bias takes the shift back,
 *
 *     b_c <- b_c + mean(float output of channel c) - mean(quantised output of channel c),
 *
 * means over all calibration images and positions, before the activation function. Layers are corrected in the order of
 * the network, each seen with all earlier layers quantised and corrected (as in AMD's Vitis and NNCF); `iterations`
 * repeats the sweep, which a single one leaves little to do unless activations are quantised too. The layers are Conv,
 * ConvTranspose and Gemm with a bias of one value a channel that nobody else uses; others, layers without bias among
 * them, stay. Means are in double, ascending over the batches and within them, each bias is rounded once to f32.
 * Neither argument is modified; the graph stays the same.
 *
 * Example: a weight 0.6 quantised to 1, on inputs of mean 2: the outputs are 0.8 too high, and so b <- b - 0.8.
 * Throws `UsageError` without images or for options out of range, and what `runGraph` throws.
 */
export function correctBias(graph: Graph, parameters: Parameters, options: CorrectBiasOptions): RewrittenModel {
  const { batches, tap, iterations = 1 } = options
  if (!batches.some((batch) => batch.size > 0)) {
    throw new UsageError('correctBias: there are no calibration images; pass at least one batch of training images')
  }
  if (!Number.isInteger(iterations) || iterations < 1) {
    throw new UsageError(`correctBias: ${iterations} iterations; wanted an integer from 1 on`)
  }
  checkParameters(graph, parameters)
  const layers = correctableLayers(graph, parameters)
  const wanted = channelMeans(graph, parameters, batches, {}, new Set(layers.map(({ outputs }) => outputs[0])))
  const values: Parameters = new Map(parameters)
  const parts = new Map(layers.map((layer) => [layer, graphUpTo(graph, layer)]))
  for (let sweep = 0; sweep < iterations; sweep++) {
    for (const [layer, part] of parts) {
      const [name] = layer.outputs
      const needed: Parameters = new Map(part.parameters.map((spec) => [spec.name, values.get(spec.name) as Tensor]))
      const seen = channelMeans(part, needed, batches, tap, new Set([name])).get(name) as Float64Array
      const aim = wanted.get(name) as Float64Array
      const bias = floatParameter(values, layer.inputs[2])
      const corrected = Float64Array.from(bias.data, (b, c) => b + (aim[c] - seen[c]))
      values.set(layer.inputs[2], tensor(corrected, bias.shape))
    }
  }
  return { graph, parameters: values }
}

/** The layers whose bias can be corrected, in the order of the network. */
function correctableLayers(graph: Graph, parameters: Parameters): GraphNode[] {
  const uses = usesOf(graph)
  return graph.nodes.filter(({ op, inputs, attributes }) => {
    if (op !== 'Conv' && op !== 'ConvTranspose' && op !== 'Gemm') return false
    const [, weight, bias = ''] = inputs
    if (!parameters.has(weight) || !parameters.has(bias) || uses.get(bias) !== 1) return false
    const { shape } = floatParameter(parameters, weight)
    const { group = 1, transB = 0, beta = 1 } = attributes as Record<string, number | undefined>
    const channels =
      op === 'Conv' ? shape[0] : op === 'ConvTranspose' ? shape[1] * group : transB === 1 ? shape[0] : shape[1]
    const fits = floatParameter(parameters, bias).shape
    return beta === 1 && fits.length === 1 && fits[0] === channels
  })
}

/** The part of a graph that one node's output is computed with. */
function graphUpTo(graph: Graph, last: GraphNode): Graph {
  const wanted = new Set(last.outputs)
  const nodes: GraphNode[] = []
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => wanted.has(name))) continue
    nodes.unshift(node)
    for (const name of node.inputs) wanted.add(name)
  }
  return {
    ...graph,
    outputs: [last.outputs[0]],
    nodes,
    parameters: graph.parameters.filter(({ name }) => wanted.has(name)),
  }
}

/** The mean of each channel (dimension 1) of the watched tensors over all batches, before the tap changes them. */
function channelMeans(
  graph: Graph,
  parameters: Parameters,
  batches: readonly FloatTensor[],
  tap: Tap,
  watched: ReadonlySet<string>,
): Map<string, Float64Array> {
  const sums = new Map<string, Float64Array>()
  const counts = new Map<string, number>()
  const value = (name: string, x: FloatTensor): FloatTensor => {
    if (watched.has(name)) {
      const channels = x.shape[1]
      const sum = sums.get(name) ?? new Float64Array(channels)
      addChannels(x, sum)
      sums.set(name, sum)
      counts.set(name, (counts.get(name) ?? 0) + x.size / channels)
    }
    return tap.value?.(name, x) ?? x
  }
  for (const batch of batches) {
    if (batch.size === 0) continue
    scope(() => {
      noGrad(() => runGraph(graph, parameters, { [graph.inputs[0].name]: batch }, { tap: { ...tap, value } }))
    })
  }
  for (const [name, sum] of sums) for (let c = 0; c < sum.length; c++) sum[c] /= counts.get(name) as number
  return sums
}

/** sum[c] += the sum over channel c of x [N, C, ...], ascending. */
function addChannels({ data, shape }: FloatTensor, sum: Float64Array): void {
  const channels = sum.length
  const inner = sizeOf(shape.slice(2))
  for (let start = 0, c = 0; start < data.length; start += inner, c = (c + 1) % channels) {
    let s = sum[c]
    for (let i = start; i < start + inner; i++) s += data[i]
    sum[c] = s
  }
}
