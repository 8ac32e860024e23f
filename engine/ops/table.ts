import { Abs } from './abs.ts'
import { Add } from './add.ts'
import { AveragePool } from './averagePool.ts'
import { BatchNormalization } from './batchNormalization.ts'
import { Clip } from './clip.ts'
import { Concat } from './concat.ts'
import { Conv } from './conv.ts'
import { ConvTranspose } from './convTranspose.ts'
import { Div } from './div.ts'
import { Erf } from './erf.ts'
import { Exp } from './exp.ts'
import { Expand } from './expand.ts'
import { Flatten } from './flatten.ts'
import { Gather } from './gather.ts'
import { Gelu } from './gelu.ts'
import { Gemm } from './gemm.ts'
import { GlobalAveragePool } from './globalAveragePool.ts'
import { GlobalMaxPool } from './globalMaxPool.ts'
import { HardSigmoid } from './hardSigmoid.ts'
import { HardSwish } from './hardSwish.ts'
import { LayerNormalization } from './layerNormalization.ts'
import { LeakyRelu } from './leakyRelu.ts'
import { Log } from './log.ts'
import { LogSoftmax } from './logSoftmax.ts'
import { MatMul } from './matMul.ts'
import { Max } from './max.ts'
import { MaxPool } from './maxPool.ts'
import { MeanSquaredError } from './meanSquaredError.ts'
import { Min } from './min.ts'
import { Mul } from './mul.ts'
import type { OpName } from './names.ts'
import { Neg } from './neg.ts'
import type { Op } from './op.ts'
import { Pad } from './pad.ts'
import { Pow } from './pow.ts'
import { ReduceMax } from './reduceMax.ts'
import { ReduceMean } from './reduceMean.ts'
import { ReduceSum } from './reduceSum.ts'
import { Relu } from './relu.ts'
import { Reshape } from './reshape.ts'
import { Resize } from './resize.ts'
import { Sigmoid } from './sigmoid.ts'
import { Slice } from './slice.ts'
import { Softmax } from './softmax.ts'
import { SoftmaxCrossEntropyLoss } from './softmaxCrossEntropyLoss.ts'
import { Softplus } from './softplus.ts'
import { Split } from './split.ts'
import { Sqrt } from './sqrt.ts'
import { Squeeze } from './squeeze.ts'
import { Sub } from './sub.ts'
import { Sum } from './sum.ts'
import { Swish } from './swish.ts'
import { Tanh } from './tanh.ts'
import { Transpose } from './transpose.ts'
import { Unsqueeze } from './unsqueeze.ts'
import { Where } from './where.ts'

/** Every operator by its ONNX name. The compiler refuses a table that lacks one. */
export const ops = {
  Abs,
  Add,
  AveragePool,
  BatchNormalization,
  Clip,
  Concat,
  Conv,
  ConvTranspose,
  Div,
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
  LayerNormalization,
  LeakyRelu,
  Log,
  LogSoftmax,
  MatMul,
  Max,
  MaxPool,
  MeanSquaredError,
  Min,
  Mul,
  Neg,
  Pad,
  Pow,
  ReduceMax,
  ReduceMean,
  ReduceSum,
  Relu,
  Reshape,
  Resize,
  Sigmoid,
  Slice,
  Softmax,
  SoftmaxCrossEntropyLoss,
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
} satisfies Record<OpName, Op>
