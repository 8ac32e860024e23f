/** A model to the bytes of an ONNX file. */

import type { OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from '../model.ts'
import { attributeMessage } from './attributeProto.ts'
import type { Draft } from './protobuf.ts'
import { encodeMessage } from './protobufWrite.ts'
import { ModelProto, type NodeProto, TensorProto, type ValueInfoProto } from './schema.ts'
import { tensorMessage } from './tensorProto.ts'
import { typeInfo } from './types.ts'

const unlessEmpty = (text: string): string | undefined => (text === '' ? undefined : text)

function nodeMessage(node: OnnxNode, index: number): Draft<typeof NodeProto> {
  const what = `ONNX node ${index} (${node.op}${node.name === '' ? '' : ` '${node.name}'`})`
  return {
    input: node.inputs,
    output: node.outputs,
    name: unlessEmpty(node.name),
    op_type: node.op,
    attribute: Array.from(node.attributes, ([name, attribute]) =>
      attributeMessage(name, attribute, `${what}: attribute '${name}'`),
    ),
    domain: unlessEmpty(node.domain),
  }
}

function valueInfoMessage({ name, type, dims }: OnnxValueInfo): Draft<typeof ValueInfoProto> {
  if (type === null && dims === null) return { name }
  return {
    name,
    type: {
      tensor_type: {
        elem_type: type === null ? undefined : typeInfo[type].code,
        shape:
          dims === null
            ? undefined
            : {
                dim: dims.map((extent) =>
                  typeof extent === 'number' ? { dim_value: extent } : { dim_param: extent ?? undefined },
                ),
              },
      },
    },
  }
}

/**
 * The bytes of a .onnx file. The same model always gives the same bytes: everything is written in the order in which the model
 * has it, values as raw_data. The structure is not checked: see `checkModel`. Throws `UnsupportedError` for an attribute that
 * was not kept, `ShapeError` for a tensor whose values are not as many as its dimensions say.
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const { graph } = model
  return encodeMessage(ModelProto, {
    ir_version: model.irVersion,
    producer_name: unlessEmpty(model.producerName),
    producer_version: unlessEmpty(model.producerVersion),
    graph: {
      node: graph.nodes.map(nodeMessage),
      name: graph.name,
      initializer: Array.from(graph.initialisers, ([name, tensor]) => tensorMessage(tensor, name)),
      input: graph.inputs.map(valueInfoMessage),
      output: graph.outputs.map(valueInfoMessage),
    },
    opset_import: Array.from(model.opsets, ([domain, version]) => ({ domain, version })),
    metadata_props: Array.from(model.metadata, ([key, value]) => ({ key, value })),
  })
}

/** The bytes of a bare TensorProto, as ONNX's test data have them (input_0.pb). Throws `ShapeError` as `encodeModel` does. */
export function encodeTensor(name: string, tensor: OnnxTensor): Uint8Array {
  return encodeMessage(TensorProto, tensorMessage(tensor, name))
}
