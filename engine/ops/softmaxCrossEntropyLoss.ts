import { ShapeError } from '../base/errors.ts'
import { formatShape, type SymbolicShape } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import { viewAxis } from './axis.ts'
import type { Op, TensorSpec } from './op.ts'

const NAME = 'SoftmaxCrossEntropyLoss'

/** How the losses become one number: their mean, their sum, or not at all. */
export type Reduction = 'mean' | 'sum' | 'none'

/** The attributes of ONNX's operator that we know, and one of ours. */
export interface SoftmaxCrossEntropyLossAttributes {
  /** Default 'mean'. */
  readonly reduction?: Reduction
  /** Ours, as in PyTorch, in [0, 1): how much of the target is spread evenly over all classes. Default 0. */
  readonly label_smoothing?: number
}

function checkAttributes({ reduction = 'mean', label_smoothing = 0 }: SoftmaxCrossEntropyLossAttributes): void {
  if (reduction !== 'mean' && reduction !== 'sum' && reduction !== 'none') {
    throw new ShapeError(`${NAME}: reduction '${reduction}' is not one of 'mean', 'sum', 'none'`)
  }
  if (!(label_smoothing >= 0 && label_smoothing < 1)) {
    throw new ShapeError(`${NAME}: label smoothing ${label_smoothing} is outside [0, 1)`)
  }
}

/** The logits' shape without the classes. Throws `ShapeError` unless logits and target fit. */
function targetShape(inputs: readonly (TensorSpec | null)[]): SymbolicShape {
  const [logits, target] = inputs
  if (inputs.length !== 2 || !logits || !target) {
    throw new ShapeError(`${NAME}: wanted two inputs, logits and target, got ${inputs.length}`)
  }
  if (logits.dtype !== 'float32' || target.dtype !== 'int32') {
    throw new ShapeError(`${NAME}: wanted float32 logits and an int32 target, got ${logits.dtype} and ${target.dtype}`)
  }
  const wanted = logits.shape.filter((_, i) => i !== 1)
  const fits =
    logits.shape.length >= 2 &&
    wanted.length === target.shape.length &&
    wanted.every((extent, i) => extent === null || target.shape[i] === null || extent === target.shape[i])
  if (!fits) {
    throw new ShapeError(
      `${NAME}: wanted logits [N, C, ...] and a target [N, ...], got ${formatShape(logits.shape)} and ${formatShape(target.shape)}`,
    )
  }
  return wanted.map((extent, i) => extent ?? target.shape[i])
}

/** Throws `ShapeError` for the first label that names no class. */
function checkLabels(target: Int32Array, classes: number): void {
  for (let row = 0; row < target.length; row++) {
    if (target[row] >= 0 && target[row] < classes) continue
    throw new ShapeError(
      `${NAME}: the target of row ${row} is ${target[row]}, but the logits have ${classes} classes: labels are integers in [0, ${classes})`,
    )
  }
}

/**
 * ONNX SoftmaxCrossEntropyLoss without class weights and without ignore_index: logits `[N, C, ...]`, int32 target
 * `[N, ...]`. One output: a scalar, or with reduction 'none' the losses in the target's shape.
 */
export const SoftmaxCrossEntropyLoss: Op<SoftmaxCrossEntropyLossAttributes> = {
  name: NAME,
  shape(inputs, attributes) {
    checkAttributes(attributes)
    const shape = targetShape(inputs)
    return [{ dtype: 'float32', shape: attributes.reduction === 'none' ? shape : [] }]
  },
  forward(context, inputs, { reduction = 'mean', label_smoothing = 0 }) {
    const { kernels } = context
    const logits = asFloat(inputs[0] as Tensor, NAME)
    const target = inputs[1] as Tensor<'int32'>
    const { outer, extent, inner } = viewAxis(logits.shape, 1)
    checkLabels(target.data, extent)
    const losses = context.empty(target.shape)
    const probabilities = context.empty(logits.shape)
    kernels.crossEntropy(
      logits.data,
      target.data,
      losses.data,
      probabilities.data,
      outer,
      extent,
      inner,
      label_smoothing,
    )
    if (reduction === 'none') return { outputs: [losses], saved: probabilities }
    const out = context.empty([])
    kernels.reduceSum(losses.data, out.data, 1, losses.size, 1)
    if (reduction === 'mean') kernels.divideBy(out.data, out.data, losses.size)
    return { outputs: [out], saved: probabilities }
  },
  backward(context, { inputs, attributes, saved, gradOutputs }) {
    const { reduction = 'mean', label_smoothing = 0 } = attributes
    const target = inputs[1] as Tensor<'int32'>
    const probabilities = saved as FloatTensor
    const gradOut = gradOutputs[0] as FloatTensor
    const { outer, extent, inner } = viewAxis(probabilities.shape, 1)
    const gradLogits = context.empty(probabilities.shape)
    context.kernels.crossEntropyGrad(
      probabilities.data,
      target.data,
      gradOut.data,
      gradLogits.data,
      outer,
      extent,
      inner,
      label_smoothing,
      reduction === 'mean' ? target.size : 1,
    )
    return [gradLogits, null]
  },
  samples() {
    const logits = tensor([0.5, -1, 2, 0.25, 0.75, -0.5, 1, 1.5, -2, 0, 0.125, -0.25], [4, 3])
    const target = tensor([2, 0, 1, 1], [4], { dtype: 'int32' })
    const plane = tensor(logits.data, [2, 3, 2])
    const planeTarget = tensor(target.data, [2, 2], { dtype: 'int32' })
    return [
      { name: 'mean', inputs: [logits, target], attributes: {} },
      { name: 'sum, smoothed', inputs: [logits, target], attributes: { reduction: 'sum', label_smoothing: 0.1 } },
      { name: 'none', inputs: [logits, target], attributes: { reduction: 'none' } },
      { name: 'positions', inputs: [plane, planeTarget], attributes: { label_smoothing: 0.25 } },
      {
        name: 'positions, none',
        inputs: [plane, planeTarget],
        attributes: { reduction: 'none', label_smoothing: 0.25 },
      },
    ]
  },
}

/** What `crossEntropy` takes beside its tensors. */
export interface CrossEntropyOptions {
  /** How much of the target is spread evenly over all classes, in [0, 1). Default 0. */
  labelSmoothing?: number
  /** Default 'mean'. */
  reduction?: Reduction
}

/**
 * Cross entropy of softmax(logits) against class labels: logits `[N, C]` with an int32 target `[N]`, or `[N, C, ...]`
 * with `[N, ...]`. The mean of no rows is NaN. Throws `ShapeError` for shapes that do not fit and for a label outside
 * [0, C).
 */
export function crossEntropy(
  logits: FloatTensor,
  target: Tensor<'int32'>,
  options: CrossEntropyOptions = {},
): FloatTensor {
  return applyFloat(SoftmaxCrossEntropyLoss, [logits, target], {
    reduction: options.reduction ?? 'mean',
    label_smoothing: options.labelSmoothing ?? 0,
  })
}
