import { ShapeError } from '../base/errors.ts'
import type { Context } from '../core/context.ts'
import { asFloat, type FloatTensor, type Tensor } from '../core/tensor.ts'
import type { Op, Sample, TensorSpec } from './op.ts'

/** What distinguishes one element-wise operator of a single input from another. */
export interface UnaryRule<A extends object> {
  readonly name: string
  /** Writes f(x) to out. */
  forward(context: Context, x: Float32Array, out: Float32Array, attributes: A): void
  /** Writes gradOut * f'(x) to gradX; `y` is the forward result. */
  backward(
    context: Context,
    args: { x: Float32Array; y: Float32Array; gradOut: Float32Array; gradX: Float32Array; attributes: A },
  ): void
  /** Throws when the attributes make no sense. */
  check?(attributes: A): void
  samples(): Sample<A>[]
}

/** The one float32 input of a unary operator. */
export function onlyInput(inputs: readonly (TensorSpec | null)[], operation: string): TensorSpec {
  const [input] = inputs
  if (inputs.length !== 1 || !input) throw new ShapeError(`${operation}: wanted one input, got ${inputs.length}`)
  if (input.dtype !== 'float32') throw new ShapeError(`${operation}: wanted a float32 tensor, got ${input.dtype}`)
  return input
}

/** An operator that maps each element by itself and keeps the shape. */
export function unaryOp<A extends object = object>(rule: UnaryRule<A>): Op<A> {
  return {
    name: rule.name,
    shape(inputs, attributes) {
      const input = onlyInput(inputs, rule.name)
      rule.check?.(attributes)
      return [{ dtype: 'float32', shape: input.shape }]
    },
    forward(context, inputs, attributes) {
      const x = asFloat(inputs[0] as Tensor, rule.name)
      const out = context.empty(x.shape)
      rule.forward(context, x.data, out.data, attributes)
      return { outputs: [out] }
    },
    backward(context, { inputs, outputs, attributes, gradOutputs }) {
      const x = asFloat(inputs[0] as Tensor, rule.name)
      const y = asFloat(outputs[0], rule.name)
      const gradOut = gradOutputs[0] as FloatTensor
      const gradX = context.empty(x.shape)
      rule.backward(context, { x: x.data, y: y.data, gradOut: gradOut.data, gradX: gradX.data, attributes })
      return [gradX]
    },
    samples: () => rule.samples(),
  }
}
