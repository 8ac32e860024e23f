import { readConv, readGemm, readMatMul, readQLinearConv, readQLinearMatMul } from './layers.ts'
import type { NodeReader } from './node.ts'
import {
  readAveragePool,
  readClamp,
  readConcat,
  readConstant,
  readFunction,
  readGlobalAveragePool,
  readIdentity,
  readMaxPool,
  readPair,
  readReduceMean,
  readSoftmax,
  readTranspose,
} from './operators.ts'
import { readDequantizeLinear, readQuantizeLinear } from './quantisation.ts'
import { readFlatten, readReshape, readSqueeze, readUnsqueeze } from './reshapes.ts'

/** The operators of the standard set that a quantised model may hold, and how each is read. */
export const quantisedOperators: ReadonlyMap<string, (node: NodeReader) => void> = new Map([
  ['Add', readPair('Add')],
  ['AveragePool', readAveragePool],
  ['Clip', readClamp('Clip')],
  ['Concat', readConcat],
  ['Constant', readConstant],
  ['Conv', readConv],
  ['DequantizeLinear', readDequantizeLinear],
  ['Flatten', readFlatten],
  ['Gelu', readFunction('Gelu', 'approximate')],
  ['Gemm', readGemm],
  ['GlobalAveragePool', readGlobalAveragePool],
  ['HardSigmoid', readFunction('HardSigmoid', 'alpha', 'beta')],
  ['HardSwish', readFunction('HardSwish')],
  ['Identity', readIdentity],
  ['LeakyRelu', readFunction('LeakyRelu', 'alpha')],
  ['MatMul', readMatMul],
  ['MaxPool', readMaxPool],
  ['Mul', readPair('Mul')],
  ['QLinearConv', readQLinearConv],
  ['QLinearMatMul', readQLinearMatMul],
  ['QuantizeLinear', readQuantizeLinear],
  ['ReduceMean', readReduceMean],
  ['Relu', readClamp('Relu')],
  ['Reshape', readReshape],
  ['Sigmoid', readFunction('Sigmoid')],
  ['Softmax', readSoftmax],
  ['Squeeze', readSqueeze],
  ['Swish', readFunction('Swish', 'alpha')],
  ['Tanh', readFunction('Tanh')],
  ['Transpose', readTranspose],
  ['Unsqueeze', readUnsqueeze],
])
