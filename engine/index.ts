/** The engine: tensors, gradients, operators, graphs and optimisers. The entry point of the package itself. */

// Element types, shapes, errors
export type { DType, DTypeArrays, TypedArray } from './base/dtype.ts'
export { FormatError, NumericError, ShapeError, UnsupportedError, UsageError } from './base/errors.ts'
export { RandomStream } from './base/random.ts'
export { encodeSafetensors } from './base/safetensors.ts'
export type { Dim, Shape, SymbolicShape } from './base/shape.ts'

// Tensors and gradients, the kernels they are computed with
export { type KernelChoice, scope, useKernels } from './core/context.ts'
export { noGrad } from './core/tape.ts'
export { type FloatTensor, full, Tensor, type TensorOptions, tensor, zeros } from './core/tensor.ts'
// Graphs
export { buildGraph, GraphBuilder, type Value } from './graph/builder.ts'
export { checkGraph } from './graph/checkGraph.ts'
export { countMacs, countParameters } from './graph/count.ts'
export { foldBatchNorm } from './graph/foldBatchNorm.ts'
export type {
  AttributeValue,
  Graph,
  GraphInput,
  GraphNode,
  Initialiser,
  ParameterSpec,
  Parameters,
} from './graph/graph.ts'
export { inferShapes } from './graph/inferShapes.ts'
export { initialise } from './graph/initialise.ts'
export { type RunOptions, runGraph, type Tap } from './graph/interpreter.ts'
export type { OperatorTable } from './graph/operator.ts'
export { checkParameters, floatParameter, trainableParameters } from './graph/parameters.ts'
export { type PreparedGraph, type PrepareOptions, prepareGraph } from './graph/prepare.ts'
export { loadSafetensors } from './graph/safetensors.ts'
// Element by element
export { abs } from './ops/abs.ts'
export { add } from './ops/add.ts'
// Matrix products, convolutions, attention
export { scaledDotProductAttention } from './ops/attention.ts'
// Pooling
export { type AveragePoolOptions, avgPool2d } from './ops/averagePool.ts'
// Normalisation, reductions, losses
export { type BatchNormOptions, batchNorm } from './ops/batchNormalization.ts'
export { clip, relu6 } from './ops/clip.ts'
// Shapes and data movement
export { concat } from './ops/concat.ts'
export { conv2d } from './ops/conv.ts'
export type { ConvOptions } from './ops/convolution.ts'
export { type ConvTransposeOptions, convTranspose2d } from './ops/convTranspose.ts'
export { div } from './ops/div.ts'
export { erf } from './ops/erf.ts'
export { exp } from './ops/exp.ts'
export { expand } from './ops/expand.ts'
export { flatten } from './ops/flatten.ts'
export { gather } from './ops/gather.ts'
export { gelu } from './ops/gelu.ts'
export { gemm, linear } from './ops/gemm.ts'
export { globalAvgPool2d } from './ops/globalAveragePool.ts'
export { globalMaxPool2d } from './ops/globalMaxPool.ts'
export { hardsigmoid } from './ops/hardSigmoid.ts'
export { hardswish } from './ops/hardSwish.ts'
export { type LayerNormOptions, layerNorm } from './ops/layerNormalization.ts'
export { leakyRelu } from './ops/leakyRelu.ts'
export { log } from './ops/log.ts'
export { logSoftmax } from './ops/logSoftmax.ts'
export { matmul } from './ops/matMul.ts'
export { maximum } from './ops/max.ts'
export { type MaxPoolOptions, maxPool2d } from './ops/maxPool.ts'
export { mse } from './ops/meanSquaredError.ts'
export { minimum } from './ops/min.ts'
export { mul } from './ops/mul.ts'
export { neg } from './ops/neg.ts'
export { type PadAttributes, pad } from './ops/pad.ts'
export { pow } from './ops/pow.ts'
export { max } from './ops/reduceMax.ts'
export { mean } from './ops/reduceMean.ts'
export { sum } from './ops/reduceSum.ts'
export type { ReduceOptions } from './ops/reduction.ts'
export { relu } from './ops/relu.ts'
export { reshape } from './ops/reshape.ts'
export { type ResizeAttributes, resize } from './ops/resize.ts'
export { sigmoid } from './ops/sigmoid.ts'
export { type SliceAttributes, slice } from './ops/slice.ts'
export { softmax } from './ops/softmax.ts'
export { type CrossEntropyOptions, crossEntropy } from './ops/softmaxCrossEntropyLoss.ts'
export { softplus } from './ops/softplus.ts'
export type { HeightWidth } from './ops/spatial.ts'
export { split } from './ops/split.ts'
export { sqrt } from './ops/sqrt.ts'
export { squeeze } from './ops/squeeze.ts'
export { sub } from './ops/sub.ts'
export { addN } from './ops/sum.ts'
export { silu } from './ops/swish.ts'
export { tanh } from './ops/tanh.ts'
export { transpose } from './ops/transpose.ts'
export { unsqueeze } from './ops/unsqueeze.ts'
export { where } from './ops/where.ts'

// Optimisers and schedules
export { AdamW, type AdamWOptions } from './optim/adamw.ts'
export type { Optimiser } from './optim/optimiser.ts'
export { constant, cosine, type Schedule, stepDecay, warmup } from './optim/schedules.ts'
export { SGD, type SGDOptions } from './optim/sgd.ts'

// Several threads
export type { Executor } from './simd/executor.ts'
