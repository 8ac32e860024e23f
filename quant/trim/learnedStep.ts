import { applyFloat } from '../../engine/core/tape.ts'
import { asFloat, type FloatTensor, type Tensor } from '../../engine/core/tensor.ts'
import type { Op, TensorSpec } from '../../engine/ops/op.ts'
import { channelRun } from '../affine/quantiser.ts'
import type { CodeRange } from '../affine/scheme.ts'
import { learnedStepGrad, learnedStep as quantiseWithStep } from './learnedStepKernel.ts'

/** What `learnedStep` quantises to. */
export interface LearnedStepAttributes extends CodeRange {
  /** The dimension of the channels that have steps of their own; null for one step. */
  readonly axis: number | null
  /** The factor on the step's gradient, an f32. */
  readonly factor: number
}

/** Fake quantisation whose step is learned; ours, not ONNX's. See `learnedStep`. */
export const LearnedStep: Op<LearnedStepAttributes> = {
  name: 'LearnedStep',
  shape(inputs) {
    const { shape } = inputs[0] as TensorSpec
    return [{ dtype: 'float32', shape }]
  },
  forward(context, inputs, attributes) {
    const x = asFloat(inputs[0] as Tensor, 'LearnedStep')
    const step = asFloat(inputs[1] as Tensor, 'LearnedStep')
    const out = context.empty(x.shape)
    quantiseWithStep(x.data, step.data, runOf(x, step, attributes), attributes.qmin, attributes.qmax, out.data)
    return { outputs: [out] }
  },
  backward(context, { inputs, attributes, gradOutputs }) {
    const x = inputs[0] as FloatTensor
    const step = inputs[1] as FloatTensor
    const gradOut = gradOutputs[0] as FloatTensor
    const gradX = context.empty(x.shape)
    const gradStep = context.empty(step.shape)
    const { qmin, qmax, factor } = attributes
    const inner = runOf(x, step, attributes)
    learnedStepGrad(x.data, step.data, inner, qmin, qmax, factor, gradOut.data, gradX.data, gradStep.data)
    return [gradX, gradStep]
  },
  // A straight-through gradient is not the derivative of a staircase: finite differences agree with it only on average.
  samples: () => [],
}

/** How many consecutive elements share a step. */
function runOf(x: FloatTensor, step: FloatTensor, { qmin, qmax, axis }: LearnedStepAttributes): number {
  const quantiser = { scale: step.data, zeroPoint: new Int32Array(step.size), qmin, qmax, axis }
  return channelRun(quantiser, x.shape, 'LearnedStep')
}

/**
 * Learned step size quantisation (LSQ, Esser et al., arXiv 1902.08153): x^ = s clamp(RHE(x / s), qmin, qmax),
 * differentiable with respect to x (straight through, 0 for what is clipped) and to the step s; every f32 step is in
 * learnedStepKernel.ts. The step's gradient is multiplied by f32(1 / sqrt(count qmax)), so that steps and weights move
 * at comparable speed; `count` is the number of elements that share a step: weights of the tensor or channel,
 * activations of one image.
 *
 * Example: x = [0.8], s = 0.5, codes [-8, 7], count 1: x^ = 1, gradient of x 1, of s 0.4 / sqrt(7) = 0.151.
 * Throws `ShapeError` where the steps do not fit the axis.
 */
export function learnedStep(
  x: FloatTensor,
  step: FloatTensor,
  codes: CodeRange,
  options: { readonly axis: number | null; readonly count: number },
): FloatTensor {
  const { qmin, qmax } = codes
  const factor = Math.fround(1 / Math.sqrt(options.count * qmax))
  return applyFloat(LearnedStep, [x, step], { qmin, qmax, axis: options.axis, factor })
}
