import { formatShape, type SymbolicShape } from '../../../engine/base/shape.ts'
import type { Graph, GraphNode } from '../../../engine/graph/graph.ts'
import type { TensorSpec } from '../../../engine/ops/op.ts'

/** Why a node cannot be a step on real numbers, which sees a few images of a batch at a time; or null. */
export function floatObstacle(node: GraphNode, graph: Graph, specs: ReadonlyMap<string, TensorSpec>): string | null {
  const parameters = new Set(graph.parameters.map(({ name }) => name))
  const inputs = node.inputs.filter((name) => name !== '')
  const data = inputs.filter((name) => !parameters.has(name))
  if (node.op === 'SoftmaxCrossEntropyLoss' || node.op === 'MeanSquaredError') return 'it is for training'
  if (node.outputs.length > 1) return `it has ${node.outputs.length} outputs`
  if (data.length === 0) return 'all its inputs are constants'
  for (const name of [...inputs, ...node.outputs]) {
    const { dtype, shape } = specs.get(name) as TensorSpec
    if (dtype !== 'float32') return `'${name}' is ${dtype}`
    if (!parameters.has(name) && shape.slice(1).some((extent) => extent === null)) {
      return `'${name}' is ${formatShape(shape)}: only the batch may be unknown`
    }
  }
  const { shape } = specs.get(data[0]) as TensorSpec
  return mixesImages(node, shape, (specs.get(node.outputs[0]) as TensorSpec).shape)
}

/** Whether an operator touches dimension 0, as a reason; or null. */
function mixesImages({ op, attributes }: GraphNode, from: SymbolicShape, to: SymbolicShape): string | null {
  const first = (axis: unknown): boolean => axis === 0 || axis === -from.length
  if (from.length === 0 || to.length === 0 || from[0] !== to[0]) return 'it changes the batch'
  const usual = op === 'Gather' || op === 'Split' ? 0 : undefined
  if (first(attributes.axis ?? usual) || (op === 'Flatten' && (attributes.axis ?? 1) !== 1)) return 'it mixes the batch'
  const axes = attributes.axes as readonly number[] | undefined
  if (axes?.some(first) || (axes === undefined && op.startsWith('Reduce'))) return 'it mixes the batch'
  const perm = attributes.perm as readonly number[] | undefined
  if (op === 'Transpose' && perm?.[0] !== 0) return 'it moves the batch'
  const pads = attributes.pads as readonly number[] | undefined
  if (op === 'Pad' && pads !== undefined && (pads[0] !== 0 || pads[from.length] !== 0)) return 'it pads the batch'
  if (op === 'Reshape') {
    const size = (shape: SymbolicShape): number => shape.slice(1).reduce<number>((a, b) => a * (b ?? 0), 1)
    if (size(from) !== size(to)) return 'it changes the batch'
  }
  return null
}
