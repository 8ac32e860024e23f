import type { Graph, GraphNode } from '../../../engine/graph/graph.ts'

/** A closed interval of real numbers; the ends may be infinite. */
export interface Interval {
  readonly lo: number
  readonly hi: number
}

/** A graph node together with the activations that are computed in one go with it. */
export interface FusedNode {
  readonly node: GraphNode
  /** The tensor that the last of them produces. */
  readonly output: string
  /** What the activations limit the result to. */
  readonly clamp: Interval
}

/** Operators whose integer code takes in a following Relu or Clip. The same as `quantisationPoints` counts as one. */
const absorbing = new Set(['Conv', 'Gemm', 'MatMul', 'Add', 'Mul'])

/** Whether an operator's integer code takes in a following Relu or Clip. */
export function isAbsorbing({ op }: { readonly op: string }): boolean {
  return absorbing.has(op)
}

/** Whether an operator has weights: the codes of a constant input, products summed. */
export function isLayer({ op }: GraphNode): boolean {
  return op === 'Conv' || op === 'Gemm' || op === 'MatMul'
}

/** The interval of a Relu or Clip, null for other operators. Example: Clip(0, 6) -> [0, 6]; Relu -> [0, Infinity]. */
export function clampOf({ op, attributes }: GraphNode): Interval | null {
  if (op === 'Relu') return { lo: 0, hi: Infinity }
  if (op !== 'Clip') return null
  const lo = Number(attributes.min ?? -Infinity)
  const hi = Number(attributes.max ?? Infinity)
  // ONNX: where min > max, the result is max.
  return { lo: Math.min(lo, hi), hi }
}

/** One interval for `first`, then `second`. Example: [-1, 10] then [0, 6] -> [0, 6]; [0, 1] then [2, 3] -> [2, 2]. */
export function composeClamps(first: Interval, second: Interval): Interval {
  const limit = (x: number): number => Math.min(Math.max(x, second.lo), second.hi)
  return { lo: limit(first.lo), hi: limit(first.hi) }
}

/**
 * The nodes in order, each Conv, Gemm, MatMul, Add and Mul with the chain of Relu and Clip behind it, as long as each tensor in between
 * has one use and is no graph output. Example: conv -> relu -> clip(0, 6) -> maxPool gives [conv, [0, 6]] and [maxPool].
 */
export function fuseActivations(graph: Graph): FusedNode[] {
  const uses = new Map<string, GraphNode[]>()
  for (const node of graph.nodes) {
    for (const name of node.inputs) uses.set(name, [...(uses.get(name) ?? []), node])
  }
  const outputs = new Set(graph.outputs)
  const absorbed = new Set<GraphNode>()
  const fused: FusedNode[] = []
  for (const node of graph.nodes) {
    if (absorbed.has(node)) continue
    let output = node.outputs[0]
    let clamp: Interval = { lo: -Infinity, hi: Infinity }
    while (isAbsorbing(node) && !outputs.has(output)) {
      const users = uses.get(output) ?? []
      const next = users.length === 1 ? clampOf(users[0]) : null
      if (next === null) break
      absorbed.add(users[0])
      clamp = composeClamps(clamp, next)
      output = users[0].outputs[0]
    }
    fused.push({ node, output, clamp })
  }
  return fused
}
