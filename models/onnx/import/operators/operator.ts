import { FormatError } from '../../../../engine/base/errors.ts'
import type { AttributeKind, OnnxAttributes } from '../../attributes.ts'
import type { OnnxTensor } from '../../model.ts'
import type { NodeBuilder } from '../nodeBuilder.ts'

/** One evaluation of an operator on values. */
export interface OnnxCall {
  /** null: an optional input that is absent. */
  readonly inputs: readonly (OnnxTensor | null)[]
  readonly attributes: OnnxAttributes
  /** The version of the operator set that the model states. */
  readonly opset: number
  /** How many outputs the node names. */
  readonly outputs: number
  /** The most elements that a result may have; more is a `FormatError`, before memory is allocated. */
  readonly maxElements: number
}

/**
 * How one ONNX operator enters the project. `build` writes it into a graph, in the graph's own vocabulary; `evaluate`
 * computes it on values of types or in forms that a graph does not have. An operator has one or both.
 */
export interface OnnxOperator {
  readonly name: string
  /** The first operator set whose version of it is read here; what changed since then is handled. */
  readonly since: number
  /** How many inputs, from the first on, must be there; default 1. */
  readonly requires?: number
  /** The attributes it may have. A node with another one is refused. */
  readonly attributes?: Readonly<Record<string, AttributeKind>>
  /**
   * The inputs whose elements it only moves, so that it can be evaluated on every type by moving indices through `build`:
   * their positions, or 'all'.
   */
  readonly moves?: readonly number[] | 'all'
  /** The inputs that `build` reads at import (a shape, axes): positions. All others are tensors of the graph. */
  readonly constants?: readonly number[]
  /** False: it stays in the graph even where all its inputs are constants. */
  readonly fold?: false
  /** Adds it to a graph. Throws `UnsupportedError` through `NodeBuilder.refuse` for what the graph cannot express. */
  build?(node: NodeBuilder): void
  /** Computes it. `ShapeError` for inputs that do not fit. */
  evaluate?(call: OnnxCall): OnnxTensor[]
  /** Whether `evaluate` rather than `build` computes this call; default: where an input is not of a type that graphs hold. */
  evaluates?(call: OnnxCall): boolean
}

/** Throws `FormatError` unless the inputs that an operator must have are there; `has` tells of each position. */
export function checkInputs({ name, requires = 1 }: OnnxOperator, has: (input: number) => boolean): void {
  for (let i = 0; i < requires; i++) {
    if (!has(i)) throw new FormatError(`${name}: its input ${i} is missing; wanted at least ${requires}`)
  }
}

/** Whether an operator does nothing with the elements of an input but to move them. */
export function isMoved({ moves = [] }: OnnxOperator, input: number): boolean {
  return moves === 'all' || moves.includes(input)
}
