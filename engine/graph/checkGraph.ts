import { UsageError } from '../base/errors.ts'
import { ops } from '../ops/table.ts'
import type { Graph, ParameterSpec } from './graph.ts'
import { locate, type OperatorTable, operatorOf } from './operator.ts'

/**
 * Checks that a graph is well formed: operators exist, node and tensor names are unique, every input of a node exists
 * before it is used (so there is no cycle), every output of the graph is computed or fed, and what is not float32 is
 * neither trainable nor random. Shapes are `inferShapes`' business. Throws `UsageError`, or `UnsupportedError` for an
 * operator that the table lacks.
 */
export function checkGraph(graph: Graph<string>, operators: OperatorTable = ops): void {
  const where = `graph ${graph.name}`
  const defined = new Map<string, string>()
  const define = (name: string, by: string): void => {
    if (name === '') throw new UsageError(`${where}: ${by} has an empty name`)
    const before = defined.get(name)
    if (before !== undefined) throw new UsageError(`${where}: the name '${name}' is given by ${before} and by ${by}`)
    defined.set(name, by)
  }
  for (const { name } of graph.inputs) define(name, 'an input')
  for (const parameter of graph.parameters) {
    define(parameter.name, 'a parameter')
    checkParameterSpec(where, parameter)
  }

  const nodeNames = new Set<string>()
  for (const node of graph.nodes) {
    operatorOf(graph.name, node, operators)
    if (nodeNames.has(node.name)) throw new UsageError(`${where}: two nodes are named '${node.name}'`)
    nodeNames.add(node.name)
    if (node.outputs.length === 0) throw new UsageError(`${locate(graph.name, node)}: it has no output`)
    for (const name of node.inputs) {
      if (name === '' || defined.has(name)) continue
      const later = graph.nodes.find((other) => other.outputs.includes(name))
      throw new UsageError(
        later === undefined
          ? `${locate(graph.name, node)}: its input '${name}' is no input, parameter or node output of the graph`
          : `${locate(graph.name, node)}: its input '${name}' is only made later, by '${later.name}'; order the nodes so that each comes after its inputs (a cycle has no such order)`,
      )
    }
    for (const name of node.outputs) define(name, `node '${node.name}'`)
  }

  if (graph.outputs.length === 0) throw new UsageError(`${where}: it has no outputs`)
  if (new Set(graph.outputs).size !== graph.outputs.length) {
    throw new UsageError(`${where}: an output is listed twice in ${graph.outputs.join(', ')}`)
  }
  for (const name of graph.outputs) {
    if (!defined.has(name)) throw new UsageError(`${where}: its output '${name}' is made by no node`)
    if (defined.get(name) === 'a parameter') throw new UsageError(`${where}: its output '${name}' is a parameter`)
  }
}

/** Only float32 parameters are trained or drawn at random. */
function checkParameterSpec(where: string, { name, dtype = 'float32', trainable, initialiser }: ParameterSpec): void {
  if (dtype === 'float32') return
  if (trainable) throw new UsageError(`${where}: parameter '${name}' is ${dtype}; only float32 can be trainable`)
  if (initialiser?.kind === 'uniform') {
    throw new UsageError(`${where}: parameter '${name}' is ${dtype}; only float32 can be drawn, give it a constant`)
  }
}
