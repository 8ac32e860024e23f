import type { Graph } from '../../engine/graph/graph.ts'
import type { OpName } from '../../engine/ops/names.ts'

/** The operators on codes, by their ONNX names. Adding one: write its file, list it here and in table.ts. */
export type QuantisedOpName =
  | 'ConvInteger'
  | 'DequantizeLinear'
  | 'DynamicQuantizeLinear'
  | 'MatMulInteger'
  | 'QLinearConv'
  | 'QLinearMatMul'
  | 'QuantizeLinear'

/**
 * A graph that may hold operators on codes. Example: `runGraph(graph, parameters, { image }, { operators })` with the
 * `operators` of table.ts; `inferShapes(graph, operators)`.
 */
export type QuantisedGraph = Graph<OpName | QuantisedOpName>
