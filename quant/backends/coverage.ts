import type { OpName } from '../../engine/ops/names.ts'

/** What nearly every back end here covers: convolutional classifiers. */
export const convolutionalOperators: readonly OpName[] = [
  'Add',
  'AveragePool',
  'BatchNormalization',
  'Clip',
  'Concat',
  'Conv',
  'Flatten',
  'Gemm',
  'GlobalAveragePool',
  'MaxPool',
  'Relu',
  'Reshape',
]

/** What the runtimes cover besides. */
export const runtimeOperators: readonly OpName[] = [
  ...convolutionalOperators,
  'LeakyRelu',
  'MatMul',
  'Mul',
  'ReduceMean',
  'Sigmoid',
  'Softmax',
  'Tanh',
  'Transpose',
]

/** What the models of accelerators cover besides: products and data movement, no functions. */
export const acceleratorOperators: readonly OpName[] = [
  ...convolutionalOperators,
  'MatMul',
  'Mul',
  'ReduceMean',
  'Transpose',
]
