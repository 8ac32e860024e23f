import { UnsupportedError } from '../../engine/base/errors.ts'
import { scope } from '../../engine/core/context.ts'
import { applyOp, noGrad } from '../../engine/core/tape.ts'
import { type FloatTensor, Tensor } from '../../engine/core/tensor.ts'
import type { Op } from '../../engine/ops/op.ts'
import { ops } from '../../engine/ops/table.ts'
import type { FloatOperators } from './execute/floatOperators.ts'

/**
 * The engine's operators for the 'float' steps of integer programs: f32, one rounding an operation, the same bits with every choice
 * of kernels. Throws `UnsupportedError` for an operator that the engine does not have.
 * Example: new IntegerSession(program, { floatOperators: engineFloatOperators }).
 */
export const engineFloatOperators: FloatOperators = (operator, operands, attributes) => {
  const op: Op | undefined = Object.hasOwn(ops, operator) ? (ops as Readonly<Record<string, Op>>)[operator] : undefined
  if (op === undefined) throw new UnsupportedError(`float step: the engine has no operator ${operator}`)
  const inputs = operands.map((operand) => operand && new Tensor('float32', operand.shape, operand.data))
  // Arrays instead of a tensor are not copied out of the scope: they stay as they are until the next one.
  return scope(() => {
    const { shape, data } = noGrad(() => applyOp(op, inputs, attributes))[0] as FloatTensor
    return { shape, data }
  })
}
