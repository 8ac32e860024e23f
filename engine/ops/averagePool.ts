import { ShapeError } from '../base/errors.ts'
import { formatShape, type Shape } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor } from '../core/tensor.ts'
import type { Op } from './op.ts'
import { type PoolAttributes, type PoolOptions, poolOutput, poolShape } from './pooling.ts'
import { sampleTensor } from './sampleTensor.ts'
import { heightWidth, spatialWindow, symmetricPads } from './spatial.ts'

/** ONNX AveragePool's attributes. Dilations other than 1 are refused. */
export interface AveragePoolAttributes extends PoolAttributes {
  /** 1: taps in the padding count as zeros. 0 (default): they do not count. */
  readonly count_include_pad?: 0 | 1
}

/** ONNX AveragePool on [N, C, H, W]: the mean of each window; see the kernel for what counts. */
export const AveragePool: Op<AveragePoolAttributes> = {
  name: 'AveragePool',
  shape(inputs, attributes) {
    const { dilations = [1, 1] } = attributes
    if (dilations.some((dilation) => dilation !== 1)) {
      throw new ShapeError(`AveragePool: dilations ${formatShape(dilations)} are not supported; wanted [1, 1]`)
    }
    return [poolOutput(inputs, attributes, 'AveragePool')]
  },
  forward(context, inputs, attributes) {
    const x = asFloat(inputs[0] as Tensor, 'AveragePool')
    const out = context.empty(poolOutput(inputs, attributes, 'AveragePool').shape as Shape)
    const shape = poolShape(x.shape, out.shape, spatialWindow(attributes, 'AveragePool'))
    context.kernels.averagePool(x.data, shape, attributes.count_include_pad ?? 0, out.data)
    return { outputs: [out] }
  },
  backward(context, { inputs, outputs, attributes, gradOutputs }) {
    const x = inputs[0] as Tensor
    const gradX = context.empty(x.shape)
    const shape = poolShape(x.shape, outputs[0].shape, spatialWindow(attributes, 'AveragePool'))
    const gradOut = gradOutputs[0] as FloatTensor
    context.kernels.averagePoolGrad(gradOut.data, shape, attributes.count_include_pad ?? 0, gradX.data)
    return [gradX]
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
