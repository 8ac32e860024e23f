import { ShapeError } from '../base/errors.ts'
import { formatShape, type Shape } from '../base/shape.ts'
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
import { type HeightWidth, heightWidth } from './spatial.ts'

/** ONNX ConvTranspose's attributes. */
export interface ConvTransposeAttributes extends ConvAttributes {
  /** For each spatial axis how much is added at its end, less than its stride or its dilation; default all 0. */
  readonly output_padding?: readonly number[]
}

/**
 * ONNX ConvTranspose over pictures: X [N, C, H, W], W [C, O / group, kh, kw], B [O] or absent; result [N, O, OH, OW] with
 * OH = stride (H - 1) + dilation (kh - 1) + 1 + output_padding - top - bottom. It is the input gradient of the Conv that
 * has the same weight and attributes, and its gradients are that Conv's forward pass and weight gradient. Or over lines: X
 * [N, C, L], W [C, O / group, k].
 */
export const ConvTranspose: Op<ConvTransposeAttributes> = {
  name: 'ConvTranspose',
  shape(inputs, attributes) {
    return [convTransposeOutput(inputs, attributes)]
  },
  forward(context, inputs, attributes) {
    const { kernels } = context
    const x = asFloat(inputs[0] as Tensor, 'ConvTranspose')
    const weight = asFloat(inputs[1] as Tensor, 'ConvTranspose')
    const out = context.empty(convTransposeOutput(inputs, attributes).shape as Shape)
    const shape = convShape(out.shape, weight.shape, x.shape, attributes, 'ConvTranspose')
    kernels.conv2dGradInput(x.data, weight.data, shape, out.data)
    if (inputs[2]) {
      const bias = asFloat(inputs[2], 'ConvTranspose')
      kernels.addChannelBias(out.data, bias.data, shape.batch, shape.channels, shape.height * shape.width, out.data)
    }
    return { outputs: [out] }
  },
  backward(context, { inputs, outputs, attributes, gradOutputs, needs }) {
    const { kernels } = context
    const x = inputs[0] as FloatTensor
    const weight = inputs[1] as FloatTensor
    const gradOut = gradOutputs[0] as FloatTensor
    const shape = convShape(outputs[0].shape, weight.shape, x.shape, attributes, 'ConvTranspose')
    const gradX = needs[0] ? context.empty(x.shape) : null
    const gradWeight = needs[1] ? context.empty(weight.shape) : null
    const gradBias = needs[2] ? context.empty([shape.channels]) : null
    if (gradX) kernels.conv2d(gradOut.data, weight.data, null, shape, gradX.data)
    if (gradWeight) kernels.conv2dGradWeight(gradOut.data, x.data, shape, gradWeight.data)
    if (gradBias) {
      kernels.channelSum(gradOut.data, gradBias.data, shape.batch, shape.channels, shape.height * shape.width)
    }
    return [gradX, gradWeight, gradBias]
  },
  samples: () => [
    {
      name: 'stride 2, output padding, bias',
      inputs: [sampleTensor([2, 3, 3, 2]), sampleTensor([3, 2, 3, 3]), sampleTensor([2])],
      attributes: { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 0] },
    },
    {
      name: 'two groups, dilation, padding unlike on each side',
      inputs: [sampleTensor([1, 4, 3, 4]), sampleTensor([4, 1, 2, 3]), null],
      attributes: { kernel_shape: [2, 3], dilations: [3, 1], pads: [0, 2, 1, 0], group: 2 },
    },
    {
      name: 'stride beyond the kernel',
      inputs: [sampleTensor([1, 1, 2, 3]), sampleTensor([1, 2, 1, 2]), sampleTensor([2])],
      attributes: { strides: [3, 3] },
    },
    {
      name: 'lines, two groups, output padding, bias',
      inputs: [sampleTensor([2, 2, 3]), sampleTensor([2, 2, 3]), sampleTensor([4])],
      attributes: { strides: [2], pads: [1, 0], output_padding: [1], group: 2 },
    },
  ],
}

function convTransposeOutput(inputs: readonly (TensorSpec | null)[], attributes: ConvTransposeAttributes): TensorSpec {
  const operands = convOperands(inputs, attributes, 'ConvTranspose')
  const { x, weight, window, group } = operands
  const outChannels = weight[1] * group
  checkChannels(operands, weight[0], outChannels, 'ConvTranspose')
  const { output_padding = operands.isLine ? [0] : [0, 0] } = attributes
  const added = operands.isLine ? [0, ...output_padding] : output_padding
  const fits = (value: number, axis: number): boolean =>
    Number.isInteger(value) && value >= 0 && value < Math.max(window.stride[axis], window.dilation[axis])
  if (added.length !== 2 || !added.every(fits)) {
    throw new ShapeError(
      `ConvTranspose: output_padding is ${formatShape(output_padding)}; wanted ${operands.isLine ? '1 integer' : '2 integers'} from 0 on, each less than its stride ${formatShape(window.stride)} or its dilation ${formatShape(window.dilation)}`,
    )
  }
  const extents = outputExtents(
    operands,
    (extent, axis) =>
      window.stride[axis] * (extent - 1) +
      window.dilation[axis] * (window.kernel[axis] - 1) +
      1 +
      added[axis] -
      window.pads[axis] -
      window.pads[axis + 2],
    'ConvTranspose',
  )
  return { dtype: 'float32', shape: resultShape(operands, [x.shape[0], outChannels, ...extents]) }
}

/** The options of `convTranspose2d`. */
export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns added below and to the right; default 0. */
  readonly outputPadding?: HeightWidth
}

/** Transposed convolution of x [N, C, H, W] with weight [C, O / groups, kh, kw] and bias [O]; result [N, O, OH, OW]. */
export function convTranspose2d(
  x: FloatTensor,
  weight: FloatTensor,
  bias: FloatTensor | null = null,
  options: ConvTransposeOptions = {},
): FloatTensor {
  const output_padding = heightWidth(options.outputPadding ?? 0)
  return applyFloat(ConvTranspose, [x, weight, bias], { ...convAttributes(options), output_padding })
}
