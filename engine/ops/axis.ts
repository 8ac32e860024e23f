import { normaliseAxis, type Shape, sizeOf } from '../base/shape.ts'
import type { Context } from '../core/context.ts'
import { asFloat, type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { Op, Sample } from './op.ts'
import { onlyInput } from './unary.ts'

/** The attribute of an operator that works along one axis. */
export interface AxisAttributes {
  /** In [-rank, rank); default -1. */
  readonly axis?: number
}

/** A shape as seen from one axis: `[outer, extent, inner]`. */
export interface AxisView {
  readonly outer: number
  readonly extent: number
  readonly inner: number
}

/** The shape around `axis`, which is in [0, rank). */
export function viewAxis(shape: Shape, axis: number): AxisView {
  return { outer: sizeOf(shape.slice(0, axis)), extent: shape[axis], inner: sizeOf(shape.slice(axis + 1)) }
}

/** What distinguishes one operator along an axis from another. */
export interface AxisRule {
  readonly name: string
  /** Writes the result for x to out. */
  forward(context: Context, x: Float32Array, out: Float32Array, view: AxisView): void
  /** Writes the gradient of x to gradX; `y` is the forward result. */
  backward(
    context: Context,
    args: { y: Float32Array; gradOut: Float32Array; gradX: Float32Array; view: AxisView },
  ): void
}

/** An operator that maps each line along one axis by itself and keeps the shape. */
export function axisOp(rule: AxisRule): Op<AxisAttributes> {
  const view = (x: Tensor, { axis = -1 }: AxisAttributes) =>
    viewAxis(x.shape, normaliseAxis(axis, x.shape.length, rule.name))
  return {
    name: rule.name,
    shape(inputs, { axis = -1 }) {
      const { shape } = onlyInput(inputs, rule.name)
      normaliseAxis(axis, shape.length, rule.name)
      return [{ dtype: 'float32', shape }]
    },
    forward(context, inputs, attributes) {
      const x = asFloat(inputs[0] as Tensor, rule.name)
      const out = context.empty(x.shape)
      rule.forward(context, x.data, out.data, view(x, attributes))
      return { outputs: [out] }
    },
    backward(context, { outputs, attributes, gradOutputs }) {
      const y = asFloat(outputs[0], rule.name)
      const gradOut = gradOutputs[0] as FloatTensor
      const gradX = context.empty(y.shape)
      const args = { y: y.data, gradOut: gradOut.data, gradX: gradX.data, view: view(y, attributes) }
      rule.backward(context, args)
      return [gradX]
    },
    samples: axisSamples,
  }
}

function axisSamples(): Sample<AxisAttributes>[] {
  const ramp = (size: number) => Array.from({ length: size }, (_, i) => ((i * 7) % size) / 8 - 1)
  const x = tensor(ramp(24), [2, 3, 4])
  return [
    { name: 'last axis', inputs: [x], attributes: {} },
    { name: 'middle axis', inputs: [x], attributes: { axis: 1 } },
    { name: 'first axis', inputs: [x], attributes: { axis: -3 } },
    { name: 'row longer than the lanes', inputs: [tensor(ramp(19), [1, 19])], attributes: { axis: 1 } },
    { name: 'one element', inputs: [tensor([3], [1])], attributes: { axis: 0 } },
  ]
}
