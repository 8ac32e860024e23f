import { FormatError, ShapeError, UnsupportedError, UsageError } from '../../../engine/base/errors.ts'
import type { SymbolicShape } from '../../../engine/base/shape.ts'
import type { Graph, Parameters } from '../../../engine/graph/graph.ts'
import { ops } from '../../../engine/ops/table.ts'
import type { QuantisedGraph } from '../../../quant/operators/names.ts'
import { decodeModel } from '../codec/decode.ts'
import { describeNode } from '../describeNode.ts'
import type { OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from '../model.ts'
import { listProblems } from '../problems.ts'
import { type AssembledGraph, GraphAssembler } from './assembler.ts'
import { attributesOfNode, type OpsetRange, operatorOfNode, opsetOf, unknownParts } from './checkNodes.ts'
import { evaluateNode } from './evaluateNode.ts'
import { withGraphNotes } from './graphNotes.ts'
import { NodeBuilder } from './nodeBuilder.ts'
import { checkInputs, isMoved, type OnnxOperator } from './operators/operator.ts'
import { isPartial } from './partialShape.ts'

/** How a model is imported. */
export interface ImportOptions {
  /** The name of the graph, for messages; default: the model's own, or 'onnx'. */
  readonly name?: string
  /** Extents for dimensions that the file only names, such as { batch: 1 }. The others are known only at run time. */
  readonly dims?: Readonly<Record<string, number>>
  /** Graph inputs that are known now, by name; they become constants. */
  readonly inputs?: Readonly<Record<string, OnnxTensor>>
  /** The most elements of a tensor that is computed at import; default 2^26. */
  readonly maxElements?: number
  /** Versions of the standard operator set; default 13 to 25. */
  readonly opsets?: OpsetRange
}

/** What a model becomes. The graph's parameters are those that it needs of the model's initialisers and constants. */
export interface ImportedModel {
  /** It may hold operators on codes: run it with the `operators` of quant/operators/table.ts. */
  readonly graph: QuantisedGraph
  readonly parameters: Parameters
}

const DEFAULT_OPSETS: OpsetRange = { least: 13, most: 25 }
const DEFAULT_ELEMENTS = 2 ** 26

/**
 * An ONNX model as a graph: tensors and parameters keep the model's names, nodes theirs, or that of their first output.
 * Whatever depends on constants alone is computed now, shape arithmetic included. Float initialisers become parameters;
 * those are trainable that are weights, biases or scales of Conv, ConvTranspose, Gemm, MatMul, BatchNormalization,
 * LayerNormalization or Gather, or an initialiser of rank 1 or more that is added. In a file that this library wrote, what
 * its metadata note of the graph holds instead (see graphNotes.ts).
 *
 * Versions: 13 to 23 as their definition has them; 24 and 25 changed of these operators only the types they take. Throws one
 * `UnsupportedError` that names everything in the model that is not read: operators, domains, versions, attributes, types,
 * what depends on the data at run time. Throws `FormatError` or `ShapeError` for a model that contradicts itself.
 */
export function importModel(model: OnnxModel, options: ImportOptions = {}): ImportedModel {
  const { opsets = DEFAULT_OPSETS, maxElements = DEFAULT_ELEMENTS } = options
  const name = options.name ?? (model.graph.name || 'onnx')
  const problems = unknownParts(model, opsets)
  const assembler = new GraphAssembler(
    name,
    model.graph.nodes.flatMap((node) => node.outputs),
  )
  const refuse = (error: unknown): void => {
    if (!(error instanceof UnsupportedError)) throw error
    if (!problems.includes(error.message)) problems.push(error.message)
  }

  for (const [tensor, value] of model.graph.initialisers) {
    assembler.set(tensor, { kind: 'constant', tensor: value, isInitialiser: true })
  }
  bindInputs(assembler, model, options, refuse)
  const opset = opsetOf(model)
  for (const node of model.graph.nodes) {
    const operator = operatorOfNode(node)
    if (node.outputs.every((output) => output === '')) continue
    try {
      const refused = node.inputs.some((input) => input !== '' && assembler.value(input).kind === 'refused')
      if (operator && !refused) addNode(assembler, operator, node, opset, maxElements)
    } catch (error) {
      refuse(error)
    }
    for (const output of node.outputs) if (!assembler.has(output)) assembler.set(output, { kind: 'refused' })
  }
  let assembled: AssembledGraph | null = null
  try {
    assembled = assembler.finish(model.graph.outputs.map((output) => output.name))
  } catch (error) {
    if (problems.length === 0) refuse(error)
  }
  if (problems.length > 0 || assembled === null) {
    throw new UnsupportedError(listProblems(`import of ${name}: not supported`, problems))
  }
  const { graph, parameters } = assembled
  return { graph: withGraphNotes(graph, model.metadata), parameters }
}

/** The graph in the bytes of a .onnx file. Throws as `decodeModel` and `importModel` do. */
export function importOnnx(bytes: Uint8Array, options: ImportOptions = {}): ImportedModel {
  return importModel(decodeModel(bytes), options)
}

/** The graph as one of the engine's operators alone. Throws `UnsupportedError` naming the nodes on codes. */
export function floatGraph(graph: QuantisedGraph): Graph {
  const others = graph.nodes.filter((node) => !Object.hasOwn(ops, node.op))
  if (others.length === 0) return graph as Graph
  throw new UnsupportedError(
    listProblems(
      `graph ${graph.name}: wanted float operators only`,
      others.map((node) => `node '${node.name}' (${node.op})`),
    ),
  )
}

/** Adds the model's inputs, the known ones as constants. */
function bindInputs(
  assembler: GraphAssembler,
  { graph }: OnnxModel,
  { inputs: known = {}, dims = {} }: ImportOptions,
  refuse: (error: unknown) => void,
): void {
  for (const name of Object.keys(known)) {
    if (graph.inputs.some((input) => input.name === name)) continue
    throw new UsageError(
      `import: there is no input '${name}'; there are ${graph.inputs.map((input) => `'${input.name}'`).join(', ')}`,
    )
  }
  for (const input of graph.inputs) {
    if (Object.hasOwn(known, input.name)) {
      assembler.set(input.name, { kind: 'constant', tensor: known[input.name], isInitialiser: false })
      continue
    }
    try {
      if (input.type === null || input.dims === null) {
        throw new UnsupportedError(`input '${input.name}' is no tensor of a known type and rank`)
      }
      assembler.addInput(input.name, input.type, shapeOf(input, dims))
    } catch (error) {
      assembler.set(input.name, { kind: 'refused' })
      refuse(error)
    }
  }
}

function shapeOf(input: OnnxValueInfo, dims: Readonly<Record<string, number>>): SymbolicShape {
  return (input.dims ?? []).map((extent) => {
    if (typeof extent !== 'string') return extent
    if (!Object.hasOwn(dims, extent)) return null
    const value = dims[extent]
    if (Number.isSafeInteger(value) && value >= 0) return value
    throw new UsageError(`import: dimension '${extent}' is bound to ${value}; wanted an integer from 0 on`)
  })
}

/** Computes a node whose inputs are all constants, and builds any other. */
function addNode(
  assembler: GraphAssembler,
  operator: OnnxOperator,
  node: OnnxNode,
  opset: number,
  maxElements: number,
): void {
  const attributes = attributesOfNode(node)
  const values = node.inputs.map((input) => (input === '' ? null : assembler.value(input)))
  const constants = values.map((value) => (value?.kind === 'constant' ? value.tensor : null))
  const known = values.every((value) => value === null || value.kind === 'constant')
  // A shape that is known in part may be moved about, but not computed with.
  const usable = constants.every((tensor, i) => tensor === null || isMoved(operator, i) || !isPartial(tensor))
  try {
    checkInputs(operator, (i) => (node.inputs[i] ?? '') !== '')
    if (known && usable && operator.fold !== false) {
      const outputs = node.outputs.length
      const results = evaluateNode(operator, node, { inputs: constants, attributes, opset, outputs, maxElements })
      for (const [i, tensor] of results.entries()) {
        if (node.outputs[i]) assembler.set(node.outputs[i], { kind: 'constant', tensor, isInitialiser: false })
      }
    } else if (operator.build) operator.build(new NodeBuilder(assembler, node, attributes, opset))
    else throw new UnsupportedError(`${describeNode(node)}: of values that are known only at run time`)
  } catch (cause) {
    throw located(cause, node)
  }
}

/** The error with the node before its message, if it does not name it yet. */
function located(cause: unknown, node: OnnxNode): unknown {
  const where = describeNode(node)
  if (!(cause instanceof Error) || cause.message.includes(where)) return cause
  for (const kind of [UnsupportedError, ShapeError, FormatError]) {
    if (cause instanceof kind) return new kind(`${where}: ${cause.message}`, { cause })
  }
  return cause
}
