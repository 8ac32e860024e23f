import type { Shape } from '../base/shape.ts'
import { applyFloat } from '../core/tape.ts'
import { asFloat, type FloatTensor, type Tensor } from '../core/tensor.ts'
import {
  type ConvAttributes,
  type ConvOptions,
  checkChannels,
  convAttributes,
  convOperands,
  convShape,
  outputExtents,
  resultShape,
} from './convolution.ts'
import type { Op, TensorSpec } from './op.ts'
import { sampleTensor } from './sampleTensor.ts'

/**
 * ONNX Conv over pictures: X [N, C, H, W], W [O, C / group, kh, kw], B [O] or absent; result [N, O, OH, OW] with OH =
 * floor((H + top + bottom - dilation (kh - 1) - 1) / stride) + 1. Or over lines: X [N, C, L], W [O, C / group, k]. The
 * arithmetic is in the kernels.
 */
export const Conv: Op<ConvAttributes> = {
  name: 'Conv',
  shape(inputs, attributes) {
    return [convOutput(inputs, attributes)]
  },
  forward(context, inputs, attributes) {
    const x = asFloat(inputs[0] as Tensor, 'Conv')
    const weight = asFloat(inputs[1] as Tensor, 'Conv')
    const bias = inputs[2] ? asFloat(inputs[2], 'Conv').data : null
    const out = context.empty(convOutput(inputs, attributes).shape as Shape)
    const shape = convShape(x.shape, weight.shape, out.shape, attributes, 'Conv')
    context.kernels.conv2d(x.data, weight.data, bias, shape, out.data)
    return { outputs: [out] }
  },
  backward(context, { inputs, outputs, attributes, gradOutputs, needs }) {
    const { kernels } = context
    const x = inputs[0] as FloatTensor
    const weight = inputs[1] as FloatTensor
    const gradOut = gradOutputs[0] as FloatTensor
    const shape = convShape(x.shape, weight.shape, outputs[0].shape, attributes, 'Conv')
    const gradX = needs[0] ? context.empty(x.shape) : null
    const gradWeight = needs[1] ? context.empty(weight.shape) : null
    const gradBias = needs[2] ? context.empty([shape.outChannels]) : null
    if (gradX) kernels.conv2dGradInput(gradOut.data, weight.data, shape, gradX.data)
    if (gradWeight) kernels.conv2dGradWeight(x.data, gradOut.data, shape, gradWeight.data)
    if (gradBias) {
      kernels.channelSum(gradOut.data, gradBias.data, shape.batch, shape.outChannels, shape.outHeight * shape.outWidth)
    }
    return [gradX, gradWeight, gradBias]
  },
  samples: () => [
    {
      name: 'stride 2, padding unlike on each side, bias',
      inputs: [sampleTensor([2, 2, 5, 4]), sampleTensor([3, 2, 3, 2]), sampleTensor([3])],
      attributes: { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 2, 1] },
    },
    {
      name: 'two groups, dilation',
      inputs: [sampleTensor([1, 4, 5, 6]), sampleTensor([6, 2, 2, 2]), null],
      attributes: { dilations: [2, 3], group: 2 },
    },
    {
      name: 'depthwise with multiplier 2, stride beyond the kernel',
      inputs: [sampleTensor([1, 3, 7, 5]), sampleTensor([6, 1, 2, 1]), sampleTensor([6])],
      attributes: { strides: [3, 2], group: 3 },
    },
    {
      name: 'pointwise, padding as wide as the kernel',
      inputs: [sampleTensor([2, 3, 2, 3]), sampleTensor([2, 3, 1, 1])],
      attributes: { pads: [1, 1, 1, 1] },
    },
    {
      name: 'lines, stride 2, two groups, bias',
      inputs: [sampleTensor([2, 4, 7]), sampleTensor([2, 2, 3]), sampleTensor([2])],
      attributes: { kernel_shape: [3], strides: [2], pads: [2, 0], dilations: [2], group: 2 },
    },
  ],
}

function convOutput(inputs: readonly (TensorSpec | null)[], attributes: ConvAttributes): TensorSpec {
  const operands = convOperands(inputs, attributes, 'Conv')
  const { x, weight, window, group } = operands
  checkChannels(operands, weight[1] * group, weight[0], 'Conv')
  const extents = outputExtents(
    operands,
    (extent, axis) => {
      const room =
        extent + window.pads[axis] + window.pads[axis + 2] - window.dilation[axis] * (window.kernel[axis] - 1) - 1
      return Math.floor(room / window.stride[axis]) + 1
    },
    'Conv',
  )
  return { dtype: 'float32', shape: resultShape(operands, [x.shape[0], weight[0], ...extents]) }
}

/** Convolution of x [N, C, H, W] with weight [O, C / groups, kh, kw] and bias [O]; result [N, O, OH, OW]. */
export function conv2d(
  x: FloatTensor,
  weight: FloatTensor,
  bias: FloatTensor | null = null,
  options: ConvOptions = {},
): FloatTensor {
  return applyFloat(Conv, [x, weight, bias], convAttributes(options))
}
