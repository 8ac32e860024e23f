import { applyFloat } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor, tensor } from '../core/tensor.ts'
import { maxPooled, maxPoolGradient } from './maxPool.ts'
import type { Op } from './op.ts'
import { poolWindow } from './pooling.ts'
import { onlyImages } from './spatial.ts'

/**
 * ONNX GlobalMaxPool: [N, C, ...] to the maximum over all spatial axes, [N, C, 1, ...]: MaxPool with a window as large as
 * the input. The gradient goes to the first maximum in row-major order.
 */
export const GlobalMaxPool: Op = {
  name: 'GlobalMaxPool',
  shape(inputs) {
    const { shape } = onlyImages(inputs, 'GlobalMaxPool')
    return [{ dtype: 'float32', shape: shape.map((extent, i) => (i < 2 ? extent : 1)) }]
  },
  forward(context, inputs) {
    const x = asFloat(inputs[0] as Tensor, 'GlobalMaxPool')
    const out = context.empty(x.shape.map((extent, i) => (i < 2 ? extent : 1)))
    const window = poolWindow(x.shape, { kernel_shape: x.shape.slice(2) }, 'GlobalMaxPool')
    return { outputs: [out], saved: maxPooled(context, x, out, window) }
  },
  backward(context, { inputs, gradOutputs, saved }) {
    const { shape } = inputs[0] as Tensor
    return [maxPoolGradient(context, shape, gradOutputs[0] as FloatTensor, saved as ReturnType<typeof maxPooled>)]
  },
  samples: () => [
    {
      name: 'two planes',
      inputs: [tensor([3, 1, 4, -1, 5, 9, -2, -6, -5, -3, -7, -8], [1, 2, 2, 3])],
      attributes: {},
    },
    { name: 'lines', inputs: [tensor([3, 1, 4, -1, 5, 9], [1, 2, 3])], attributes: {} },
    { name: 'volumes', inputs: [tensor([3, 1, 4, -1, 5, 9, -2, -6], [1, 1, 2, 2, 2])], attributes: {} },
  ],
}

/** The maximum of each plane of x [N, C, H, W], as [N, C, 1, 1]. */
export function globalMaxPool2d(x: FloatTensor): FloatTensor {
  return applyFloat(GlobalMaxPool, [x], {})
}
