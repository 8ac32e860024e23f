import type { Shape } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor } from '../core/tensor.ts'
import type { Op } from './op.ts'
import { type PoolAttributes, type PoolOptions, poolOutput, poolStages, poolWindow, stageSizes } from './pooling.ts'
import { sampleTensor } from './sampleTensor.ts'
import { heightWidth, symmetricPads } from './spatial.ts'

/** ONNX AveragePool's attributes. */
export interface AveragePoolAttributes extends PoolAttributes {
  /** 1: taps in the padding count as zeros. 0 (default): they do not count. */
  readonly count_include_pad?: 0 | 1
}

/**
 * ONNX AveragePool on [N, C, ...] of any number of spatial axes: the mean of each window; see the kernel for what counts.
 * With more than two axes it is the mean along the first axis of the means along the next, each rounded.
 */
export const AveragePool: Op<AveragePoolAttributes> = {
  name: 'AveragePool',
  shape: (inputs, attributes) => [poolOutput(inputs, attributes, 'AveragePool')],
  forward(context, inputs, attributes) {
    const x = asFloat(inputs[0] as Tensor, 'AveragePool')
    const out = context.empty(poolOutput(inputs, attributes, 'AveragePool').shape as Shape)
    const stages = poolStages(x.shape, out.shape, poolWindow(x.shape, attributes, 'AveragePool'))
    let from = x.data
    for (const [i, stage] of stages.entries()) {
      const to = i === stages.length - 1 ? out.data : context.empty([stageSizes(stage).output]).data
      context.kernels.averagePool(from, stage, attributes.count_include_pad ?? 0, to)
      from = to
    }
    return { outputs: [out] }
  },
  backward(context, { inputs, outputs, attributes, gradOutputs }) {
    const { shape } = inputs[0] as Tensor
    const stages = poolStages(shape, outputs[0].shape, poolWindow(shape, attributes, 'AveragePool'))
    let from = gradOutputs[0] as FloatTensor
    for (let i = stages.length - 1; i >= 0; i--) {
      const to = context.empty(i === 0 ? shape : [stageSizes(stages[i]).input])
      context.kernels.averagePoolGrad(from.data, stages[i], attributes.count_include_pad ?? 0, to.data)
      from = to
    }
    return [from]
  },
  samples: () => [
    {
      name: 'windows apart, odd width',
      inputs: [sampleTensor([1, 2, 4, 5])],
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    },
    {
      name: 'overlapping, padding not counted, ceiling',
      inputs: [sampleTensor([1, 1, 5, 6])],
      attributes: { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 2, 1], ceil_mode: 1 },
    },
    {
      name: 'overlapping, padding counted, ceiling',
      inputs: [sampleTensor([1, 1, 5, 6])],
      attributes: {
        kernel_shape: [3, 3],
        strides: [2, 2],
        pads: [1, 1, 1, 1],
        ceil_mode: 1,
        count_include_pad: 1,
      },
    },
    {
      name: 'dilated, padding counted',
      inputs: [sampleTensor([1, 2, 6, 5])],
      attributes: {
        kernel_shape: [2, 3],
        dilations: [3, 2],
        strides: [2, 1],
        pads: [2, 1, 0, 3],
        count_include_pad: 1,
      },
    },
    {
      name: 'lines, dilated',
      inputs: [sampleTensor([2, 1, 7])],
      attributes: { kernel_shape: [3], dilations: [2], pads: [2, 1], ceil_mode: 1 },
    },
    {
      name: 'volumes, padding not counted',
      inputs: [sampleTensor([1, 1, 3, 4, 3])],
      attributes: { kernel_shape: [2, 3, 2], strides: [2, 1, 1], pads: [1, 1, 0, 0, 1, 1] },
    },
  ],
}

/** Options of `avgPool2d`. */
export interface AveragePoolOptions extends PoolOptions {
  /** Whether taps in the padding count as zeros. Default false (PyTorch's is true). */
  readonly countIncludePad?: boolean
}

/** The mean of each window of x [N, C, H, W]. */
export function avgPool2d(x: FloatTensor, options: AveragePoolOptions): FloatTensor {
  const { kernel, stride = kernel, padding = 0, ceilMode = false, countIncludePad = false } = options
  return applyFloat(AveragePool, [x], {
    kernel_shape: heightWidth(kernel),
    strides: heightWidth(stride),
    pads: symmetricPads(padding),
    ceil_mode: ceilMode ? 1 : 0,
    count_include_pad: countIncludePad ? 1 : 0,
  })
}
