import type { OpName } from '../../../../engine/ops/names.ts'
import type { AttributeKind } from '../../attributes.ts'
import { isBig, isInteger, zeroTensor } from '../../elements.ts'
import type { OnnxTensor } from '../../model.ts'
import type { OnnxCall, OnnxOperator } from './operator.ts'
import { emitOverCodes, isFloatOrCodes } from './overCodes.ts'

/** An operator of one float32 tensor that the engine has under the same name, with the same attributes. */
function unary(
  name: OpName,
  since: number,
  attributes: Readonly<Record<string, AttributeKind>> = {},
  integers: Partial<OnnxOperator> = {},
): OnnxOperator {
  return {
    name,
    since,
    attributes,
    build(node) {
      node.emit(name, [node.float(0)], node.attributes.given(...Object.keys(attributes)))
    },
    ...integers,
  }
}

/** The evaluation of an operator on signed integers, where ONNX allows them. */
function onIntegers(number: (x: number) => number, big: (x: bigint) => bigint): Partial<OnnxOperator> {
  return {
    evaluates: ({ inputs }) => inputs[0] !== null && isInteger(inputs[0].type),
    evaluate({ inputs }: OnnxCall): OnnxTensor[] {
      const x = inputs[0] as OnnxTensor
      const result = zeroTensor(x.type, x.dims)
      for (let i = 0; i < x.data.length; i++) {
        result.data[i] = isBig(x.type) ? big(x.data[i] as bigint) : number(x.data[i] as number)
      }
      return [result]
    },
  }
}

/** ONNX Abs: the absolute value; of integers, that of the least stays as it is. */
export const Abs = unary(
  'Abs',
  6,
  {},
  onIntegers(Math.abs, (x) => (x < 0n ? -x : x)),
)
/** ONNX Neg: the negative; of integers, that of the least stays as it is. */
export const Neg = unary(
  'Neg',
  6,
  {},
  onIntegers(
    (x) => -x,
    (x) => -x,
  ),
)
/** ONNX Erf: the error function. */
export const Erf = unary('Erf', 9)
/** ONNX Exp: e^x. */
export const Exp = unary('Exp', 6)
/** ONNX Log: the natural logarithm. */
export const Log = unary('Log', 6)
/** ONNX Sqrt: the square root. */
export const Sqrt = unary('Sqrt', 6)
/** ONNX Sigmoid: 1 / (1 + e^-x). */
export const Sigmoid = unary('Sigmoid', 6)
/** ONNX Tanh: the hyperbolic tangent. */
export const Tanh = unary('Tanh', 6)
/** ONNX Softplus: log(1 + e^x). */
export const Softplus = unary('Softplus', 1)
/** ONNX HardSwish: x HardSigmoid(x) with alpha 1/6 and beta 1/2. */
export const HardSwish = unary('HardSwish', 14)
/** ONNX LeakyRelu: alpha x below 0. */
export const LeakyRelu = unary('LeakyRelu', 6, { alpha: 'float' })
/** ONNX HardSigmoid: alpha x + beta, cut off at 0 and 1. */
export const HardSigmoid = unary('HardSigmoid', 6, { alpha: 'float', beta: 'float' })
/** ONNX Gelu: x Phi(x), or with approximate 'tanh' its approximation. */
export const Gelu = unary('Gelu', 20, { approximate: 'string' })
/** ONNX Softmax: along one axis; before operator set 13 it flattened its input, which is not read. */
export const Softmax = unary('Softmax', 13, { axis: 'int' })
/** ONNX LogSoftmax: along one axis; see Softmax. */
export const LogSoftmax = unary('LogSoftmax', 13, { axis: 'int' })
/** ONNX GlobalAveragePool: the mean of each plane. */
export const GlobalAveragePool = unary('GlobalAveragePool', 1)
/** ONNX GlobalMaxPool: the maximum of each plane. */
export const GlobalMaxPool = unary('GlobalMaxPool', 1)

/** ONNX Relu; in a graph of codes too. */
export const Relu: OnnxOperator = {
  name: 'Relu',
  since: 6,
  build: (node) => emitOverCodes(node, 'Relu', {}),
  ...onIntegers(
    (x) => Math.max(x, 0),
    (x) => (x > 0n ? x : 0n),
  ),
  evaluates: ({ inputs }) => inputs[0] !== null && isInteger(inputs[0].type) && !isFloatOrCodes(inputs[0].type),
}

/** ONNX Swish, of which the engine has alpha 1. */
export const Swish: OnnxOperator = {
  name: 'Swish',
  since: 24,
  attributes: { alpha: 'float' },
  build(node) {
    if (node.attributes.float('alpha', 1) !== 1) node.refuse(`alpha ${node.attributes.float('alpha', 1)}; wanted 1`)
    node.emit('Swish', [node.float(0)])
  },
}
