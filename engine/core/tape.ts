import { ShapeError } from '../base/errors.ts'
import { formatShape, sameShape } from '../base/shape.ts'
import type { BackwardArguments, Op } from '../ops/op.ts'
import { context } from './context.ts'
import { asFloat, type FloatTensor, full, type Tensor } from './tensor.ts'

/** One recorded operation: what `backward` needs to send gradients from its outputs to its inputs. */
export interface TapeNode {
  /** Creation order. An operation's inputs were made before it, so descending order is a topological order. */
  readonly sequence: number
  readonly op: Op
  readonly inputs: readonly (Tensor | null)[]
  readonly outputs: readonly Tensor[]
  readonly attributes: object
  readonly saved: unknown
  /** The function below, so that a tensor can start it without importing this file. */
  readonly backward: typeof backward
}

let sequence = 0
let recording = true

/** Runs `body` without recording: results require no gradient, and nothing is kept for `backward`. */
export function noGrad<T>(body: () => T): T {
  const before = recording
  recording = false
  try {
    return body()
  } finally {
    recording = before
  }
}

/** Applies an operator and records it if a gradient may be asked for. Throws `ShapeError` if the inputs do not fit. */
export function applyOp<A extends object>(op: Op<A>, inputs: readonly (Tensor | null)[], attributes: A): Tensor[] {
  // The shape rule validates; its result also says what forward must return.
  op.shape(inputs, attributes)
  context.label = op.name
  const { outputs, saved } = op.forward(context, inputs, attributes)
  if (recording && inputs.some((input) => input?.requiresGrad)) {
    const node: TapeNode = {
      sequence: sequence++,
      op: op as unknown as Op,
      inputs,
      outputs,
      attributes,
      saved,
      backward,
    }
    for (const output of outputs) {
      if (output.dtype !== 'float32') continue
      output.requiresGrad = true
      output.node = node
    }
  }
  return outputs
}

/** `applyOp` for the many operators with one float32 output. */
export function applyFloat<A extends object>(
  op: Op<A>,
  inputs: readonly (Tensor | null)[],
  attributes: A,
): FloatTensor {
  return asFloat(applyOp(op, inputs, attributes)[0], op.name)
}

/**
 * Sends `gradient` (default: 1, for a one-element root) back from `root` and adds to `grad` of every leaf that requires
 * it. Operations run in descending order of creation, and gradients that meet are added in that order: the same program
 * gives the same bits. Throws `ShapeError` when the gradient does not fit.
 */
export function backward(root: FloatTensor, gradient?: FloatTensor): void {
  if (gradient === undefined) {
    if (root.size !== 1) {
      throw new ShapeError(
        `backward: the tensor has shape ${formatShape(root.shape)}; pass the gradient to start from, or reduce it to one element first`,
      )
    }
    gradient = full(root.shape, 1)
  } else if (!sameShape(gradient.shape, root.shape)) {
    throw new ShapeError(`backward: the gradient is ${formatShape(gradient.shape)}, wanted ${formatShape(root.shape)}`)
  }
  const pending = new Map<Tensor, FloatTensor>()
  // Sums made here belong to `pending` and may be added to in place; gradients from an operator may be shared.
  const owned = new Set<FloatTensor>()
  const accumulate = (target: Tensor, g: FloatTensor): void => {
    const before = pending.get(target)
    if (before === undefined) {
      pending.set(target, g)
      return
    }
    const sum = owned.has(before) ? before : context.empty(before.shape)
    context.kernels.add(before.data, g.data, sum.data)
    owned.add(sum)
    pending.set(target, sum)
  }
  accumulate(root, gradient)

  for (const node of collect(root)) {
    const gradOutputs = node.outputs.map((output) => pending.get(output) ?? null)
    for (const output of node.outputs) pending.delete(output)
    // An operator may return the gradient it is given, even for two inputs: from here on it is shared.
    for (const g of gradOutputs) if (g !== null) owned.delete(g)
    if (gradOutputs.every((g) => g === null)) continue
    const needs = node.inputs.map((input) => input?.requiresGrad ?? false)
    context.label = node.op.name
    const args: BackwardArguments<object> = { ...node, gradOutputs, needs }
    const gradInputs = node.op.backward(context, args)
    for (let i = 0; i < node.inputs.length; i++) {
      const input = node.inputs[i]
      const g = gradInputs[i]
      if (input !== null && needs[i] && g) accumulate(input, g)
    }
  }

  for (const [leaf, g] of pending) {
    if (leaf.node !== null || !leaf.requiresGrad) continue
    if (leaf.grad === null) {
      leaf.grad = owned.has(g) ? g : context.empty(g.shape)
      if (leaf.grad !== g) leaf.grad.data.set(g.data)
    } else context.kernels.add(leaf.grad.data, g.data, leaf.grad.data)
  }
}

/** Every operation below `root`, in descending order of creation. */
function collect(root: Tensor): TapeNode[] {
  const seen = new Set<TapeNode>()
  const stack: TapeNode[] = root.node === null ? [] : [root.node]
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    for (const input of node.inputs) if (input?.node) stack.push(input.node)
  }
  return [...seen].sort((a, b) => b.sequence - a.sequence)
}
