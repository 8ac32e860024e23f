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

/**
 * One operation. Names in `inputs` are graph inputs, parameters or earlier outputs; '' is an absent optional input. `Name`
 * are the operators that it may name; others than the engine's need a table wherever the graph is used (`OperatorTable`).
 */
export interface GraphNode<Name extends string = OpName> {
  /** Unique in the graph; errors name it. */
  readonly name: string
  readonly op: Name
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, AttributeValue>>
}

/** How a parameter is first filled. Uniform draws come from the stream that the parameter's own name selects. */
export type Initialiser =
  | { readonly kind: 'constant'; readonly value: number }
  /** Uniform in [-bound, bound). */
  | { readonly kind: 'uniform'; readonly bound: number }

/** A tensor that belongs to the model: a weight, a statistic such as batch norm's running mean, or a constant. */
export interface ParameterSpec {
  /** As PyTorch would name it: `stages.0.conv1.weight`, `stages.0.bn1.running_mean`. */
  readonly name: string
  readonly shape: Shape
  /** Default 'float32'. */
  readonly dtype?: DType
  /** Whether an optimiser updates it; only float32 can be. Running statistics are not trainable. */
  readonly trainable: boolean
  /** Default: constant 0. Other dtypes than float32 know constants only. */
  readonly initialiser?: Initialiser
}

/** A tensor the caller feeds. */
export interface GraphInput {
  readonly name: string
  readonly dtype: DType
  readonly shape: SymbolicShape
}

/** A model. Nodes are in an order in which every input exists before it is used. */
export interface Graph<Name extends string = OpName> {
  readonly name: string
  readonly inputs: readonly GraphInput[]
  readonly outputs: readonly string[]
  readonly nodes: readonly GraphNode<Name>[]
  readonly parameters: readonly ParameterSpec[]
}

/** The values of a graph's parameters, by name. `floatParameter` gets one that must be float32. */
export type Parameters = Map<string, Tensor>
