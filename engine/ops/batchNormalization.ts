import { ShapeError } from '../base/errors.ts'
import { formatShape, sizeOf } from '../base/shape.ts'
import { applyOp } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import { viewAxis } from './axis.ts'
import type { Op, Sample, TensorSpec } from './op.ts'

const NAME = 'BatchNormalization'
const INPUTS = ['X', 'scale', 'B', 'input_mean', 'input_var']

/** The attributes of ONNX's operator, and one of ours. */
export interface BatchNormalizationAttributes {
  /** Added to the variance before the root. Default 1e-5. */
  readonly epsilon?: number
  /** The part of the running statistics that is kept: 0.9 here is PyTorch's 0.1. Default 0.9. */
  readonly momentum?: number
  /** 1: normalise by the batch's statistics and update the running ones. Default 0: normalise by those given. */
  readonly training_mode?: number
  /**
   * Ours: whether running_var takes the batch variance with divisor m - 1 ('unbiased', as PyTorch) or m ('population', as
   * ONNX defines it). The output is always normalised by the population variance. Default 'unbiased'.
   */
  readonly running_variance?: 'unbiased' | 'population'
}

interface Statistics {
  readonly mean: FloatTensor
  readonly variance: FloatTensor
}

/** Throws `ShapeError` unless a batch of `m` elements a channel has statistics. */
function checkCount(m: number, runningVariance: 'unbiased' | 'population'): void {
  const least = runningVariance === 'unbiased' ? 2 : 1
  if (m < least) {
    throw new ShapeError(
      `${NAME}: ${m} element(s) a channel, but training with ${runningVariance} variance needs ${least} or more: use a larger batch, or training_mode 0`,
    )
  }
}

function checkInputs(inputs: readonly (TensorSpec | null)[]): TensorSpec {
  const [x, ...parameters] = inputs
  if (inputs.length !== 5 || !x) throw new ShapeError(`${NAME}: wanted 5 inputs, ${INPUTS}; got ${inputs.length}`)
  if (x.shape.length < 2) {
    throw new ShapeError(`${NAME}: wanted X of rank 2 or more, [N, C, ...], got ${formatShape(x.shape)}`)
  }
  const channels = x.shape[1]
  for (const [i, input] of inputs.entries()) {
    if (!input) throw new ShapeError(`${NAME}: ${INPUTS[i]} is missing`)
    if (input.dtype !== 'float32') throw new ShapeError(`${NAME}: wanted float32 ${INPUTS[i]}, got ${input.dtype}`)
  }
  for (const [i, parameter] of parameters.entries()) {
    const shape = parameter?.shape ?? []
    if (shape.length !== 1 || (channels !== null && shape[0] !== channels)) {
      throw new ShapeError(
        `${NAME}: wanted ${INPUTS[i + 1]} ${formatShape([channels])} for X ${formatShape(x.shape)}, got ${formatShape(shape)}`,
      )
    }
  }
  return x
}

/**
 * ONNX BatchNormalization: (x - mean) / sqrt(variance + epsilon) * scale + B for each channel (dimension 1 of a tensor of
 * rank 2 or more). In training mode the outputs are Y, running_mean and running_var, new tensors that carry no gradient;
 * otherwise Y alone.
 */
