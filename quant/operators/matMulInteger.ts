import { ShapeError } from '../../engine/base/errors.ts'
import type { Shape } from '../../engine/base/shape.ts'
import { type Tensor, tensor } from '../../engine/core/tensor.ts'
import type { Op } from '../../engine/ops/op.ts'
import { checkCodes, checkPerLine, integerProduct, perLine, productPlan, productShape } from './integerProduct.ts'
import { notDifferentiable } from './notDifferentiable.ts'
import { sampleCodes } from './sampleCodes.ts'

const NAME = 'MatMulInteger'

/**
 * ONNX MatMulInteger: the int32 product of codes without their zero points, sum over k of (A - za)(B - zb), which wraps.
 * A and B are int8 or uint8, each as it likes, with NumPy's matmul shapes. Inputs A, B and optionally the zero points za
 * (one, or one for each row) and zb (one, or one for each column), each of its operand's type; default 0.
 * Example: A [[11, 7, 3]] uint8 with za 12, B [[1], [2], [3]]: (-1) 1 + (-5) 2 + (-9) 3 = -38.
 */
export const MatMulInteger: Op = {
  name: NAME,
  shape(inputs) {
    const [a, b, aZero = null, bZero = null] = inputs
    if (inputs.length < 2 || inputs.length > 4 || !a || !b) {
      throw new ShapeError(`${NAME}: wanted A, B and optionally their zero points, got ${inputs.length} inputs`)
    }
    checkCodes(a, 'A', NAME)
    checkCodes(b, 'B', NAME)
    for (const [side, operand, zero] of [['a', a, aZero] as const, ['b', b, bZero] as const]) {
      if (zero === null) continue
      if (zero.dtype !== operand.dtype) {
        throw new ShapeError(`${NAME}: the zero point of ${side} is ${zero.dtype}, wanted ${operand.dtype}`)
      }
      checkPerLine(zero.shape, operand.shape, side, 'its zero point', NAME)
    }
    return [{ dtype: 'int32', shape: productShape(a.shape, b.shape, NAME) }]
  },
  forward(context, inputs) {
    const [a, b] = inputs as Tensor[]
    const out = context.empty(productShape(a.shape, b.shape, NAME) as Shape, 'int32')
    const aZero = perLine(inputs[2] ?? null, a.shape, 'a')
    const bZero = perLine(inputs[3] ?? null, b.shape, 'b')
    integerProduct(productPlan(a.shape, b.shape, NAME), a, aZero, b, bZero, out.data)
    return { outputs: [out] }
  },
  backward: notDifferentiable(NAME),
  samples: () => {
    const rows = tensor([1, 2, 3], [3], { dtype: 'uint8' })
    const columns = tensor([-1, 5], [2], { dtype: 'int8' })
    return [
      { name: 'no zero points', inputs: [sampleCodes([3, 4], 'uint8'), sampleCodes([4, 2], 'int8')], attributes: {} },
      {
        name: 'zero points by row and column',
        inputs: [sampleCodes([3, 4], 'uint8'), sampleCodes([4, 2], 'int8'), rows, columns],
        attributes: {},
      },
      {
        name: 'batches broadcast',
        inputs: [sampleCodes([2, 1, 3, 4], 'int8'), sampleCodes([5, 4, 2], 'uint8')],
        attributes: {},
      },
      { name: 'two vectors', inputs: [sampleCodes([4], 'int8'), sampleCodes([4], 'int8')], attributes: {} },
      { name: 'empty', inputs: [sampleCodes([0, 4], 'uint8'), sampleCodes([4, 2], 'uint8')], attributes: {} },
    ]
  },
}
