import type { DType } from '../base/dtype.ts'
import type { SymbolicShape } from '../base/shape.ts'
import type { Context } from '../core/context.ts'
import type { FloatTensor, Tensor } from '../core/tensor.ts'

/** What is known of a tensor before it exists. A `Tensor` is one. */
export interface TensorSpec {
  readonly dtype: DType
  readonly shape: SymbolicShape
}

/** What `backward` gets: the operation as it ran, and the gradients of the loss with respect to its outputs. */
export interface BackwardArguments<A> {
  readonly inputs: readonly (Tensor | null)[]
  readonly outputs: readonly Tensor[]
  readonly attributes: A
  /** What `forward` returned as `saved`. */
  readonly saved: unknown
  /** One per output; null where no gradient reached it. */
  readonly gradOutputs: readonly (FloatTensor | null)[]
  /** One per input: whether its gradient is wanted. Results for the others are ignored and need not be computed. */
  readonly needs: readonly boolean[]
}

/** One call of an operator: drives its gradient check, the identity tests of its kernels and its benchmark. */
export interface Sample<A> {
  readonly name: string
  /** float32 inputs are the ones differentiated; keep them away from kinks by more than the check's step (1e-2). */
  readonly inputs: readonly (Tensor | null)[]
  readonly attributes: A
  /** The inputs that have a gradient; default: every float32 one. Batch norm's running statistics have none. */
  readonly differentiable?: readonly number[]
}

/**
 * An operator in one object, named and parameterised as in ONNX. An absent optional input is null. Shapes may hold
 * `null` dimensions in `shape` (a graph before its batch is known), never in `forward`.
 */
export interface Op<A extends object = object> {
  readonly name: string
  /** Validates inputs and attributes and infers the outputs. Throws `ShapeError`. */
  shape(inputs: readonly (TensorSpec | null)[], attributes: A): TensorSpec[]
  /** Computes the outputs. `saved` is kept for `backward`. `shape` has accepted the inputs. */
  forward(context: Context, inputs: readonly (Tensor | null)[], attributes: A): { outputs: Tensor[]; saved?: unknown }
  /** One gradient per input, null where there is none to give. May return the gradient it was given. */
  backward(context: Context, args: BackwardArguments<A>): (FloatTensor | null)[]
  /** Small calls over the operator's range: attributes, odd shapes, absent inputs. */
  samples(): Sample<A>[]
}
