import type { Graph, Parameters } from '../../engine/graph/graph.ts'

/** What a pass returns: a model of its own, which shares with the one that came in what did not change. */
export interface RewrittenModel {
  readonly graph: Graph
  readonly parameters: Parameters
}
