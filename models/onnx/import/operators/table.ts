import { Add, Div, Max, Min, Mul, Sub, Sum } from './arithmetic.ts'
import { Cast } from './cast.ts'
import { Clip } from './clip.ts'
import { Conv, ConvTranspose } from './conv.ts'
import { ConvInteger, MatMulInteger, QLinearConv, QLinearMatMul } from './integerProducts.ts'
import { Concat, Expand, Gather, Pad, Slice, Split, Transpose } from './movement.ts'
import { BatchNormalization, LayerNormalization } from './normalisation.ts'
import type { OnnxOperator } from './operator.ts'
import { AveragePool, MaxPool } from './pool.ts'
import { Pow } from './pow.ts'
import { Gemm, MatMul } from './products.ts'
import { DequantizeLinear, DynamicQuantizeLinear, QuantizeLinear } from './quantisation.ts'
import { ReduceMax, ReduceMean, ReduceSum } from './reduce.ts'
import { Resize } from './resize.ts'
import { Constant, ConstantOfShape, Shape } from './shape.ts'
import {
  Abs,
  Erf,
  Exp,
  Gelu,
  GlobalAveragePool,
  GlobalMaxPool,
  HardSigmoid,
  HardSwish,
  LeakyRelu,
  Log,
  LogSoftmax,
  Neg,
  Relu,
  Sigmoid,
  Softmax,
  Softplus,
  Sqrt,
  Swish,
  Tanh,
} from './unary.ts'
import { Dropout, Flatten, Identity, Reshape, Squeeze, Unsqueeze } from './views.ts'
import { Where } from './where.ts'

const all: readonly OnnxOperator[] = [
  Abs,
  Add,
  AveragePool,
  BatchNormalization,
  Cast,
  Clip,
  Concat,
  Constant,
  ConstantOfShape,
  Conv,
  ConvInteger,
  ConvTranspose,
  DequantizeLinear,
  Div,
  Dropout,
  DynamicQuantizeLinear,
  Erf,
  Exp,
  Expand,
  Flatten,
  Gather,
  Gelu,
  Gemm,
  GlobalAveragePool,
  GlobalMaxPool,
  HardSigmoid,
  HardSwish,
  Identity,
  LayerNormalization,
  LeakyRelu,
  Log,
  LogSoftmax,
  MatMul,
  MatMulInteger,
  Max,
  MaxPool,
  Min,
  Mul,
  Neg,
  Pad,
  Pow,
  QLinearConv,
  QLinearMatMul,
  QuantizeLinear,
  ReduceMax,
  ReduceMean,
  ReduceSum,
  Relu,
  Reshape,
  Resize,
  Shape,
  Sigmoid,
  Slice,
  Softmax,
  Softplus,
  Split,
  Sqrt,
  Squeeze,
  Sub,
  Sum,
  Swish,
  Tanh,
  Transpose,
  Unsqueeze,
  Where,
]

/** Every ONNX operator of the standard set that is read here, by its name. */
export const onnxOperators: ReadonlyMap<string, OnnxOperator> = new Map(
  all.map((operator) => [operator.name, operator]),
)
