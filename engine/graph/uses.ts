import type { Graph } from './graph.ts'

/**
 * How often each tensor and parameter is read; being a graph output counts as once more.
 * Example: relu(x) + x reads 'x' twice.
 */
export function usesOf(graph: Graph<string>): Map<string, number> {
  const uses = new Map<string, number>()
  for (const name of [...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs]) {
    uses.set(name, (uses.get(name) ?? 0) + 1)
  }
  return uses
}
