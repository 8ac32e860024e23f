/**
 * What a graph says beside its ONNX nodes: notes in the metadata of a file, which other tools carry along or drop. With them
 * an exported graph comes back as it was, so that training goes on with the same bits.
 */

import { FormatError } from '../../../engine/base/errors.ts'
import type { AttributeValue, Graph, GraphNode, Initialiser, ParameterSpec } from '../../../engine/graph/graph.ts'

/** By node name: attributes that ONNX has no word for, or holds less exactly (in float32); null: the node has none such. */
const ATTRIBUTES = 'quant-trim.attributes'
/** By parameter name, in the graph's order: what ONNX does not know of it. */
const PARAMETERS = 'quant-trim.parameters'

type NodeNotes = Readonly<Record<string, AttributeValue | null>>

interface ParameterNotes {
  readonly trainable: boolean
  readonly initialiser?: Initialiser
}

/** The notes of a graph whose nodes are written under their names; `expanded`: operators written as several others. */
export function graphNotes(graph: Graph, expanded: ReadonlySet<string>): Map<string, string> {
  const attributes = graph.nodes.flatMap((node) => {
    const own = expanded.has(node.op) ? [] : lostAttributes(node)
    return own.length > 0 ? [[node.name, Object.fromEntries(own)] as const] : []
  })
  const parameters = graph.parameters.map(
    ({ name, trainable, initialiser }) => [name, { trainable, initialiser }] as const,
  )
  const notes = new Map<string, string>()
  if (attributes.length > 0) notes.set(ATTRIBUTES, JSON.stringify(Object.fromEntries(attributes)))
  notes.set(PARAMETERS, JSON.stringify(Object.fromEntries(parameters)))
  return notes
}

/**
 * Attributes that the file changes: numbers that are no float32, and batch norm's `running_variance`, which ONNX has only as
 * 'population' and a graph without the attribute as 'unbiased'.
 */
function lostAttributes({ op, attributes }: GraphNode): [string, AttributeValue | null][] {
  const lost: [string, AttributeValue | null][] = Object.entries(attributes).filter(
    ([, value]) => typeof value !== 'string' && [value].flat().some((x) => Math.fround(x) !== x),
  )
  const { running_variance = null } = attributes
  if (op === 'BatchNormalization' && running_variance !== 'population')
    lost.push(['running_variance', running_variance])
  return lost
}

/**
 * An imported graph with the notes of its file: attributes as they were, parameters in their order, trainable or not as they
 * were. Notes about nodes or parameters that are not there are passed over: other tools may have changed the file. Throws
 * `FormatError` for notes that are not what `graphNotes` writes.
 */
export function withGraphNotes<G extends Graph<string>>(graph: G, metadata: ReadonlyMap<string, string>): G {
  const nodeNotes = notesOf(metadata, ATTRIBUTES, isNodeNotes)
  const parameterNotes = notesOf(metadata, PARAMETERS, isParameterNotes)
  const specs = new Map(graph.parameters.map((spec) => [spec.name, spec]))
  const noted = [...parameterNotes].flatMap(([name, notes]): ParameterSpec[] => {
    const spec = specs.get(name)
    specs.delete(name)
    return spec === undefined ? [] : [{ ...spec, ...notes }]
  })
  const nodes = graph.nodes.map((node) => {
    const notes = nodeNotes.get(node.name)
    if (notes === undefined) return node
    const attributes = Object.entries({ ...node.attributes, ...notes }).filter(([, value]) => value !== null)
    return { ...node, attributes: Object.fromEntries(attributes) }
  })
  return { ...graph, nodes, parameters: [...noted, ...specs.values()] }
}

function notesOf<T>(
  metadata: ReadonlyMap<string, string>,
  key: string,
  check: (value: unknown) => value is T,
): Map<string, T> {
  const text = metadata.get(key)
  if (text === undefined) return new Map()
  const damaged = (why: string, cause?: unknown): FormatError =>
    new FormatError(`metadata '${key}': ${why}; remove the entry to import the model without it`, { cause })
  let notes: unknown
  try {
    notes = JSON.parse(text)
  } catch (cause) {
    throw damaged('it is no JSON', cause)
  }
  if (!isRecord(notes)) throw damaged('wanted an object')
  const entries = new Map<string, T>()
  for (const [name, value] of Object.entries(notes)) {
    if (!check(value)) throw damaged(`the entry of '${name}' is not what an export writes`)
    entries.set(name, value)
  }
  return entries
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNodeNotes(value: unknown): value is NodeNotes {
  if (!isRecord(value)) return false
  const isSingle = (item: unknown): boolean => item === null || typeof item === 'number' || typeof item === 'string'
  return Object.values(value).every((item) => isSingle(item) || (Array.isArray(item) && item.every(Number.isFinite)))
}

function isParameterNotes(value: unknown): value is ParameterNotes {
  if (!isRecord(value) || typeof value.trainable !== 'boolean') return false
  return value.initialiser === undefined || isInitialiser(value.initialiser)
}

function isInitialiser(value: unknown): value is Initialiser {
  if (!isRecord(value)) return false
  if (value.kind === 'constant') return typeof value.value === 'number'
  return value.kind === 'uniform' && typeof value.bound === 'number'
}
