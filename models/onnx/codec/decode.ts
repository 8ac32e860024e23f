/** Bytes of an ONNX file to the model they hold. */

import { FormatError, UnsupportedError } from '../../../engine/base/errors.ts'
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from '../model.ts'
import { listProblems } from '../problems.ts'
import { attributeOf } from './attributeProto.ts'
import { checkModel } from './check.ts'
import { type OnnxLimits, withDefaults } from './limits.ts'
import type { Message, MessageTable } from './protobuf.ts'
import { decodeMessage } from './protobufRead.ts'
import { type GraphProto, ModelProto, type NodeProto, TensorProto, type ValueInfoProto } from './schema.ts'
import { tensorOf } from './tensorProto.ts'
import { typeOfCode } from './types.ts'

function read<T extends MessageTable>(bytes: Uint8Array, table: T, limits: OnnxLimits): Message<T> {
  if (bytes.length > limits.bytes) {
    throw new UnsupportedError(
      `ONNX: the file has ${bytes.length} bytes; the limit is ${limits.bytes} (limits.bytes), and protobuf's own is 2^31 - 1`,
    )
  }
  return decodeMessage(bytes, table, limits)
}

/** 'ai.onnx' is the standard set's other name. */
const domainOf = (name: string | undefined): string => (name === 'ai.onnx' ? '' : (name ?? ''))

function nodeOf(message: Message<typeof NodeProto>, index: number, limits: OnnxLimits): OnnxNode {
  const name = message.name ?? ''
  const op = message.op_type ?? ''
  const what = `ONNX node ${index} (${op}${name === '' ? '' : ` '${name}'`})`
  if (op === '') throw new FormatError(`${what} has no op_type: the file is damaged`)
  const attributes = new Map<string, OnnxAttribute>()
  for (const attribute of message.attribute) {
    const key = attribute.name ?? ''
    if (key === '') throw new FormatError(`${what} has an attribute without a name: the file is damaged`)
    if (attributes.has(key)) throw new FormatError(`${what} has attribute '${key}' twice`)
    attributes.set(key, attributeOf(attribute, `${what}: attribute '${key}'`, limits))
  }
  return { name, op, domain: domainOf(message.domain), inputs: message.input, outputs: message.output, attributes }
}

function valueInfoOf({ name, type }: Message<typeof ValueInfoProto>): OnnxValueInfo {
  const tensor = type?.tensor_type
  return {
    name: name ?? '',
    type: typeOfCode(tensor?.elem_type ?? 0),
    dims:
      tensor?.shape?.dim.map(({ dim_value, dim_param }) => {
        if (dim_value !== undefined) return dim_value >= 0 ? dim_value : null
        return dim_param ? dim_param : null
      }) ?? null,
  }
}

function graphOf(message: Message<typeof GraphProto>, limits: OnnxLimits): OnnxGraph {
  if (message.node.length > limits.nodes) {
    throw new UnsupportedError(`ONNX: ${message.node.length} nodes; the limit is ${limits.nodes} (limits.nodes)`)
  }
  const initialisers = new Map<string, OnnxTensor>()
  const refused = message.sparse_initializer.length > 0 ? ['sparse initialisers: save them as dense ones'] : []
  for (const tensor of message.initializer) {
    const name = tensor.name ?? ''
    if (name === '') throw new FormatError('ONNX: an initialiser has no name: the file is damaged')
    if (initialisers.has(name)) throw new FormatError(`ONNX: initialiser '${name}' occurs twice`)
    try {
      initialisers.set(name, tensorOf(tensor, name, limits))
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error
      refused.push(error.message)
    }
  }
  if (refused.length > 0) throw new UnsupportedError(listProblems('ONNX model', refused))
  return {
    name: message.name ?? '',
    inputs: message.input.map(valueInfoOf).filter(({ name }) => !initialisers.has(name)),
    outputs: message.output.map(valueInfoOf),
    initialisers,
    nodes: message.node.map((node, index) => nodeOf(node, index, limits)),
  }
}

function opsetsOf({ ir_version, opset_import }: Message<typeof ModelProto>): Map<string, number> {
  const opsets = new Map<string, number>()
  for (const { domain, version } of opset_import) {
    const name = domainOf(domain)
    if (opsets.has(name)) throw new FormatError(`ONNX: two versions of operator set '${name}'`)
    if (version === undefined || version < 1)
      throw new FormatError(`ONNX: operator set '${name}' has no version from 1 on`)
    opsets.set(name, version)
  }
  if (opsets.size > 0) return opsets
  if (ir_version !== undefined && ir_version < 3) return new Map([['', 1]])
  throw new FormatError('ONNX: the file names no operator set: it is cut short, damaged or no ONNX model')
}

/**
 * The model in the bytes of a .onnx file, checked by `checkModel`. Nothing of it shares memory with `bytes`. Documentation,
 * shapes of inner values, quantisation annotations and training information are not kept. Throws `FormatError` for what is no
 * ONNX model or a damaged one, `UnsupportedError` for what is legal and not supported: values in other files, sparse
 * initialisers, types that `OnnxType` lacks, graphs in attributes, functions, anything beyond `limits`.
 */
export function decodeModel(bytes: Uint8Array, limits: Partial<OnnxLimits> = {}): OnnxModel {
  const bounds = withDefaults(limits)
  const message = read(bytes, ModelProto, bounds)
  const { ir_version, graph, functions } = message
  if (ir_version === undefined || ir_version < 1 || graph === undefined) {
    throw new FormatError(
      `ONNX: ${bytes.length} bytes without ${graph === undefined ? 'a graph' : 'an IR version'}: the file is cut short, damaged or no ONNX model`,
    )
  }
  if (functions.length > 0) {
    throw new UnsupportedError(
      `ONNX: the model has ${functions.length} functions of its own; inline them first: onnx.inliner.inline_local_functions(model)`,
    )
  }
  const model: OnnxModel = {
    irVersion: ir_version,
    opsets: opsetsOf(message),
    producerName: message.producer_name ?? '',
    producerVersion: message.producer_version ?? '',
    metadata: new Map(message.metadata_props.map(({ key, value }) => [key ?? '', value ?? ''])),
    graph: graphOf(graph, bounds),
  }
  checkModel(model)
  return model
}

/**
 * The tensor in the bytes of a bare TensorProto, as ONNX's test data have them (input_0.pb). `name` is '' where the file gives
 * none. Throws `FormatError` and `UnsupportedError`.
 */
export function decodeTensor(
  bytes: Uint8Array,
  limits: Partial<OnnxLimits> = {},
): { name: string; tensor: OnnxTensor } {
  const bounds = withDefaults(limits)
  const message = read(bytes, TensorProto, bounds)
  const name = message.name ?? ''
  return { name, tensor: tensorOf(message, name, bounds) }
}
