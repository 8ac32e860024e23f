// ONNX models from plain descriptions. Field numbers from onnx/onnx, onnx.proto3.

import { bytes, concat, float, integer, message } from './protobuf.mjs'

const IR_VERSION = 8
const OPSET = 17

/** TensorProto.DataType. */
const dataTypes = { float32: 1, uint8: 2, int8: 3, int32: 6 }
/** AttributeProto.AttributeType. */
const FLOAT = 1
const INT = 2
const STRING = 3
const INTS = 7

/** Attributes of this repertoire that are floats even where their value is whole. */
const floatAttributes = new Set(['alpha', 'beta', 'epsilon', 'momentum'])

/**
 * The bytes of a model. `inputs` and `outputs`: {name, dtype, shape}, null for an unknown extent. `nodes`:
 * {name, op, inputs, outputs, attributes}. `constants`: {name, dtype, shape, data}, data being a typed array.
 */
export function encodeModel({ name, inputs, outputs, nodes, constants }) {
  const graph = [
    ...nodes.map((node) => message(1, nodeFields(node))),
    bytes(2, name),
    ...constants.map((constant) => message(5, tensorFields(constant))),
    ...inputs.map((value) => message(11, valueFields(value))),
    ...outputs.map((value) => message(12, valueFields(value))),
  ]
  const opset = [bytes(1, ''), integer(2, OPSET)]
  return concat([integer(1, IR_VERSION), bytes(2, 'quant-trim peers'), message(7, graph), message(8, opset)])
}

function nodeFields({ name, op, inputs, outputs, attributes }) {
  return [
    ...inputs.map((input) => bytes(1, input)),
    ...outputs.map((output) => bytes(2, output)),
    bytes(3, name),
    bytes(4, op),
    ...Object.entries(attributes).map(([key, value]) => message(5, attributeFields(key, value))),
  ]
}

function attributeFields(name, value) {
  const typed = (type, fields) => [bytes(1, name), ...fields, integer(20, type)]
  if (Array.isArray(value))
    return typed(
      INTS,
      value.map((item) => integer(8, item)),
    )
  if (typeof value === 'string') return typed(STRING, [bytes(4, value)])
  if (floatAttributes.has(name)) return typed(FLOAT, [float(2, value)])
  return typed(INT, [integer(3, value)])
}

function tensorFields({ name, dtype, shape, data }) {
  return [
    ...shape.map((extent) => integer(1, extent)),
    integer(2, dataTypes[dtype]),
    bytes(8, name),
    // Little-endian, as are all machines that these runtimes exist for.
    bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ]
}

function valueFields({ name, dtype, shape }) {
  const dims = shape.map((extent, i) => message(1, [extent === null ? bytes(2, `d${i}`) : integer(1, extent)]))
  return [bytes(1, name), message(2, [message(1, [integer(1, dataTypes[dtype]), message(2, dims)])])]
}
