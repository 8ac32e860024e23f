import { ShapeError } from '../../../../engine/base/errors.ts'
import { broadcastShapes } from '../../../../engine/base/shape.ts'
import { pow } from '../../../../engine/kernels/transcendental/pow.ts'
import { countElements, isBig, isInteger, zeroTensor } from '../../elements.ts'
import type { OnnxTensor } from '../../model.ts'
import { roundToType } from '../convert.ts'
import { broadcastPositions } from '../elementwise.ts'
import type { OnnxOperator } from './operator.ts'

/**
 * ONNX Pow: the result has the base's type, whatever the exponent's. An integer to an integral exponent from 0 on
 * is exact modulo 2^bits; any other power of an integer is computed as a float32 and cut off.
 */
export const Pow: OnnxOperator = {
  name: 'Pow',
  since: 7,
  requires: 2,
  build(node) {
    node.emit('Pow', [node.float(0), node.float(1)])
  },
  evaluates: ({ inputs }) => inputs.some((input) => input?.type !== 'float32'),
  evaluate({ inputs, maxElements }) {
    const [base, exponent] = inputs as OnnxTensor[]
    const { type } = base
    const shape = broadcastShapes(base.dims, exponent.dims, 'Pow') as number[]
    countElements(shape, maxElements, 'Pow')
    const result = zeroTensor(type, shape)
    const fromBase = broadcastPositions(base.dims, shape)
    const fromExponent = broadcastPositions(exponent.dims, shape)
    for (let i = 0; i < result.data.length; i++) {
      const x = base.data[fromBase[i]]
      const y = exponent.data[fromExponent[i]]
      if (isInteger(type) && y >= 0 && Number.isInteger(Number(y))) {
        const power = powerModulo(BigInt(x), BigInt(y))
        result.data[i] = isBig(type) ? power : roundToType(type, Number(BigInt.asIntN(32, power)))
      } else {
        const power = isInteger(type) ? Math.fround(pow(Number(x), Number(y))) : pow(Number(x), Number(y))
        if (!isBig(type)) result.data[i] = roundToType(type, power)
        else if (Number.isFinite(power)) result.data[i] = BigInt(Math.trunc(power))
        else throw new ShapeError(`Pow: ${x} to the power ${y} is ${power}, which is no ${type}`)
      }
    }
    return [result]
  },
}

/** x to the power y modulo 2^64, by squaring. */
function powerModulo(x: bigint, y: bigint): bigint {
  let result = 1n
  let square = x
  for (let rest = y; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asUintN(64, result * square)
    square = BigInt.asUintN(64, square * square)
  }
  return result
}
