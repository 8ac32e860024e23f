import { ShapeError } from '../base/errors.ts'
import { broadcastShapes, type SymbolicShape } from '../base/shape.ts'
import type { Context } from '../core/context.ts'
import { asFloat, type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { Kernels } from '../kernels/index.ts'
import { type BroadcastKernel, broadcastApply, sumToShape } from './binary.ts'
import type { Op } from './op.ts'
import { viewAs } from './reshape.ts'

/** What a gradient rule is given: the operands, the result and the result's gradient. */
export interface VariadicGradient {
  readonly inputs: readonly FloatTensor[]
  readonly out: FloatTensor
  readonly gradOut: FloatTensor
  readonly needs: readonly boolean[]
}

/** What distinguishes one element-wise operator of any number of inputs from another. */
export interface VariadicRule {
  readonly name: string
  /** Combines the result so far with the next input. */
  kernel(kernels: Kernels): BroadcastKernel
  /** One gradient for each input that needs one, in the result's shape; summed to the input's shape afterwards. */
  gradients(context: Context, args: VariadicGradient): (FloatTensor | null)[]
}

/** An operator of one or more float32 inputs with NumPy's broadcasting, combined from the first to the last. */
export function variadicOp(rule: VariadicRule): Op {
  return {
    name: rule.name,
    shape(inputs) {
      let shape: SymbolicShape = []
      for (const [i, input] of inputs.entries()) {
        if (!input) throw new ShapeError(`${rule.name}: input ${i} is absent`)
        if (input.dtype !== 'float32') {
          throw new ShapeError(`${rule.name}: wanted float32 tensors, got ${input.dtype}`)
        }
        shape = i === 0 ? input.shape : broadcastShapes(shape, input.shape, rule.name)
      }
      if (inputs.length === 0) throw new ShapeError(`${rule.name}: wanted at least one input`)
      return [{ dtype: 'float32', shape }]
    },
    forward(context, inputs) {
      const [first, ...others] = inputs.map((input) => asFloat(input as Tensor, rule.name))
      const kernel = rule.kernel(context.kernels)
      const out = others.reduce((result, input) => broadcastApply(context, kernel, result, input), first)
      return { outputs: [out === first ? viewAs(first, first.shape) : out] }
    },
    backward(context, { inputs, outputs, gradOutputs, needs }) {
      const operands = inputs.map((input) => asFloat(input as Tensor, rule.name))
      const out = asFloat(outputs[0], rule.name)
      const gradOut = gradOutputs[0] as FloatTensor
      const gradients = rule.gradients(context, { inputs: operands, out, gradOut, needs })
      return gradients.map((gradient, i) => gradient && sumToShape(context, gradient, operands[i].shape))
    },
    samples: () => [
      { name: 'one input', inputs: [tensor([1, -2, 3])], attributes: {} },
      { name: 'two inputs', inputs: [tensor([1, -2, 3, 0], [2, 2]), tensor([0.5, -1, 4, -3], [2, 2])], attributes: {} },
      {
        name: 'three inputs that stretch in turn',
        inputs: [
          tensor([1, -2, 3], [3, 1]),
          tensor([0.5, -1, 4, 2.5], [4]),
          tensor([-0.7, 1.3, 5, 0.8, -2.2, 3.4], [2, 3, 1]),
        ],
        attributes: {},
      },
    ],
  }
}

/**
 * The gradients of a greatest or least value: shared equally among the inputs that equal the result (two that tie get half
 * each, as in PyTorch's maximum), 0 for the others; NaN for all where the result is NaN.
 */
export function sharedAmongEqual(
  context: Context,
  { inputs, out, gradOut, needs }: VariadicGradient,
): (FloatTensor | null)[] {
  const { addBroadcast, divBroadcast, equalBroadcast, mulBroadcast } = context.kernels
  const winners = inputs.map((input) => broadcastApply(context, equalBroadcast, input, out))
  const count = winners.reduce((sum, winner) => broadcastApply(context, addBroadcast, sum, winner))
  const share = broadcastApply(context, divBroadcast, gradOut, count)
  return winners.map((winner, i) => (needs[i] ? broadcastApply(context, mulBroadcast, share, winner) : null))
}
