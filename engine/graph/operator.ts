import { NumericError, ShapeError, UnsupportedError } from '../base/errors.ts'
import type { OpName } from '../ops/names.ts'
import type { Op } from '../ops/op.ts'
import { ops } from '../ops/table.ts'
import type { GraphNode } from './graph.ts'

/** Where in a graph something happened, as messages begin: `graph lenet: node 'conv1' (Conv)`. */
export function locate(graph: string, node: Pick<GraphNode, 'name' | 'op'>): string {
  return `graph ${graph}: node '${node.name}' (${node.op})`
}

/** The operator of a node. Throws `UnsupportedError` for a name that the table lacks. */
export function operatorOf(graph: string, node: Pick<GraphNode, 'name' | 'op'>): Op {
  // A graph from outside may name anything; the type is only a promise.
  if (!Object.hasOwn(ops, node.op)) {
    throw new UnsupportedError(
      `${locate(graph, node)}: there is no such operator; there are ${Object.keys(ops).sort().join(', ')}`,
    )
  }
  return (ops as Readonly<Partial<Record<OpName, Op>>>)[node.op] as Op
}

/** Runs `body` and puts the place before the message of a `ShapeError` or `NumericError` that it throws. */
export function atNode<T>(graph: string, node: Pick<GraphNode, 'name' | 'op'>, body: () => T): T {
  try {
    return body()
  } catch (cause) {
    if (cause instanceof ShapeError) throw new ShapeError(`${locate(graph, node)}: ${cause.message}`, { cause })
    if (cause instanceof NumericError) throw new NumericError(`${locate(graph, node)}: ${cause.message}`, { cause })
    throw cause
  }
}
