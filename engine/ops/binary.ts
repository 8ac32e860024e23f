import { ShapeError } from '../base/errors.ts'
import { RandomStream } from '../base/random.ts'
import { broadcastShapes, type Shape, sameShape, sizeOf } from '../base/shape.ts'
import type { Context } from '../core/context.ts'
import { asFloat, type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import { type BroadcastLayout, broadcastLayout } from '../kernels/broadcast.ts'
import type { Kernels } from '../kernels/index.ts'
import type { Op, Sample } from './op.ts'
import { reductionStages } from './reduction.ts'

/** A kernel of two operands that broadcast. */
export type BroadcastKernel = (a: Float32Array, b: Float32Array, layout: BroadcastLayout, out: Float32Array) => void

/** What a gradient rule is given: the operands, the result and the result's gradient. */
export interface BinaryGradient {
  readonly a: FloatTensor
  readonly b: FloatTensor
  readonly out: FloatTensor
  readonly gradOut: FloatTensor
}

/** What distinguishes one element-wise operator of two inputs from another. */
export interface BinaryRule {
  readonly name: string
  kernel(kernels: Kernels): BroadcastKernel
  /** The gradient of a (of b) in the result's shape; it is summed to the operand's shape afterwards. */
  gradA(context: Context, args: BinaryGradient): FloatTensor
  gradB(context: Context, args: BinaryGradient): FloatTensor
}

/** Applies a kernel to two tensors that are known to broadcast, outside the tape. */
export function broadcastApply(context: Context, kernel: BroadcastKernel, a: FloatTensor, b: FloatTensor): FloatTensor {
  const shape = broadcastShapes(a.shape, b.shape, 'broadcast') as number[]
  const out = context.empty(shape)
  kernel(a.data, b.data, broadcastLayout(a.shape, b.shape, shape), out.data)
  return out
}

/** -x, outside the tape. */
export function negate(context: Context, x: FloatTensor): FloatTensor {
  return broadcastApply(context, context.kernels.mulBroadcast, x, tensor([-1], []))
}

/**
 * Sums a gradient over the axes along which an operand of `shape` was repeated. The order is that of ReduceSum: the
 * innermost group of repeated axes first (the standard 16-lane reduction where it is contiguous), every further group
 * ascending. Returns `gradient` itself when the shapes are equal.
 */
export function sumToShape(context: Context, gradient: FloatTensor, shape: Shape): FloatTensor {
  if (sameShape(gradient.shape, shape)) return gradient
  const missing = gradient.shape.length - shape.length
  const repeated = gradient.shape.map((extent, i) => i < missing || (shape[i - missing] === 1 && extent !== 1))
  const stages = reductionStages(gradient.shape, repeated)
  const out = context.empty(shape)
  let from = gradient.data
  for (const [i, { outer, extent, inner }] of stages.entries()) {
    const to = i === stages.length - 1 ? out : context.empty([outer, inner])
    context.kernels.reduceSum(from, to.data, outer, extent, inner)
    from = to.data
  }
  if (stages.length === 0) out.data.set(from)
  return out
}

/** An operator of two float32 inputs with NumPy's broadcasting. */
export function binaryOp(rule: BinaryRule): Op {
  return {
    name: rule.name,
    shape(inputs) {
      const [a, b] = inputs
      if (inputs.length !== 2 || !a || !b) {
        throw new ShapeError(`${rule.name}: wanted two inputs, got ${inputs.filter((input) => input).length}`)
      }
      for (const { dtype } of [a, b]) {
        if (dtype !== 'float32') throw new ShapeError(`${rule.name}: wanted float32 tensors, got ${dtype}`)
      }
      return [{ dtype: 'float32', shape: broadcastShapes(a.shape, b.shape, rule.name) }]
    },
    forward(context, inputs) {
      const a = asFloat(inputs[0] as Tensor, rule.name)
      const b = asFloat(inputs[1] as Tensor, rule.name)
      return { outputs: [broadcastApply(context, rule.kernel(context.kernels), a, b)] }
    },
    backward(context, { inputs, outputs, gradOutputs, needs }) {
      const a = asFloat(inputs[0] as Tensor, rule.name)
      const b = asFloat(inputs[1] as Tensor, rule.name)
      const args = { a, b, out: asFloat(outputs[0], rule.name), gradOut: gradOutputs[0] as FloatTensor }
      return [
        needs[0] ? sumToShape(context, rule.gradA(context, args), a.shape) : null,
        needs[1] ? sumToShape(context, rule.gradB(context, args), b.shape) : null,
      ]
    },
    samples: () => binarySamples(rule.name),
  }
}

/** Every way two shapes meet. Values are in [0.5, 1.5), so that they also divide. */
function binarySamples(name: string): Sample<object>[] {
  const random = new RandomStream(0, name)
  const values = (shape: Shape) =>
    tensor(
      Array.from({ length: sizeOf(shape) }, () => 0.5 + random.uniform()),
      shape,
    )
  const sample = (what: string, a: Shape, b: Shape) => ({
    name: what,
    inputs: [values(a), values(b)],
    attributes: {},
  })
  return [
    sample('equal shapes', [2, 3], [2, 3]),
    sample('scalar on the right', [2, 3], []),
    sample('one element on the left', [1], [2, 3]),
    sample('both scalar', [], []),
    sample('one value per channel', [2, 3, 2, 9], [1, 3, 1, 1]),
    sample('trailing vector', [2, 2, 5], [5]),
    sample('column', [2, 3, 4], [3, 1]),
    sample('both repeated', [3, 1], [1, 4]),
    sample('both repeated, in turn', [2, 1, 3, 1], [1, 2, 1, 3]),
  ]
}
