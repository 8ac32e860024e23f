import { scope } from '../../engine/core/context.ts'
import { noGrad } from '../../engine/core/tape.ts'
import type { FloatTensor } from '../../engine/core/tensor.ts'
import type { Graph, GraphNode, Parameters } from '../../engine/graph/graph.ts'
import { runGraph, type Tap } from '../../engine/graph/interpreter.ts'
import { floatParameter } from '../../engine/graph/parameters.ts'
import { quantisationPoints } from '../affine/points.ts'
import { dequantise, quantise } from '../affine/quantise.ts'
import type { ValueRange } from '../affine/quantiser.ts'
import type { Scheme } from '../affine/scheme.ts'
import { weightQuantiser } from '../affine/weightQuantiser.ts'

/**
 * Re-estimates every batch norm's running mean and variance in place: the plain average over `batches`, run in training
 * mode, in float or with what `tap` does to batch k. (Statistics gathered while lambda ramped belong to a network that no
 * longer exists.) Batch k is weighted in with momentum k / (k + 1), so the first one replaces what was there. Example: batch
 * means 2 and 4 give a running mean of 3. No batch leaves the statistics as they are.
 */
export function reestimateBatchNorm(
  graph: Graph,
  parameters: Parameters,
  batches: Iterable<FloatTensor>,
  tap: (k: number) => Tap = () => ({}),
): void {
  const [input] = graph.inputs
  let k = 0
  for (const images of batches) {
    const momentum = k / (k + 1)
    const nodes = graph.nodes.map((node) =>
      node.op === 'BatchNormalization' ? { ...node, attributes: { ...node.attributes, momentum } } : node,
    )
    scope(() => {
      const options = { training: true, tap: tap(k) }
      noGrad(() => runGraph({ ...graph, nodes }, parameters, { [input.name]: images }, options))
    })
    k++
  }
}

/**
 * Rounds every weight that a back end would quantise to its codes under `scheme`, in place: w <- s code, each scale from the
 * weight as it is (per channel where the scheme says so). What a compiler rounds then is rounded already wherever its scales are
 * these. Example: [1, 0.4] with 3-bit narrow codes: s = 1/3, [1, 1/3].
 */
export function snapWeights(graph: Graph, parameters: Parameters, scheme: Scheme): void {
  for (const { parameter, axis } of quantisationPoints(graph).weights) {
    const { data, shape } = floatParameter(parameters, parameter)
    const quantiser = weightQuantiser(data, shape, scheme, { axis })
    data.set(dequantise(quantise(data, shape, quantiser), shape, quantiser))
  }
}

/**
 * The graph with each named tensor clipped to its learned range by an ordinary ONNX Clip node, which every compiler can
 * read: plain ONNX, no vendor-specific edit. Consumers read the clipped tensor. A graph input or output keeps its name
 * and is left alone; so is a name that the graph does not have. Example: range [-0.1, 6.2] of tensor 'relu1' adds
 * Clip(min = -0.1, max = 6.2) after it.
 */
export function insertClips(graph: Graph, ranges: ReadonlyMap<string, ValueRange>): Graph {
  const outputs = new Set(graph.outputs)
  const clipped = new Map<string, string>()
  const nodes: GraphNode[] = []
  for (const node of graph.nodes) {
    nodes.push({ ...node, inputs: node.inputs.map((name) => clipped.get(name) ?? name) })
    for (const name of node.outputs) {
      const range = ranges.get(name)
      if (range === undefined || outputs.has(name)) continue
      const output = `${name}.clipped`
      nodes.push({
        name: `${name}.clip`,
        op: 'Clip',
        inputs: [name],
        outputs: [output],
        attributes: { min: Math.fround(range.lo), max: Math.fround(range.hi) },
      })
      clipped.set(name, output)
    }
  }
  return { ...graph, nodes }
}
