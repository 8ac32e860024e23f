import type { NodeBuilder } from '../nodeBuilder.ts'
import { convolutionAttributes, convolutionWindow } from './conv.ts'
import type { OnnxOperator } from './operator.ts'

/** The graph's names of all inputs, codes, scales and zero points alike: the operator checks their types. */
function allInputs(node: NodeBuilder): string[] {
  return Array.from({ length: node.inputCount }, (_, input) => node.tensor(input))
}

/** ONNX MatMulInteger; see its operator in quant/operators. */
export const MatMulInteger: OnnxOperator = {
  name: 'MatMulInteger',
  since: 10,
  requires: 2,
  build(node) {
    node.emit('MatMulInteger', allInputs(node), {}, ['int32'])
  },
}

/** ONNX ConvInteger; see its operator in quant/operators. */
export const ConvInteger: OnnxOperator = {
  name: 'ConvInteger',
  since: 10,
  requires: 2,
  attributes: convolutionAttributes,
  build(node) {
    node.emit('ConvInteger', allInputs(node), convolutionWindow(node, 0, 1), ['int32'])
  },
}

/** ONNX QLinearMatMul; see its operator in quant/operators. */
export const QLinearMatMul: OnnxOperator = {
  name: 'QLinearMatMul',
  since: 10,
  requires: 8,
  build(node) {
    node.emit('QLinearMatMul', allInputs(node), {}, [node.type(7)])
  },
}

/** ONNX QLinearConv; see its operator in quant/operators. */
export const QLinearConv: OnnxOperator = {
  name: 'QLinearConv',
  since: 10,
  requires: 8,
  attributes: convolutionAttributes,
  build(node) {
    node.emit('QLinearConv', allInputs(node), convolutionWindow(node, 0, 3), [node.type(7)])
  },
}
