import { ShapeError } from '../../engine/base/errors.ts'
import { formatShape, type Shape } from '../../engine/base/shape.ts'
import { type Tensor, tensor } from '../../engine/core/tensor.ts'
import type { Op, TensorSpec } from '../../engine/ops/op.ts'
import { codeFormat, toCode } from './codes.ts'
import {
  checkCodes,
  checkPerLine,
  integerProduct,
  perLine,
  productPlan,
  productShape,
  type Side,
} from './integerProduct.ts'
import { notDifferentiable } from './notDifferentiable.ts'
import { isSingle } from './scaleLayout.ts'

const NAME = 'QLinearMatMul'

/**
 * ONNX QLinearMatMul: the int32 product of MatMulInteger, brought to the codes of y. As the text orders it:
 *
 *     y = saturate(RNE(f32(f32(sum) * f32(f32(a_scale * b_scale) / y_scale))) + y_zero_point)
 *
 * Inputs a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point; a's scale and zero point are one or
 * one for each row, b's one or one for each column, y's one. y has the type of its zero point. ONNX's reference
 * implementation multiplies in double and adds the zero point before it rounds: that flips ties where y_zero_point is
 * odd. Example: sum 1, scales 0.5, 1, 1, y_zero_point 1: RNE(0.5) + 1 = 1 (the reference has RNE(1.5) = 2).
 */
export const QLinearMatMul: Op = {
  name: NAME,
  shape(inputs) {
    if (inputs.length !== 8 || inputs.includes(null)) {
      throw new ShapeError(`${NAME}: wanted a, b and y, each with scale and zero point, got ${inputs.length} inputs`)
    }
    const [a, aScale, aZero, b, bScale, bZero, yScale, yZero] = inputs as TensorSpec[]
    checkCodes(a, 'a', NAME)
    checkCodes(b, 'b', NAME)
    checkCodes(yZero, 'the zero point of y', NAME)
    checkOperand('a', a, aScale, aZero)
    checkOperand('b', b, bScale, bZero)
    if (yScale.dtype !== 'float32' || !isSingle(yScale.shape) || !isSingle(yZero.shape)) {
      throw new ShapeError(
        `${NAME}: the scale of y is ${yScale.dtype} ${formatShape(yScale.shape)}, its zero point ${formatShape(yZero.shape)}; wanted one float32 and one zero point`,
      )
    }
    return [{ dtype: yZero.dtype, shape: productShape(a.shape, b.shape, NAME) }]
  },
  forward(context, inputs) {
    const [a, aScale, aZero, b, bScale, bZero, yScale, yZero] = inputs as Tensor[]
    const plan = productPlan(a.shape, b.shape, NAME)
    const { m, n, aIndex, bIndex } = plan
    const shape = productShape(a.shape, b.shape, NAME) as Shape
    const sums = context.empty(shape, 'int32').data
    integerProduct(plan, a, perLine(aZero, a.shape, 'a'), b, perLine(bZero, b.shape, 'b'), sums)

    const aScales = perLine(aScale, a.shape, 'a')
    const bScales = perLine(bScale, b.shape, 'b')
    const format = codeFormat(yZero.dtype, NAME)
    const out = context.empty(shape, format.dtype)
    const codes = out.data
    const [divisor] = yScale.data
    const [zero] = yZero.data
    for (let i = 0, at = 0; i < aIndex.length; i++) {
      for (let r = 0; r < m; r++) {
        for (let c = 0; c < n; c++, at++) {
          const product = Math.fround(aScales[aIndex[i] * m + r] * bScales[bIndex[i] * n + c])
          const scale = Math.fround(product / divisor)
          codes[at] = toCode(Math.fround(Math.fround(sums[at]) * scale), zero, format)
        }
      }
    }
    return { outputs: [out] }
  },
  backward: notDifferentiable(NAME),
  samples: () => {
    const a = tensor([0, 255, 128, 7, 66, 31], [2, 3], { dtype: 'uint8' })
    const b = tensor([-128, 127, 3, -4, 50, 60, 7, 8, -9, 10, 0, 1], [3, 4], { dtype: 'int8' })
    const one = (value: number) => tensor([value], [])
    const zero = (value: number, dtype: 'int8' | 'uint8') => tensor([value], [1], { dtype })
    const perRow = [tensor([0.01, 0.02]), tensor([1, 255], [2], { dtype: 'uint8' })]
    const perColumn = [tensor([1, 0.5, 0.25, 2], [1, 4]), tensor([0, 1, -1, 3], [1, 4], { dtype: 'int8' })]
    const y = [one(0.75), zero(3, 'int8')]
    return [
      {
        name: 'one scale each',
        inputs: [a, one(0.02), zero(113, 'uint8'), b, one(0.5), zero(-7, 'int8'), ...y],
        attributes: {},
      },
      { name: 'by row and column', inputs: [a, ...perRow, b, ...perColumn, ...y], attributes: {} },
    ]
  },
}

function checkOperand(side: Side, operand: TensorSpec, scale: TensorSpec, zeroPoint: TensorSpec): void {
  if (scale.dtype !== 'float32' || zeroPoint.dtype !== operand.dtype) {
    throw new ShapeError(
      `${NAME}: the scale of ${side} is ${scale.dtype}, its zero point ${zeroPoint.dtype}; wanted float32 and ${operand.dtype}`,
    )
  }
  checkPerLine(scale.shape, operand.shape, side, 'its scale', NAME)
  checkPerLine(zeroPoint.shape, operand.shape, side, 'its zero point', NAME)
}
