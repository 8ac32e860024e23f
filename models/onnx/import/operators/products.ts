import type { OnnxOperator } from './operator.ts'

/** ONNX Gemm; B and C are weights where they are constants. */
export const Gemm: OnnxOperator = {
  name: 'Gemm',
  since: 7,
  requires: 2,
  attributes: { alpha: 'float', beta: 'float', transA: 'int', transB: 'int' },
  build(node) {
    const attributes = node.attributes.given('alpha', 'beta', 'transA', 'transB')
    node.emit('Gemm', [node.float(0), node.weight(1), node.weight(2)], attributes)
  },
}

/** ONNX MatMul; a constant operand is a weight. */
export const MatMul: OnnxOperator = {
  name: 'MatMul',
  since: 1,
  requires: 2,
  build(node) {
    node.emit('MatMul', [node.weight(0), node.weight(1)])
  },
}
