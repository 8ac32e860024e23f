import { type SymbolicShape, sizeOf } from '../base/shape.ts'
import type { TensorSpec } from '../ops/op.ts'
import type { Graph } from './graph.ts'
import { inferShapes } from './inferShapes.ts'

/** The number of trainable values, as PyTorch counts parameters: running statistics are not among them. */
export function countParameters(graph: Graph<string>): number {
  let count = 0
  for (const { shape, trainable } of graph.parameters) if (trainable) count += sizeOf(shape)
  return count
}

/**
 * The multiply-accumulates of one inference (unknown dimensions, the batch, count as 1): outputs times products per
 * output for Conv, Gemm and MatMul, inputs times products per input for ConvTranspose. Products with padding count,
 * biases and element-wise operators do not.
 */
export function countMacs(graph: Graph): number {
  const specs = inferShapes(graph)
  const shapeOf = (name: string): SymbolicShape => (specs.get(name) as TensorSpec).shape
  const size = (shape: SymbolicShape): number => sizeOf(shape.map((extent) => extent ?? 1))
  let macs = 0
  for (const { op, inputs, outputs, attributes } of graph.nodes) {
    if (op === 'Conv') macs += size(shapeOf(outputs[0])) * size(shapeOf(inputs[1]).slice(1))
    else if (op === 'ConvTranspose') macs += size(shapeOf(inputs[0])) * size(shapeOf(inputs[1]).slice(1))
    else if (op === 'MatMul') macs += size(shapeOf(outputs[0])) * (shapeOf(inputs[0]).at(-1) ?? 1)
    else if (op === 'Gemm') macs += size(shapeOf(outputs[0])) * (shapeOf(inputs[0])[attributes.transA ? 0 : 1] ?? 1)
  }
  return macs
}
