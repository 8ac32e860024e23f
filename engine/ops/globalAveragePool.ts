import { sizeOf } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor } from '../core/tensor.ts'
import type { Op } from './op.ts'
import { sampleTensor } from './sampleTensor.ts'
import { onlyImages } from './spatial.ts'

/** ONNX GlobalAveragePool: [N, C, ...] to the mean over all spatial axes, [N, C, 1, ...]. */
export const GlobalAveragePool: Op = {
  name: 'GlobalAveragePool',
  shape(inputs) {
    const { shape } = onlyImages(inputs, 'GlobalAveragePool')
    return [{ dtype: 'float32', shape: shape.map((extent, i) => (i < 2 ? extent : 1)) }]
  },
  forward(context, inputs) {
    const x = asFloat(inputs[0] as Tensor, 'GlobalAveragePool')
    const [n, c, ...extents] = x.shape
    const out = context.empty([n, c, ...extents.map(() => 1)])
    context.kernels.globalAveragePool(x.data, n * c, sizeOf(extents), out.data)
    return { outputs: [out] }
  },
  backward(context, { inputs, gradOutputs }) {
    const shape = (inputs[0] as Tensor).shape
    const [n, c, ...extents] = shape
    const gradX = context.empty(shape)
    context.kernels.globalAveragePoolGrad((gradOutputs[0] as FloatTensor).data, n * c, sizeOf(extents), gradX.data)
    return [gradX]
  },
  samples: () => [
    { name: 'more than 16 pixels', inputs: [sampleTensor([2, 2, 4, 5])], attributes: {} },
    { name: 'one pixel', inputs: [sampleTensor([1, 3, 1, 1])], attributes: {} },
    { name: 'lines', inputs: [sampleTensor([2, 2, 5])], attributes: {} },
    { name: 'volumes', inputs: [sampleTensor([1, 2, 2, 3, 2])], attributes: {} },
  ],
}

/** The mean of each plane of x [N, C, H, W], as [N, C, 1, 1]. */
export function globalAvgPool2d(x: FloatTensor): FloatTensor {
  return applyFloat(GlobalAveragePool, [x], {})
}
