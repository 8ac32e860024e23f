import type { ValueRange } from '../../affine/quantiser.ts'
import type { Backend } from '../backend.ts'
import type { FusedNode } from './fuse.ts'

/** Whether a step hands on its input's quantiser. */
function sharesQuantiser({ node }: FusedNode, backend: Backend): boolean {
  switch (node.op) {
    case 'Concat':
    case 'MaxPool':
    case 'Flatten':
    case 'Reshape':
    case 'Relu':
    case 'Clip':
      return true
    case 'AveragePool':
      return backend.averagePool === 'raw-half-away'
    case 'GlobalAveragePool':
      return backend.globalAveragePool === 'raw-half-away'
    default:
      return false
  }
}

/**
 * Groups the tensors that must have the same quantiser: what a step shares with its inputs, joined over steps. Returns the
 * representative of each tensor. Example: a, b -> Concat c -> MaxPool d: all four have one.
 */
export function sharingGroups(
  tensors: readonly string[],
  nodes: readonly FusedNode[],
  backend: Backend,
): Map<string, string> {
  const parent = new Map(tensors.map((name) => [name, name]))
  const find = (name: string): string => {
    let at = name
    for (let up = parent.get(at) as string; up !== at; up = parent.get(at) as string) at = up
    return at
  }
  for (const fused of nodes) {
    if (!sharesQuantiser(fused, backend)) continue
    for (const name of fused.node.inputs) parent.set(find(name), find(fused.output))
  }
  return new Map(tensors.map((name) => [name, find(name)]))
}

/** The range of each group: the union of what was observed of its members. Example: [-1, 2] and [0, 4] -> [-1, 4]. */
export function groupRanges(
  groups: ReadonlyMap<string, string>,
  observed: ReadonlyMap<string, ValueRange>,
): Map<string, ValueRange> {
  const ranges = new Map<string, ValueRange>()
  for (const [name, group] of groups) {
    const range = observed.get(name)
    if (range === undefined) continue
    const before = ranges.get(group) ?? range
    ranges.set(group, { lo: Math.min(before.lo, range.lo), hi: Math.max(before.hi, range.hi) })
  }
  return ranges
}
