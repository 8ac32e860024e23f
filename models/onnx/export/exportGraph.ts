import { UnsupportedError } from '../../../engine/base/errors.ts'
import type { SymbolicShape } from '../../../engine/base/shape.ts'
import type { Tensor } from '../../../engine/core/tensor.ts'
import type { AttributeValue, Graph, GraphNode, Parameters } from '../../../engine/graph/graph.ts'
import { inferShapes } from '../../../engine/graph/inferShapes.ts'
import { checkParameters } from '../../../engine/graph/parameters.ts'
import type { TensorSpec } from '../../../engine/ops/op.ts'
import { graphNotes } from '../import/graphNotes.ts'
import type { OnnxAttribute, OnnxModel, OnnxTensor, OnnxValueInfo } from '../model.ts'
import {
  float,
  floatScalar,
  floatVector,
  int,
  int64Vector,
  ints,
  ModelWriter,
  text,
  type WrittenAttributes,
} from './modelWriter.ts'
import { type InputAttribute, type NodeForm, nodeForms } from './nodeForms.ts'
import { writeSwishGate } from './swish.ts'

/** What the export may be asked for. */
export interface ExportGraphOptions {
  /** The least opset of the file. Default 18; a graph whose operators came later (Gelu: 20) gets theirs. */
  readonly opset?: number
}

/** Attributes that are floats in ONNX even where their value is whole. */
const floatAttributes = new Set(['alpha', 'beta', 'epsilon', 'momentum', 'cubic_coeff_a', 'extrapolation_value'])

/** TensorProto.DataType. */
const BOOL = 9

/** Attributes that ONNX does not have. */
const ours = new Set(['running_variance'])

/** Operators that become several. */
const expanded = new Set(
  Object.entries<NodeForm>(nodeForms).flatMap(([op, { expand }]) => (expand === 'swish' ? [op] : [])),
)

/**
 * A model as an ONNX file that any runtime reads: nodes, values and parameters keep their names, null dimensions become
 * named ones (the batch: `N`), and attributes that ONNX takes as inputs (Reshape's shape, Clip's bounds, the axes of
 * reductions ...) become constants. Swish, which ONNX has from opset 24 on, is written as Sigmoid and Mul.
 *
 * ONNX keeps float attributes in float32 and has no word for the variance that a running statistic takes, nor for what is
 * trainable: that stands in the metadata, see `withGraphNotes`.
 *
 * Throws `UnsupportedError` naming every node that ONNX cannot express, and what `checkParameters` and `inferShapes` throw.
 */
export function exportGraph(graph: Graph, parameters: Parameters, options: ExportGraphOptions = {}): OnnxModel {
  const specs = inferShapes(graph)
  checkParameters(graph, parameters)
  const forms: Readonly<Record<string, NodeForm>> = nodeForms
  const refused = graph.nodes.flatMap(({ name, op, attributes }) => {
    const { refused: reason } = forms[op]
    const why = typeof reason === 'function' ? reason(attributes) : reason
    return why === undefined ? [] : [`node '${name}' (${op}): ${why}`]
  })
  if (refused.length > 0) throw new UnsupportedError(`export of graph ${graph.name} to ONNX: ${refused.join('; ')}`)
  const writer = new ModelWriter(options.opset ?? 18, specs.keys())
  for (const { name } of graph.parameters) writer.initialiser(name, tensorOf(parameters.get(name) as Tensor))
  for (const node of graph.nodes) writeNode(node, forms[node.op], writer)
  const values = (names: readonly string[]): OnnxValueInfo[] =>
    names.map((name) => valueInfo(name, specs.get(name) as TensorSpec))
  return writer.finish(
    graph.name,
    values(graph.inputs.map(({ name }) => name)),
    values(graph.outputs),
    graphNotes(graph, expanded),
  )
}

/** A tensor as a constant; the elements are shared. */
function tensorOf({ dtype, shape, data }: Tensor): OnnxTensor {
  return { type: dtype, dims: shape, data } as OnnxTensor
}

/** A graph input or output; unknown dimensions are named, the first `N`. */
export function valueInfo(name: string, { dtype, shape }: TensorSpec): OnnxValueInfo {
  return { name, type: dtype, dims: namedDims(name, shape) }
}

function namedDims(name: string, shape: SymbolicShape): (number | string)[] {
  return shape.map((extent, axis) => extent ?? (axis === 0 ? 'N' : `${name}_${axis}`))
}

function writeNode(node: GraphNode, form: NodeForm, writer: ModelWriter): void {
  const { name, op, inputs, outputs, attributes } = node
  const since = typeof form.since === 'function' ? form.since(attributes) : (form.since ?? 1)
  writer.needsOpset(since)
  if (form.expand === 'swish') {
    writeSwish(node, writer)
    return
  }
  if (form.expand === 'where') {
    writeWhere(node, writer)
    return
  }
  const asInputs = form.inputs ?? []
  const operands = asInputs.map((input) => (input === '' ? '' : inputOf(node, input, writer)))
  const moved = new Set(asInputs.map((input) => input[0]))
  const kept = Object.entries(attributes).filter(([key]) => !moved.has(key) && !ours.has(key))
  writer.node(op, [...inputs, ...operands], outputs, { name, attributes: writtenAttributes(kept) })
}

/** x * sigmoid(alpha * x). */
function writeSwish({ name, inputs, outputs, attributes }: GraphNode, writer: ModelWriter): void {
  const [x] = inputs
  const gate = writeSwishGate(x, Number(attributes.alpha ?? 1), name, writer)
  writer.node('Mul', [x, gate], outputs, { name })
}

/** ONNX takes the condition as bool only. */
function writeWhere({ name, inputs, outputs }: GraphNode, writer: ModelWriter): void {
  const [condition, x, y] = inputs
  const choice = writer.unusedName(`${name}.condition`)
  writer.node('Cast', [condition], [choice], { attributes: { to: int(BOOL) } })
  writer.node('Where', [choice, x, y], outputs, { name })
}

/** The name of a constant that holds an attribute, '' where the node has none. */
function inputOf({ name, attributes }: GraphNode, [key, kind]: InputAttribute, writer: ModelWriter): string {
  const value = attributes[key]
  if (value === undefined) return ''
  return writer.constant(`${name}.${key}`, constantOf(kind, value))
}

function constantOf(kind: InputAttribute[1], value: AttributeValue): OnnxTensor {
  if (kind === 'float') return floatScalar(Number(value))
  return kind === 'floats' ? floatVector(value as readonly number[]) : int64Vector(value as readonly number[])
}

function writtenAttributes(entries: readonly (readonly [string, AttributeValue])[]): WrittenAttributes {
  return Object.fromEntries(entries.map(([key, value]) => [key, attributeOf(key, value)]))
}

function attributeOf(key: string, value: AttributeValue): OnnxAttribute {
  if (typeof value === 'string') return text(value)
  if (typeof value === 'number') return floatAttributes.has(key) ? float(value) : int(value)
  return ints(value)
}
