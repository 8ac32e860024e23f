import { NumericError } from '../base/errors.ts'
import { type Shape, sizeOf } from '../base/shape.ts'
import { zeros } from '../core/tensor.ts'
import type { Graph, GraphNode, Parameters } from './graph.ts'
import { inferShapes } from './inferShapes.ts'
import { locate } from './operator.ts'
import { checkParameters, floatParameter } from './parameters.ts'

/** A batch norm in evaluation: y = (x - mean) * factor + offset for each channel. */
interface Affine {
  readonly factor: Float64Array
  readonly mean: Float32Array
  readonly offset: Float32Array
}

/** The graph being rewritten: nodes in order, with the parameters' values. */
interface Draft {
  readonly graph: Graph
  readonly nodes: GraphNode[]
  readonly values: Parameters
}

/**
 * Folds each BatchNormalization into the Conv, ConvTranspose or Gemm before it. With
 *
 *     k[c] = scale[c] / sqrt(variance[c] + epsilon)
 *     weight'[c, ...] = weight[c, ...] * k[c]
 *     bias'[c] = B[c] + (bias[c] - mean[c]) * k[c]        (bias = 0 where the layer has none)
 *
 * computed in double and rounded once to f32, the layer computes what both did in evaluation, up to that rounding. The
 * layer keeps its name and takes over the name of the batch norm's output; batch norm and its parameters disappear, and
 * a layer without bias gets one, named after its weight (`conv1.weight`, `conv1.bias`).
 *
 * A batch norm stays where folding would change something else: the layer's output has another use or is a graph
 * output, its weight or bias is shared or not a parameter, the statistics are computed, or a Gemm's C is not one value
 * a column with beta 1. Neither argument is modified, and untouched parameters are shared with the result. Throws
 * `NumericError` where variance + epsilon is not positive, and what `inferShapes` and `checkParameters` throw.
 */
export function foldBatchNorm(graph: Graph, parameters: Parameters): { graph: Graph; parameters: Parameters } {
  inferShapes(graph)
  checkParameters(graph, parameters)
  const draft: Draft = { graph, nodes: [...graph.nodes], values: new Map(parameters) }
  const folded = graph.nodes.filter((node) => node.op === 'BatchNormalization' && fold(draft, node))

  const used = new Set(draft.nodes.flatMap((node) => node.inputs))
  const disused = new Set(folded.flatMap((node) => node.inputs.slice(1)).filter((name) => !used.has(name)))
  const specs = graph.parameters.filter((spec) => !disused.has(spec.name))
  for (const name of disused) draft.values.delete(name)
  for (const [name, value] of draft.values) {
    if (parameters.has(name)) continue
    specs.push({ name, shape: value.shape, trainable: true, initialiser: { kind: 'constant', value: 0 } })
  }
  return { graph: { ...graph, nodes: draft.nodes, parameters: specs }, parameters: draft.values }
}

/** Folds one batch norm into its producer, if it can be. Returns whether it was. */
function fold(draft: Draft, norm: GraphNode): boolean {
  const { graph, nodes, values } = draft
  const index = nodes.findIndex((node) => node.outputs.length === 1 && node.outputs[0] === norm.inputs[0])
  const layer = nodes[index]
  if (layer === undefined || norm.outputs.length !== 1 || graph.outputs.includes(norm.inputs[0])) return false
  const uses = (name: string): number => nodes.flatMap((node) => node.inputs).filter((input) => input === name).length
  const mine = (name: string): boolean => values.has(name) && uses(name) === 1
  const [, weightName, biasName = ''] = layer.inputs
  if (uses(norm.inputs[0]) !== 1 || !norm.inputs.slice(1).every((name) => values.has(name))) return false
  if (!mine(weightName) || (biasName !== '' && !mine(biasName))) return false

  const weight = floatParameter(values, weightName)
  const bias = biasName === '' ? null : floatParameter(values, biasName)
  const affine = affineOf(graph, norm, values)
  const channels = affine.factor.length
  const channelOf = channelMap(layer, weight.shape)
  if (channelOf === null || (bias !== null && (bias.shape.length !== 1 || bias.size !== channels))) return false
  if (layer.op === 'Gemm' && bias !== null && (layer.attributes.beta ?? 1) !== 1) return false

  const newWeight = zeros(weight.shape)
  for (let i = 0; i < weight.size; i++) newWeight.data[i] = weight.data[i] * affine.factor[channelOf(i)]
  const newBias = zeros([channels])
  for (let c = 0; c < channels; c++) {
    newBias.data[c] = affine.offset[c] + ((bias?.data[c] ?? 0) - affine.mean[c]) * affine.factor[c]
  }

  const newBiasName = biasName === '' ? unusedBiasName(draft, weightName) : biasName
  values.set(weightName, newWeight)
  values.set(newBiasName, newBias)
  nodes[index] = { ...layer, inputs: [layer.inputs[0], weightName, newBiasName], outputs: norm.outputs }
  nodes.splice(nodes.indexOf(norm), 1)
  return true
}

/** What a batch norm does to each channel in evaluation. */
function affineOf(graph: Graph, norm: GraphNode, values: Parameters): Affine {
  const [scale, offset, mean, variance] = norm.inputs.slice(1).map((name) => floatParameter(values, name).data)
  const epsilon = Number(norm.attributes.epsilon ?? 1e-5)
  const factor = new Float64Array(scale.length)
  for (let c = 0; c < scale.length; c++) {
    const spread = variance[c] + epsilon
    if (!(spread > 0)) {
      throw new NumericError(
        `${locate(graph.name, norm)}: folding channel ${c}: variance ${variance[c]} + epsilon ${epsilon} must be positive`,
      )
    }
    factor[c] = scale[c] / Math.sqrt(spread)
  }
  return { factor, mean, offset }
}

/** From the index of a weight element to its output channel; null for an operator that batch norm cannot fold into. */
function channelMap(layer: GraphNode, shape: Shape): ((index: number) => number) | null {
  const inner = sizeOf(shape.slice(1))
  switch (layer.op) {
    case 'Conv':
      return (index) => Math.floor(index / inner)
    case 'ConvTranspose': {
      // [Cin, Cout / groups, kh, kw]: consecutive input channels belong to one group.
      const [inputs, perGroup, ...kernel] = shape
      const inputsPerGroup = inputs / Number(layer.attributes.group ?? 1)
      const taps = sizeOf(kernel)
      return (index) =>
        Math.floor(Math.floor(index / inner) / inputsPerGroup) * perGroup + (Math.floor(index / taps) % perGroup)
    }
    case 'Gemm':
      return layer.attributes.transB ? (index) => Math.floor(index / inner) : (index) => index % inner
    default:
      return null
  }
}

/** `conv1.bias` for `conv1.weight`; with a number behind it should that be taken. */
function unusedBiasName({ graph, values }: Draft, weightName: string): string {
  const wanted = `${weightName.replace(/\.weight$/, '')}.bias`
  const taken = new Set([...values.keys(), ...graph.inputs.map(({ name }) => name)])
  for (const node of graph.nodes) for (const name of node.outputs) taken.add(name)
  let name = wanted
  for (let number = 1; taken.has(name); number++) name = wanted + number
  return name
}
