import { ShapeError } from '../../engine/base/errors.ts'
import type { Shape } from '../../engine/base/shape.ts'
import { type Tensor, tensor } from '../../engine/core/tensor.ts'
import { type ConvAttributes, convShape } from '../../engine/ops/convolution.ts'
import type { Op } from '../../engine/ops/op.ts'
import { channelValue, checkPerChannel, convolutionShape, integerConvolution } from './integerConvolution.ts'
import { checkCodes } from './integerProduct.ts'
import { notDifferentiable } from './notDifferentiable.ts'
import { sampleCodes } from './sampleCodes.ts'

const NAME = 'ConvInteger'

/**
 * ONNX ConvInteger over lines [N, C, L] or pictures [N, C, H, W]: int32 sums of (x - x zero point)(w - w zero point),
 * which wrap. Padding stands for x's zero point, so it adds nothing. x and w are int8 or uint8, each as it likes; inputs
 * x, w and optionally the zero points, each of its operand's type: x's is one, w's one or one for each output channel;
 * default 0. Attributes as of Conv. Example: x [2, 3, 4] with zero point 1, w [1, 1]: [1 + 2, 2 + 3] = [3, 5].
 */
export const ConvInteger: Op<ConvAttributes> = {
  name: NAME,
  shape(inputs, attributes) {
    const [x, w, xZero = null, wZero = null] = inputs
    if (inputs.length < 2 || inputs.length > 4 || !x || !w) {
      throw new ShapeError(`${NAME}: wanted x, w and optionally their zero points, got ${inputs.length} inputs`)
    }
    checkCodes(x, 'x', NAME)
    checkCodes(w, 'w', NAME)
    for (const [name, operand, zero] of [['x', x, xZero] as const, ['w', w, wZero] as const]) {
      if (zero === null) continue
      if (zero.dtype !== operand.dtype) {
        throw new ShapeError(`${NAME}: the zero point of ${name} is ${zero.dtype}, wanted ${operand.dtype}`)
      }
      checkPerChannel(zero.shape, name === 'w' ? w.shape[0] : null, `the zero point of ${name}`, NAME)
    }
    return [{ dtype: 'int32', shape: convolutionShape(x.shape, w.shape, null, attributes, NAME) }]
  },
  forward(context, inputs, attributes) {
    const [x, w] = inputs as Tensor[]
    const out = context.empty(convolutionShape(x.shape, w.shape, null, attributes, NAME) as Shape, 'int32')
    const shape = convShape(x.shape, w.shape, out.shape, attributes, NAME)
    integerConvolution(x, channelValue(inputs[2] ?? null, 0), w, inputs[3] ?? null, null, shape, out.data)
    return { outputs: [out] }
  },
  backward: notDifferentiable(NAME),
  samples: () => {
    const xZero = tensor([7], [], { dtype: 'uint8' })
    const wZeros = tensor([1, -2, 3, 4], [4], { dtype: 'int8' })
    return [
      {
        name: 'padding, strides, two groups, zero points by channel',
        inputs: [sampleCodes([2, 4, 5, 4], 'uint8'), sampleCodes([4, 2, 3, 2], 'int8'), xZero, wZeros],
        attributes: { pads: [1, 0, 2, 1], strides: [2, 1], group: 2 },
      },
      {
        name: 'line, dilation',
        inputs: [sampleCodes([1, 2, 9], 'int8'), sampleCodes([3, 2, 3], 'int8')],
        attributes: { dilations: [2], pads: [1, 0] },
      },
      {
        name: 'empty batch',
        inputs: [sampleCodes([0, 1, 3, 3], 'uint8'), sampleCodes([1, 1, 2, 2], 'uint8')],
        attributes: {},
      },
    ]
  },
}
