/**
 * The model representation that serves every phase: a static, single-assignment graph in ONNX vocabulary, NCHW, tensors
 * by name. A graph holds no data; its parameters live beside it, by name, so that one graph serves many checkpoints.
 */

import type { DType } from '../base/dtype.ts'
import type { Shape, SymbolicShape } from '../base/shape.ts'
import type { Tensor } from '../core/tensor.ts'
import type { OpName } from '../ops/names.ts'

/** The value of one ONNX attribute. */
export type AttributeValue = number | string | readonly number[]

/** One operation. Names in `inputs` are graph inputs, parameters or earlier outputs; '' is an absent optional input. */
export interface GraphNode {
  /** Unique in the graph; errors name it. */
  readonly name: string
  readonly op: OpName
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, AttributeValue>>
}

/** How a parameter is first filled. Uniform draws come from the stream that the parameter's own name selects. */
export type Initialiser =
  | { readonly kind: 'constant'; readonly value: number }
  /** Uniform in [-bound, bound). */
  | { readonly kind: 'uniform'; readonly bound: number }

/** A tensor that belongs to the model: a weight, or a statistic such as batch norm's running mean. */
export interface ParameterSpec {
  /** As PyTorch would name it: `stages.0.conv1.weight`, `stages.0.bn1.running_mean`. */
  readonly name: string
  readonly shape: Shape
  /** Whether an optimiser updates it. Running statistics are not trainable. */
  readonly trainable: boolean
  readonly initialiser: Initialiser
}

/** A tensor the caller feeds. */
export interface GraphInput {
  readonly name: string
  readonly dtype: DType
  readonly shape: SymbolicShape
}

/** A model. Nodes are in an order in which every input exists before it is used. */
export interface Graph {
  readonly name: string
  readonly inputs: readonly GraphInput[]
  readonly outputs: readonly string[]
  readonly nodes: readonly GraphNode[]
  readonly parameters: readonly ParameterSpec[]
}

/** The values of a graph's parameters, by name. */
export type Parameters = Map<string, Tensor<'float32'>>
