import { applyFloat } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import type { Op } from './op.ts'
import { poolShape } from './pooling.ts'
import { onlyImages, spatialWindow } from './spatial.ts'

/**
 * ONNX GlobalMaxPool: [N, C, H, W] to the maximum of each plane, [N, C, 1, 1]: MaxPool with a window as large as the
 * plane. The gradient goes to the first maximum in row-major order.
 */
export const GlobalMaxPool: Op = {
  name: 'GlobalMaxPool',
  shape(inputs) {
    const { shape } = onlyImages(inputs, 'GlobalMaxPool')
    return [{ dtype: 'float32', shape: [shape[0], shape[1], 1, 1] }]
  },
  forward(context, inputs) {
    const x = asFloat(inputs[0] as Tensor, 'GlobalMaxPool')
    const out = context.empty([x.shape[0], x.shape[1], 1, 1])
    const argmax = context.empty(out.shape, 'int32')
    const window = spatialWindow({ kernel_shape: x.shape.slice(2) }, 'GlobalMaxPool')
    context.kernels.maxPool(x.data, poolShape(x.shape, out.shape, window), out.data, argmax.data)
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
      name: 'two planes',
      inputs: [tensor([3, 1, 4, -1, 5, 9, -2, -6, -5, -3, -7, -8], [1, 2, 2, 3])],
      attributes: {},
    },
  ],
}

/** The maximum of each plane of x [N, C, H, W], as [N, C, 1, 1]. */
export function globalMaxPool2d(x: FloatTensor): FloatTensor {
  return applyFloat(GlobalMaxPool, [x], {})
}
