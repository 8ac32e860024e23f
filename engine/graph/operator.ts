import { NumericError, ShapeError, UnsupportedError } from '../base/errors.ts'
import type { Op } from '../ops/op.ts'
import { ops } from '../ops/table.ts'
import type { GraphNode } from './graph.ts'

/**
 * Operators by name. Whatever looks at a graph's operators takes one, by default the engine's; with another, such as
 * `{ ...ops, ...more }`, a graph may hold operators that the engine does not know. A table is never modified.
 */
export type OperatorTable = Readonly<Record<string, Op>>

/** Where in a graph something happened, as messages begin: `graph lenet: node 'conv1' (Conv)`. */
export function locate(graph: string, node: Pick<GraphNode<string>, 'name' | 'op'>): string {
  return `graph ${graph}: node '${node.name}' (${node.op})`
}

/** The operator of a node. Throws `UnsupportedError` for a name that the table lacks. */
export function operatorOf(
  graph: string,
  node: Pick<GraphNode<string>, 'name' | 'op'>,
  operators: OperatorTable = ops,
): Op {
  // A graph from outside may name anything; the type is only a promise.
  if (!Object.hasOwn(operators, node.op)) {
    throw new UnsupportedError(
      `${locate(graph, node)}: there is no such operator; there are ${Object.keys(operators).sort().join(', ')}`,
    )
  }
  return operators[node.op]
}

/** Runs `body` and puts the place before the message of a `ShapeError` or `NumericError` that it throws. */
export function atNode<T>(graph: string, node: Pick<GraphNode<string>, 'name' | 'op'>, body: () => T): T {
  try {
    return body()
  } catch (cause) {
    if (cause instanceof ShapeError) throw new ShapeError(`${locate(graph, node)}: ${cause.message}`, { cause })
    if (cause instanceof NumericError) throw new NumericError(`${locate(graph, node)}: ${cause.message}`, { cause })
    throw cause
  }
}
