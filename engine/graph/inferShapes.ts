import { ShapeError } from '../base/errors.ts'
import type { TensorSpec } from '../ops/op.ts'
import { ops } from '../ops/table.ts'
import { checkGraph } from './checkGraph.ts'
import type { Graph, GraphNode } from './graph.ts'
import { atNode, type OperatorTable, operatorOf } from './operator.ts'

/**
 * The specs of one node's outputs, as many as the node names (trailing outputs may be left out, as in ONNX). `specs`
 * holds those of its inputs. Throws `ShapeError`, prefixed with graph, node and operator.
 */
export function inferNode(
  graph: string,
  node: GraphNode<string>,
  specs: ReadonlyMap<string, TensorSpec>,
  operators: OperatorTable = ops,
): TensorSpec[] {
  const op = operatorOf(graph, node, operators)
  return atNode(graph, node, () => {
    const inputs = node.inputs.map((name) => (name === '' ? null : (specs.get(name) as TensorSpec)))
    const outputs = op.shape(inputs, node.attributes)
    if (node.outputs.length > outputs.length) {
      throw new ShapeError(`${node.outputs.length} outputs are named, the operator has ${outputs.length}`)
    }
    return outputs.slice(0, node.outputs.length)
  })
}

/**
 * The dtype and shape of every tensor of a graph by name: inputs, parameters and what the nodes produce, each by its
 * operator's own rule. Unknown dimensions (the batch) stay `null`. Throws `ShapeError` for the first node that does not
 * fit, and what `checkGraph` throws.
 */
export function inferShapes(graph: Graph<string>, operators: OperatorTable = ops): Map<string, TensorSpec> {
  checkGraph(graph, operators)
  const specs = new Map<string, TensorSpec>()
  for (const { name, dtype, shape } of graph.inputs) specs.set(name, { dtype, shape })
  for (const { name, dtype = 'float32', shape } of graph.parameters) specs.set(name, { dtype, shape })
  for (const node of graph.nodes) {
    const outputs = inferNode(graph.name, node, specs, operators)
    for (let i = 0; i < outputs.length; i++) specs.set(node.outputs[i], outputs[i])
  }
  return specs
}
