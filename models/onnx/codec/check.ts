/** The structure of a model: names, and the order of nodes. What an operator makes of its inputs is the importer's to check. */

import { FormatError, UnsupportedError } from '../../../engine/base/errors.ts'
import type { OnnxGraph, OnnxModel, OnnxNode } from '../model.ts'
import { listProblems } from '../problems.ts'
import { isSubgraph } from './attributeProto.ts'

const label = (node: OnnxNode, index: number): string =>
  `node ${index} (${node.op}${node.name === '' ? '' : ` '${node.name}'`})`

/** Where each name is made: -1 for inputs and initialisers, else the node's index. Notes names that are made twice. */
function findMakers({ inputs, initialisers, nodes }: OnnxGraph, problems: string[]): Map<string, number> {
  const makers = new Map<string, number>()
  const add = (name: string, index: number): void => {
    const other = makers.get(name)
    if (other === undefined) makers.set(name, index)
    else {
      const by = [other, index].map((at) => (at < 0 ? 'an input or initialiser' : label(nodes[at], at)))
      problems.push(`'${name}' is made twice: by ${by.join(' and by ')}`)
    }
  }
  for (const name of initialisers.keys()) add(name, -1)
  for (const { name } of inputs) {
    if (name === '') problems.push('an input has no name')
    else add(name, -1)
  }
  for (const [index, node] of nodes.entries()) {
    for (const name of node.outputs) if (name !== '') add(name, index)
  }
  return makers
}

/**
 * The nodes of one cycle in order, or null where there is none. Only a node that reads from itself or from a later one can close a
 * cycle; depth-first, without recursion, since a chain may have a million nodes.
 */
function findCycle(reads: readonly (readonly number[])[]): number[] | null {
  const UNSEEN = 0
  const OPEN = 1
  const DONE = 2
  const state = new Uint8Array(reads.length)
  for (let root = 0; root < reads.length; root++) {
    if (state[root] !== UNSEEN) continue
    const path = [root]
    const next = [0]
    state[root] = OPEN
    while (path.length > 0) {
      const node = path[path.length - 1]
      const position = next[next.length - 1]++
      if (position === reads[node].length) {
        state[node] = DONE
        path.pop()
        next.pop()
        continue
      }
      const source = reads[node][position]
      if (state[source] === OPEN) return path.slice(path.indexOf(source)).reverse()
      if (state[source] === DONE) continue
      state[source] = OPEN
      path.push(source)
      next.push(0)
    }
  }
  return null
}

/**
 * Checks that each name is made once and made at all, that nodes are in topological order (ONNX demands it), that the outputs
 * exist, and that no attribute is a graph. Throws `FormatError` with all problems of a model that is malformed, else
 * `UnsupportedError` with all nodes that have graphs.
 */
export function checkModel({ graph }: OnnxModel): void {
  const { nodes, outputs } = graph
  const problems: string[] = []
  const makers = findMakers(graph, problems)
  const reads = nodes.map((node, index) => {
    const sources: number[] = []
    for (const name of node.inputs) {
      if (name === '') continue
      const maker = makers.get(name)
      if (maker === undefined) problems.push(`${label(node, index)} reads '${name}', which nothing makes`)
      else if (maker >= 0) sources.push(maker)
    }
    return sources
  })
  const late = reads.flatMap((sources, index) =>
    sources.filter((source) => source >= index).map((source) => [index, source]),
  )
  const cycle = late.length > 0 ? findCycle(reads) : null
  if (cycle !== null) {
    problems.push(`a cycle: ${[...cycle, cycle[0]].map((index) => label(nodes[index], index)).join(' -> ')}`)
  } else {
    for (const [index, source] of late) {
      problems.push(
        `${label(nodes[index], index)} reads from ${label(nodes[source], source)}, which comes later: nodes must be in topological order`,
      )
    }
  }
  const seen = new Set<string>()
  for (const { name } of outputs) {
    if (seen.has(name)) problems.push(`output '${name}' is listed twice`)
    else if (!makers.has(name)) problems.push(`output '${name}' is made by nothing`)
    seen.add(name)
  }
  if (outputs.length === 0) problems.push('it has no outputs')
  if (problems.length > 0) throw new FormatError(listProblems('ONNX model', problems))
  const withGraphs = nodes.flatMap((node, index) =>
    Array.from(node.attributes)
      .filter(([, attribute]) => isSubgraph(attribute))
      .map(([name]) => `${label(node, index)} has a graph in attribute '${name}': control flow is not supported`),
  )
  if (withGraphs.length > 0) throw new UnsupportedError(listProblems('ONNX model', withGraphs))
}
