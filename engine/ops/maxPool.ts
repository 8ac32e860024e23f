import type { Shape } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { Op } from './op.ts'
import { type PoolAttributes, type PoolOptions, poolOutput, poolShape } from './pooling.ts'
import { type HeightWidth, heightWidth, spatialWindow, symmetricPads } from './spatial.ts'

/**
 * ONNX MaxPool on [N, C, H, W], its first output only: the greatest tap of each window, the padding being -Infinity.
 * The gradient goes to the first maximum in window order.
 */
export const MaxPool: Op<PoolAttributes> = {
  name: 'MaxPool',
  shape: (inputs, attributes) => [poolOutput(inputs, attributes, 'MaxPool')],
  forward(context, inputs, attributes) {
    const x = asFloat(inputs[0] as Tensor, 'MaxPool')
    const out = context.empty(poolOutput(inputs, attributes, 'MaxPool').shape as Shape)
    const argmax = context.empty(out.shape, 'int32')
    const shape = poolShape(x.shape, out.shape, spatialWindow(attributes, 'MaxPool'))
    context.kernels.maxPool(x.data, shape, out.data, argmax.data)
    return { outputs: [out], saved: argmax }
  },
  backward(context, { inputs, gradOutputs, saved }) {
    const { shape } = inputs[0] as Tensor
    const gradX = context.empty(shape)
    const gradOut = gradOutputs[0] as FloatTensor
    context.kernels.maxPoolGrad(gradOut.data, (saved as Tensor<'int32'>).data, shape[0] * shape[1], gradX.data)
    return [gradX]
  },
  samples: () => [
    {
      name: 'windows apart, odd width',
      inputs: [distinct([2, 2, 4, 5])],
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    },
    {
      name: 'overlapping, padded unevenly, ceiling',
      inputs: [distinct([1, 2, 5, 6])],
      attributes: { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 2, 1], ceil_mode: 1 },
    },
    { name: 'dilated', inputs: [distinct([1, 1, 6, 5])], attributes: { kernel_shape: [2, 2], dilations: [3, 2] } },
  ],
}

/** Values that differ by at least 0.1, in a scattered order: no maximum changes within a gradient check's step. */
function distinct(shape: Shape): FloatTensor {
  const size = shape.reduce((product, extent) => product * extent, 1)
  // 37 has no factor in common with the sizes used, so i * 37 mod size is a permutation.
  return tensor(
    Array.from({ length: size }, (_, i) => ((i * 37) % size) / 10 - 2),
    shape,
  )
}

/** Options of `maxPool2d`. */
export interface MaxPoolOptions extends PoolOptions {
  /** Distance between the taps of a window; default 1. */
  readonly dilation?: HeightWidth
}

/** The greatest value of each window of x [N, C, H, W]. */
export function maxPool2d(x: FloatTensor, options: MaxPoolOptions): FloatTensor {
  const { kernel, stride = kernel, padding = 0, dilation = 1, ceilMode = false } = options
  return applyFloat(MaxPool, [x], {
    kernel_shape: heightWidth(kernel),
    strides: heightWidth(stride),
    pads: symmetricPads(padding),
    dilations: heightWidth(dilation),
    ceil_mode: ceilMode ? 1 : 0,
  })
}
