import { UnsupportedError, UsageError } from '../../engine/base/errors.ts'
import { scope } from '../../engine/core/context.ts'
import { noGrad } from '../../engine/core/tape.ts'
import type { FloatTensor } from '../../engine/core/tensor.ts'
import type { Graph, GraphNode, Parameters } from '../../engine/graph/graph.ts'
import { runGraph } from '../../engine/graph/interpreter.ts'
import { floatParameter } from '../../engine/graph/parameters.ts'
import { quantileOf } from '../affine/quantile.ts'
import type { ValueRange } from '../affine/quantiser.ts'

/** Batches that the export step centres logits over where it re-estimates no batch norm. */
export const defaultLogitBatches = 32

/**
 * The layer that a classifier's logits come from: the Gemm or Conv with a bias of its own that makes the graph's first output.
 * Throws `UnsupportedError` where something else makes it.
 */
function logitLayer(graph: Graph): GraphNode {
  const [output] = graph.outputs
  const layer = graph.nodes.find(({ outputs }) => outputs.includes(output))
  const bias = layer?.inputs[2] ?? ''
  const uses = graph.nodes.flatMap(({ inputs }) => inputs).filter((name) => name === bias).length
  const isParameter = graph.parameters.some(({ name }) => name === bias)
  const { beta = 1 } = (layer?.attributes ?? {}) as { beta?: number }
  if (layer !== undefined && (layer.op === 'Gemm' || layer.op === 'Conv') && isParameter && uses === 1 && beta === 1) {
    return layer
  }
  throw new UnsupportedError(
    `centred logits: '${output}' comes from ${layer?.op ?? 'an input'}; wanted a Gemm or Conv with a bias of its own`,
  )
}

/** Throws `UnsupportedError` unless the graph's logits can be centred: before a training, not after it. */
export function checkLogits(graph: Graph): void {
  logitLayer(graph)
}

/**
 * Shifts the logits so that symmetric codes serve them on both sides, and returns the range that they keep (ours). With lo the
 * median and hi the maximum of the float logits over `batches`, and c = f32((lo + hi) / 2):
 *
 *     bias <- f32(bias - c)  in place     range = [f32(lo - c), f32(hi - c)]
 *
 * A shift of all logits changes neither the largest nor any softmax; a clip at the median evens out what cannot win. Logits grow
 * skewed (most are far below 0), and few symmetric codes are then left above 0, where the largest are compared: at 4 bits
 * logits in [-10, 4] have 3 codes above 0, spaced 1.4. Example: one batch with logits [-10, -4, -2, 4]: lo = -3, hi = 4,
 * c = 0.5, range [-3.5, 3.5], codes spaced 0.5 at 4 bits.
 * Throws `UsageError` without batches, `UnsupportedError` as `checkLogits` does.
 */
export function centreLogits(graph: Graph, parameters: Parameters, batches: Iterable<FloatTensor>): ValueRange {
  const layer = logitLayer(graph)
  const [input] = graph.inputs
  const [output] = graph.outputs
  const seen: number[] = []
  for (const images of batches) {
    scope(() => {
      for (const logit of noGrad(() => runGraph(graph, parameters, { [input.name]: images }))[output].data)
        seen.push(logit)
    })
  }
  if (seen.length === 0) throw new UsageError('centred logits: no images; there must be at least one batch')
  const logits = Float32Array.from(seen)
  const hi = quantileOf(logits, 1)
  const lo = quantileOf(logits, 0.5)
  const centre = Math.fround((lo + hi) / 2)
  const bias = floatParameter(parameters, layer.inputs[2])
  for (let k = 0; k < bias.data.length; k++) bias.data[k] -= centre
  return { lo: Math.fround(lo - centre), hi: Math.fround(hi - centre) }
}

/**
 * The graph with its logits clipped to a range by an ordinary ONNX Clip node, under the name that they had. Example: range
 * [-3.5, 3.5]: what made 'logits' makes 'logits.unclipped', and Clip(-3.5, 3.5) makes 'logits'.
 */
export function clipLogits(graph: Graph, { lo, hi }: ValueRange): Graph {
  const [output] = graph.outputs
  const unclipped = `${output}.unclipped`
  const rename = (name: string): string => (name === output ? unclipped : name)
  const nodes = graph.nodes.map((node) => ({ ...node, outputs: node.outputs.map(rename) }))
  const clip = {
    name: `${output}.clip`,
    op: 'Clip',
    inputs: [unclipped],
    outputs: [output],
    attributes: { min: Math.fround(lo), max: Math.fround(hi) },
  } as const
  return { ...graph, nodes: [...nodes, clip] }
}
