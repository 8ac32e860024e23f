import { ShapeError } from '../../engine/base/errors.ts'
import { formatShape, type Shape } from '../../engine/base/shape.ts'
import { type Tensor, tensor } from '../../engine/core/tensor.ts'
import { type ConvAttributes, convShape } from '../../engine/ops/convolution.ts'
import type { Op, TensorSpec } from '../../engine/ops/op.ts'
import { codeFormat, toCode } from './codes.ts'
import { channelValue, checkPerChannel, convolutionShape, integerConvolution } from './integerConvolution.ts'
import { checkCodes } from './integerProduct.ts'
import { notDifferentiable } from './notDifferentiable.ts'
import { sampleCodes } from './sampleCodes.ts'

const NAME = 'QLinearConv'

/**
 * ONNX QLinearConv over lines [N, C, L] or pictures [N, C, H, W]: the int32 sums of ConvInteger plus an int32 bias in
 * units of x_scale w_scale, brought to the codes of y. As the text orders it:
 *
 *     y = saturate(RNE(f32(f32(sum) * f32(f32(x_scale * w_scale) / y_scale))) + y_zero_point)
 *
 * Inputs x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point and optionally the bias [M]; w's scale
 * and zero point are one or one for each output channel, the others one. y has the type of its zero point. The reference
 * implementation differs in ties: see QLinearMatMul. ONNX Runtime refuses zero points of w that are not all equal.
 * Example: sum 5 with bias 2, scales 0.5, 1, 1, y_zero_point 1: RNE(3.5) + 1 = 5.
 */
export const QLinearConv: Op<ConvAttributes> = {
  name: NAME,
  shape(inputs, attributes) {
    if (inputs.length < 8 || inputs.length > 9 || inputs.slice(0, 8).includes(null)) {
      throw new ShapeError(
        `${NAME}: wanted x, w and y, each with scale and zero point, and optionally a bias, got ${inputs.length} inputs`,
      )
    }
    const [x, xScale, xZero, w, wScale, wZero, yScale, yZero] = inputs as TensorSpec[]
    const bias = inputs[8] ?? null
    checkCodes(x, 'x', NAME)
    checkCodes(w, 'w', NAME)
    checkCodes(yZero, 'the zero point of y', NAME)
    checkParameters('x', x.dtype, xScale, xZero, null)
    checkParameters('w', w.dtype, wScale, wZero, w.shape[0])
    checkParameters('y', yZero.dtype, yScale, yZero, null)
    if (bias !== null && bias.dtype !== 'int32') {
      throw new ShapeError(`${NAME}: the bias is ${bias.dtype} ${formatShape(bias.shape)}; wanted int32`)
    }
    const shape = convolutionShape(x.shape, w.shape, bias?.shape ?? null, attributes, NAME)
    return [{ dtype: yZero.dtype, shape }]
  },
  forward(context, inputs, attributes) {
    const [x, xScale, xZero, w, wScale, wZero, yScale, yZero] = inputs as Tensor[]
    const bias = inputs[8] ?? null
    const outShape = convolutionShape(x.shape, w.shape, bias?.shape ?? null, attributes, NAME) as Shape
    const sums = context.empty(outShape, 'int32').data
    const shape = convShape(x.shape, w.shape, outShape, attributes, NAME)
    integerConvolution(x, xZero.data[0], w, wZero, bias, shape, sums)

    const format = codeFormat(yZero.dtype, NAME)
    const out = context.empty(outShape, format.dtype)
    const codes = out.data
    const [zero] = yZero.data
    const plane = shape.outHeight * shape.outWidth
    for (let at = 0, c = 0; at < sums.length; c = (c + 1) % shape.outChannels) {
      const product = Math.fround(xScale.data[0] * channelValue(wScale, c))
      const scale = Math.fround(product / yScale.data[0])
      for (const end = at + plane; at < end; at++) {
        codes[at] = toCode(Math.fround(Math.fround(sums[at]) * scale), zero, format)
      }
    }
    return { outputs: [out] }
  },
  backward: notDifferentiable(NAME),
  samples: () => {
    const x = [sampleCodes([2, 4, 5, 4], 'uint8'), tensor([0.02], []), tensor([50], [], { dtype: 'uint8' })]
    const w = sampleCodes([4, 2, 3, 2], 'int8')
    const perChannel = [tensor([0.5, 1, 0.25, 2]), tensor([1, -2, 3, 4], [4], { dtype: 'int8' })]
    const one = [tensor([0.5], [1]), tensor([0], [1], { dtype: 'int8' })]
    const y = [tensor([4], []), tensor([-3], [], { dtype: 'int8' })]
    const bias = tensor([100, -200, 300, 0], [4], { dtype: 'int32' })
    return [
      {
        name: 'by channel, bias, two groups, padding',
        inputs: [...x, w, ...perChannel, ...y, bias],
        attributes: { pads: [1, 0, 2, 1], strides: [2, 1], group: 2 },
      },
      { name: 'one scale each', inputs: [...x, w, ...one, ...y], attributes: { group: 2, dilations: [1, 2] } },
    ]
  },
}

function checkParameters(
  name: string,
  dtype: string,
  scale: TensorSpec,
  zeroPoint: TensorSpec,
  channels: number | null,
): void {
  if (scale.dtype !== 'float32' || zeroPoint.dtype !== dtype) {
    throw new ShapeError(
      `${NAME}: the scale of ${name} is ${scale.dtype}, its zero point ${zeroPoint.dtype}; wanted float32 and ${dtype}`,
    )
  }
  checkPerChannel(scale.shape, channels, `the scale of ${name}`, NAME)
  checkPerChannel(zeroPoint.shape, channels, `the zero point of ${name}`, NAME)
}
