import { UnsupportedError } from '../../../engine/base/errors.ts'
import type { Backend } from '../../../quant/integer/backend.ts'
import { checkProgram } from '../../../quant/integer/checkProgram.ts'
import type { IntegerProgram } from '../../../quant/integer/program.ts'
import { decodeModel } from '../codec/decode.ts'
import type { OnnxLimits } from '../codec/limits.ts'
import { describeNode } from '../describeNode.ts'
import type { OnnxModel, OnnxNode, OnnxValueInfo } from '../model.ts'
import { listProblems } from '../problems.ts'
import { QuantisedGraph } from './graph.ts'
import { isRefusal, lowerQuantised } from './lowerQuantised.ts'
import { NodeReader } from './node.ts'
import { arithmeticNotes } from './notes.ts'
import { quantisedOperators } from './table.ts'
import type { QuantisedValue } from './tensors.ts'

/** Versions of the standard operator set that are read. */
const OPSETS = { least: 13, most: 25 }

/**
 * The program that a quantised ONNX model is on a back end: the file's codes, scales and zero points with the back
 * end's arithmetic, ties of the input included. Nothing is calibrated or quantised anew.
 *
 * Read are models of one float32 input [N, ...], quantised first, and one output behind DequantizeLinear, in which
 * every result of an operator is quantised per tensor (operator sets 13 to 25):
 * - QDQ: DequantizeLinear, a float operator (`quantisedOperators` lists them), QuantizeLinear. Weights are constants
 *   behind DequantizeLinear, with one scale or one for each output channel and the zero point in the middle of their
 *   type; biases int32 of scale s_x * s_w there, or float32 constants, which are rounded as the back end rounds biases.
 *   Relu and Clip may stand before the QuantizeLinear, or behind it between quantisers of their own.
 * - QLinearConv and QLinearMatMul with constant weights; over pictures of one pixel that a Reshape of codes made, a
 *   linear layer.
 * - Operators that only move codes need no quantisers of their own and may also be given the codes.
 *
 * Codes of the other sign than the back end's are moved by half their number (uint8 of zero point 128 is int8 of 0).
 * Values are named as the tensors that were quantised, or as an export of this library named them. Of the arithmetic
 * that such a file's metadata note only that of means over a plane is looked at, to tell which of ONNX's three
 * operators it was, and only for the back end that the file names.
 *
 * Throws `FormatError` and `UnsupportedError` as `decodeModel` does, and one `UnsupportedError` that lists by node all
 * that cannot be read or that the back end cannot compute: other operators, computed weights, results without a
 * quantiser, widths and zero points that it lacks, accumulators that could overflow, and where the model contradicts
 * itself. Of the program `checkProgram` has the last word.
 */
export function programFromOnnx(bytes: Uint8Array, backend: Backend, limits: Partial<OnnxLimits> = {}): IntegerProgram {
  const model = decodeModel(bytes, limits)
  const { nodes, initialisers } = model.graph
  const name = model.graph.name || 'onnx'
  const problems = unfitBackend(backend)
  const opset = model.opsets.get('') ?? 1
  if (opset < OPSETS.least || opset > OPSETS.most) {
    problems.push(`operator set ${opset}; wanted ${OPSETS.least} to ${OPSETS.most}`)
  }
  const graph = new QuantisedGraph(backend, opset)
  for (const [tensorName, tensor] of initialisers) graph.define(tensorName, { kind: 'constant', tensor })
  for (const input of model.graph.inputs) defineInput(graph, input, problems)
  if (model.graph.inputs.length !== 1) problems.push(`${model.graph.inputs.length} inputs; wanted one`)
  for (const node of nodes) readNode(graph, node, problems)
  const output = outputOf(graph, model, problems)
  const subject = `program from ONNX model ${name}, back end ${backend.name}`
  if (output !== null && graph.input !== null && problems.length === 0) {
    const program = lowerQuantised(
      { name, nodes: graph.nodes, input: graph.input, output, notes: arithmeticNotes(model, backend.name) },
      backend,
      problems,
    )
    if (problems.length === 0) return checkProgram(program.header, program.constants)
  }
  throw new UnsupportedError(listProblems(subject, problems))
}

/** Why a back end's programs are none that an ONNX file could be. */
function unfitBackend({ floating, islands, name }: Backend): string[] {
  if (floating !== undefined) return [`back end ${name} computes on real activations; a quantised model has codes`]
  return islands === undefined ? [] : [`back end ${name} has layers of 16 bits; a file's codes are 8 or 4 bits`]
}

/** A model input: a batch of tensors of one shape. */
function defineInput(graph: QuantisedGraph, { name, type, dims }: OnnxValueInfo, problems: string[]): void {
  const shape = (dims ?? []).slice(1)
  if (type !== 'float32') problems.push(`input '${name}' is ${type ?? 'of no known type'}; wanted float32`)
  else if (dims === null || dims.length === 0 || !shape.every((extent) => typeof extent === 'number' && extent > 0)) {
    problems.push(
      `input '${name}' is [${dims?.map((extent) => extent ?? '?').join(', ') ?? '?'}]; only the batch may be unknown`,
    )
  } else graph.define(name, { kind: 'input', shape: shape as number[] })
}

/** Reads a node whose inputs were read; the outputs of any other are refused with it. */
function readNode(graph: QuantisedGraph, node: OnnxNode, problems: string[]): void {
  const read = node.domain === '' ? quantisedOperators.get(node.op) : undefined
  const where = describeNode(node)
  if (read === undefined) {
    problems.push(`${where}: the operator${node.domain === '' ? '' : ` of domain '${node.domain}'`} is not read`)
    return
  }
  if (node.inputs.some((name) => name !== '' && graph.tensor(name).kind === 'refused')) return
  if ((node.outputs[0] ?? '') === '' || node.outputs.slice(1).some((name) => name !== '')) {
    problems.push(`${where}: wanted one output`)
    return
  }
  try {
    for (const name of node.inputs) {
      const tensor = graph.tensor(name)
      if (tensor.kind === 'constant' || tensor.kind === 'dequantised') graph.spend(tensor.tensor.data.length)
    }
    read(new NodeReader(graph, node))
  } catch (error) {
    if (!isRefusal(error)) throw error
    problems.push(error.message.startsWith(where) ? error.message : `${where}: ${error.message}`)
  }
}

/** The value behind the model's output, named as that is. */
function outputOf(graph: QuantisedGraph, { graph: { outputs } }: OnnxModel, problems: string[]): QuantisedValue | null {
  if (outputs.length !== 1) problems.push(`${outputs.length} outputs; wanted one`)
  const [{ name }] = outputs
  const tensor = graph.tensor(name)
  if (tensor.kind !== 'real') {
    if (tensor.kind !== 'refused') problems.push(`output '${name}' is not behind a DequantizeLinear of activations`)
    return null
  }
  try {
    const value = graph.viewed(tensor.value, tensor.view)
    if (value !== graph.input) value.name = name
    return value
  } catch (error) {
    if (!isRefusal(error)) throw error
    problems.push(`output '${name}': ${error.message}`)
    return null
  }
}
