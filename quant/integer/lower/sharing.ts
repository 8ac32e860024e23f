import type { ValueRange } from '../../affine/quantiser.ts'
import type { Backend } from '../backend.ts'
import { sharesAverageQuantiser } from './average.ts'
import type { FusedNode } from './fuse.ts'

/** Whether a step hands on its input's quantiser. Example: MaxPool does. */
export function sharesQuantiser({ node }: Pick<FusedNode, 'node'>, backend: Backend): boolean {
  switch (node.op) {
    case 'Concat':
      return backend.concat === 'shared'
    case 'MaxPool':
    case 'Transpose':
    case 'Flatten':
    case 'Reshape':
    case 'Relu':
    case 'Clip':
      return true
    case 'AveragePool':
      return sharesAverageQuantiser(backend.averagePool)
    case 'GlobalAveragePool':
      return sharesAverageQuantiser(backend.globalAveragePool)
    case 'ReduceMean':
      return backend.mean !== undefined && sharesAverageQuantiser(backend.mean)
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
  const fixed = new Set<string>()
  for (const fused of nodes) {
    if (backend.fixedOutputs?.[fused.node.op] !== undefined) fixed.add(fused.output)
    if (!sharesQuantiser(fused, backend)) continue
    for (const name of fused.node.inputs) {
      // What the runtime prescribes is not drawn into a Concat's joint range, but rescaled.
      if (fused.node.op === 'Concat' && fixed.has(find(name))) continue
      parent.set(find(name), find(fused.output))
    }
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
