/**
 * The messages of onnx.proto as tables: the fields that are read or written, by their numbers there. Graphs inside attributes
 * and types that are no tensors are skipped; functions, sparse initialisers and segments are `bytes`: seen, not descended into.
 * What onnx.proto packs is `data`; the other lists ONNX's own library writes one element a tag.
 */

import { type Field, type MessageTable, messageTable, type ScalarKind } from './protobuf.ts'

const once = <K extends ScalarKind | MessageTable>(number: number, kind: K): Field<K, 'once'> => ({
  number,
  kind,
  occurs: 'once',
})
const many = <K extends ScalarKind | MessageTable>(number: number, kind: K): Field<K, 'many'> => ({
  number,
  kind,
  occurs: 'many',
})
const data = <K extends ScalarKind>(number: number, kind: K): Field<K, 'data'> => ({ number, kind, occurs: 'data' })

export const StringStringEntryProto = messageTable('StringStringEntryProto', {
  key: once(1, 'string'),
  value: once(2, 'string'),
})

export const TensorProto = messageTable('TensorProto', {
  dims: many(1, 'int64'),
  data_type: once(2, 'int32'),
  segment: once(3, 'bytes'),
  float_data: data(4, 'float'),
  int32_data: data(5, 'int32'),
  string_data: many(6, 'bytes'),
  int64_data: data(7, 'bigint64'),
  name: once(8, 'string'),
  raw_data: once(9, 'bytes'),
  double_data: data(10, 'double'),
  uint64_data: data(11, 'biguint64'),
  external_data: many(13, StringStringEntryProto),
  data_location: once(14, 'int32'),
})

export const AttributeProto = messageTable('AttributeProto', {
  name: once(1, 'string'),
  f: once(2, 'float'),
  i: once(3, 'bigint64'),
  s: once(4, 'bytes'),
  t: once(5, TensorProto),
  floats: many(7, 'float'),
  ints: many(8, 'bigint64'),
  strings: many(9, 'bytes'),
  type: once(20, 'int32'),
  ref_attr_name: once(21, 'string'),
})

export const NodeProto = messageTable('NodeProto', {
  input: many(1, 'string'),
  output: many(2, 'string'),
  name: once(3, 'string'),
  op_type: once(4, 'string'),
  attribute: many(5, AttributeProto),
  domain: once(7, 'string'),
})

export const Dimension = messageTable('TensorShapeProto.Dimension', {
  dim_value: once(1, 'int64'),
  dim_param: once(2, 'string'),
})

export const TensorShapeProto = messageTable('TensorShapeProto', {
  dim: many(1, Dimension),
})

export const TensorTypeProto = messageTable('TypeProto.Tensor', {
  elem_type: once(1, 'int32'),
  shape: once(2, TensorShapeProto),
})

export const TypeProto = messageTable('TypeProto', {
  tensor_type: once(1, TensorTypeProto),
})

export const ValueInfoProto = messageTable('ValueInfoProto', {
  name: once(1, 'string'),
  type: once(2, TypeProto),
})

export const GraphProto = messageTable('GraphProto', {
  node: many(1, NodeProto),
  name: once(2, 'string'),
  initializer: many(5, TensorProto),
  input: many(11, ValueInfoProto),
  output: many(12, ValueInfoProto),
  sparse_initializer: many(15, 'bytes'),
})

export const OperatorSetIdProto = messageTable('OperatorSetIdProto', {
  domain: once(1, 'string'),
  version: once(2, 'int64'),
})

export const ModelProto = messageTable('ModelProto', {
  ir_version: once(1, 'int64'),
  producer_name: once(2, 'string'),
  producer_version: once(3, 'string'),
  graph: once(7, GraphProto),
  opset_import: many(8, OperatorSetIdProto),
  metadata_props: many(14, StringStringEntryProto),
  functions: many(25, 'bytes'),
})