export const BatchNormalization: Op<BatchNormalizationAttributes> = {
  name: NAME,
  shape(inputs, { epsilon = 1e-5, momentum = 0.9, training_mode = 0, running_variance = 'unbiased' }) {
    const { shape } = checkInputs(inputs)
    if (!(epsilon >= 0)) throw new ShapeError(`${NAME}: epsilon ${epsilon} is negative or no number`)
    if (!(momentum >= 0 && momentum <= 1)) throw new ShapeError(`${NAME}: momentum ${momentum} is outside [0, 1]`)
    if (running_variance !== 'unbiased' && running_variance !== 'population') {
      throw new ShapeError(`${NAME}: running_variance '${running_variance}' is not 'unbiased' or 'population'`)
    }
    if (training_mode === 0) return [{ dtype: 'float32', shape }]
    const extents = shape.filter((extent, i) => i !== 1 && extent !== null) as number[]
    if (extents.length === shape.length - 1) checkCount(sizeOf(extents), running_variance)
    const channel: TensorSpec = { dtype: 'float32', shape: [shape[1]] }
    return [{ dtype: 'float32', shape }, channel, channel]
  },
  forward(context, inputs, { epsilon = 1e-5, momentum = 0.9, training_mode = 0, running_variance = 'unbiased' }) {
    const { kernels } = context
    const [x, scale, bias, inputMean, inputVariance] = inputs.map((input) => asFloat(input as Tensor, NAME))
    const { outer: n, extent: c, inner: p } = viewAxis(x.shape, 1)
    const out = context.empty(x.shape)
    let statistics: Statistics = { mean: inputMean, variance: inputVariance }
    const outputs = [out]
    if (training_mode !== 0) {
      const m = n * p
      statistics = { mean: context.empty([c]), variance: context.empty([c]) }
      kernels.batchNormStatistics(x.data, statistics.mean.data, statistics.variance.data, n, c, p)
      const mean = context.empty([c])
      const variance = context.empty([c])
      const correction = running_variance === 'unbiased' ? m / (m - 1) : 1
      kernels.batchNormRunning(inputMean.data, statistics.mean.data, mean.data, momentum, 1)
      kernels.batchNormRunning(inputVariance.data, statistics.variance.data, variance.data, momentum, correction)
      outputs.push(mean, variance)
    }
    const { mean, variance } = statistics
    kernels.batchNorm(x.data, mean.data, variance.data, scale.data, bias.data, out.data, n, c, p, epsilon)
    return { outputs, saved: statistics }
  },
  backward(context, { inputs, attributes, saved, gradOutputs, needs }) {
    const { epsilon = 1e-5, training_mode = 0 } = attributes
    const gradOut = gradOutputs[0]
    if (gradOut === null) return inputs.map(() => null)
    const { kernels } = context
    const [x, scale] = inputs.map((input) => asFloat(input as Tensor, NAME))
    const { mean, variance } = saved as Statistics
    const { outer: n, extent: c, inner: p } = viewAxis(x.shape, 1)
    const training = training_mode !== 0
    const gradScale = context.empty([c])
    const gradBias = context.empty([c])
    if (needs[1] || needs[2] || training) {
      kernels.batchNormParameterGrads(
        x.data,
        gradOut.data,
        mean.data,
        variance.data,
        gradScale.data,
        gradBias.data,
        n,
        c,
        p,
        epsilon,
      )
    }
    if (!needs[0]) return [null, gradScale, gradBias, null, null]
    const gradX = context.empty(x.shape)
    if (training) {
      kernels.batchNormGradTraining(
        x.data,
        gradOut.data,
        mean.data,
        variance.data,
        scale.data,
        gradScale.data,
        gradBias.data,
        gradX.data,
        n,
        c,
        p,
        epsilon,
      )
    } else {
      kernels.batchNormGradEvaluation(gradOut.data, variance.data, scale.data, gradX.data, n, c, p, epsilon)
    }
    return [gradX, gradScale, gradBias, null, null]
  },
  samples() {
    const ramp = (size: number) => Array.from({ length: size }, (_, i) => ((i * 7) % size) / 4 - size / 8)
    const channels = [tensor([1.5, -0.5]), tensor([0.25, -1]), tensor([0.5, -0.25]), tensor([2, 0.5])]
    const one = channels.map((t) => tensor(t.data.slice(0, 1)))
    const sample = (
      name: string,
      inputs: Tensor[],
      attributes: BatchNormalizationAttributes,
    ): Sample<BatchNormalizationAttributes> => ({ name, inputs, attributes, differentiable: [0, 1, 2] })
    const image = tensor(ramp(24), [2, 2, 2, 3])
    return [
      sample('evaluation', [image, ...channels], {}),
      sample('training', [image, ...channels], { training_mode: 1 }),
      sample('training, features', [tensor(ramp(10), [5, 2]), ...channels], { training_mode: 1, epsilon: 0.1 }),
      sample('training, planes longer than the lanes', [tensor(ramp(38), [2, 1, 19]), ...one], {
        training_mode: 1,
        running_variance: 'population',
      }),
    ]
  },
}

/** What `batchNorm` takes beside its tensors; names and defaults are PyTorch's. */
export interface BatchNormOptions {
  /** Whether to normalise by the batch's own statistics and to return updated running ones. Default false. */
  training?: boolean
  /** The part of the running statistics that the batch replaces. Default 0.1. */
  momentum?: number
  /** Added to the variance before the root. Default 1e-5. */
  eps?: number
}

/**
 * Batch normalisation of x `[N, C, ...]`; scale, bias, mean and variance are `[C]`. In training the returned mean and
 * variance are the new running statistics (variance with divisor m - 1), detached; otherwise they are those given.
 * Nothing is written in place. Throws `ShapeError` for shapes that do not fit and for a training batch with fewer than
 * two elements a channel.
 */
export function batchNorm(
  x: FloatTensor,
  scale: FloatTensor,
  bias: FloatTensor,
  mean: FloatTensor,
  variance: FloatTensor,
  options: BatchNormOptions = {},
): { output: FloatTensor; mean: FloatTensor; variance: FloatTensor } {
  const { training = false, momentum = 0.1, eps = 1e-5 } = options
  const outputs = applyOp(BatchNormalization, [x, scale, bias, mean, variance], {
    epsilon: eps,
    momentum: 1 - momentum,
    training_mode: training ? 1 : 0,
  })
  const [output, newMean, newVariance] = outputs.map((t) => asFloat(t, NAME))
  if (!training) return { output, mean, variance }
  return { output, mean: newMean.detach(), variance: newVariance.detach() }
}
