/**
 * The kernel table: every arithmetic loop of the engine, by name. These plain-TypeScript functions are the definition
 * of every bit; any other implementation of a kernel must equal them. Typed arrays and integers in, results written to
 * `out`; no allocation, no closures in inner loops, float32 rounding after every operation unless the file says so.
 */

import { abs, absGrad } from './abs.ts'
import { adam } from './adam.ts'
import { add } from './add.ts'
import { addBroadcast } from './addBroadcast.ts'
import { addChannelBias } from './addChannelBias.ts'
import { averagePool, averagePoolGrad } from './averagePool.ts'
import {
  batchNorm,
  batchNormGradEvaluation,
  batchNormGradTraining,
  batchNormParameterGrads,
  batchNormRunning,
  batchNormStatistics,
} from './batchNorm.ts'
import { clip, clipGrad } from './clip.ts'
import { conv2d } from './conv2d.ts'
import { conv2dGradInput } from './conv2dGradInput.ts'
import { conv2dGradWeight } from './conv2dGradWeight.ts'
import { crossEntropy, crossEntropyGrad } from './crossEntropy.ts'
import { divBroadcast } from './divBroadcast.ts'
import { divideBy } from './divideBy.ts'
import { equalBroadcast } from './equalBroadcast.ts'
import { erf, erfGrad } from './erf.ts'
import { exp, expGrad } from './exp.ts'
import { gather, gatherGrad } from './gather.ts'
import { gelu, geluGrad } from './gelu.ts'
import { geluTanh, geluTanhGrad } from './geluTanh.ts'
import { gemm } from './gemm.ts'
import { globalAveragePool, globalAveragePoolGrad } from './globalAveragePool.ts'
import { hardSigmoid, hardSigmoidGrad } from './hardSigmoid.ts'
import { hardSwish, hardSwishGrad } from './hardSwish.ts'
import { interpolate, interpolateGrad } from './interpolate.ts'
import { layerNorm, layerNormGrad, layerNormParameterGrads } from './layerNorm.ts'
import { leakyRelu, leakyReluGrad } from './leakyRelu.ts'
import { log, logGrad } from './log.ts'
import { logSoftmax, logSoftmaxGrad } from './logSoftmax.ts'
import { matmul } from './matmul.ts'
import { maxBroadcast } from './maxBroadcast.ts'
import { maxPool, maxPoolGrad } from './maxPool.ts'
import { meanSquaredError, meanSquaredErrorGrad } from './meanSquaredError.ts'
import { minBroadcast } from './minBroadcast.ts'
import { mulBroadcast } from './mulBroadcast.ts'
import { neg } from './neg.ts'
import { pad, padGrad } from './pad.ts'
import { powBaseSlope, powBroadcast, powExponentSlope } from './powBroadcast.ts'
import { reduceMax, reduceMaxGrad } from './reduceMax.ts'
import { reduceSum, reduceSumGrad } from './reduceSum.ts'
import { relu, reluGrad } from './relu.ts'
import { sgd, sgdMomentum } from './sgd.ts'
import { sigmoid, sigmoidGrad } from './sigmoid.ts'
import { softmax, softmaxGrad } from './softmax.ts'
import { softplus, softplusGrad } from './softplus.ts'
import { sqrt, sqrtGrad } from './sqrt.ts'
import { stridedCopy } from './stridedCopy.ts'
import { subBroadcast } from './subBroadcast.ts'
import { channelSum } from './sumLanes.ts'
import { swish, swishGrad } from './swish.ts'
import { tanh, tanhGrad } from './tanh.ts'
import { where, whereGrad } from './where.ts'

export const plainKernels = {
  abs,
  absGrad,
  adam,
  add,
  addBroadcast,
  addChannelBias,
  averagePool,
  averagePoolGrad,
  batchNorm,
  batchNormGradEvaluation,
  batchNormGradTraining,
  batchNormParameterGrads,
  batchNormRunning,
  batchNormStatistics,
  channelSum,
  clip,
  clipGrad,
  conv2d,
  conv2dGradInput,
  conv2dGradWeight,
  crossEntropy,
  crossEntropyGrad,
  divBroadcast,
  divideBy,
  equalBroadcast,
  erf,
  erfGrad,
  exp,
  expGrad,
  gather,
  gatherGrad,
  gelu,
  geluGrad,
  geluTanh,
  geluTanhGrad,
  gemm,
  globalAveragePool,
  globalAveragePoolGrad,
  hardSigmoid,
  hardSigmoidGrad,
  hardSwish,
  hardSwishGrad,
  interpolate,
  interpolateGrad,
  layerNorm,
  layerNormGrad,
  layerNormParameterGrads,
  leakyRelu,
  leakyReluGrad,
  log,
  logGrad,
  logSoftmax,
  logSoftmaxGrad,
  matmul,
  maxBroadcast,
  maxPool,
  maxPoolGrad,
  meanSquaredError,
  meanSquaredErrorGrad,
  minBroadcast,
  mulBroadcast,
  neg,
  pad,
  padGrad,
  powBaseSlope,
  powBroadcast,
  powExponentSlope,
  reduceMax,
  reduceMaxGrad,
  reduceSum,
  reduceSumGrad,
  relu,
  reluGrad,
  sgd,
  sgdMomentum,
  sigmoid,
  sigmoidGrad,
  softmax,
  softmaxGrad,
  softplus,
  softplusGrad,
  sqrt,
  sqrtGrad,
  stridedCopy,
  subBroadcast,
  swish,
  swishGrad,
  tanh,
  tanhGrad,
  where,
  whereGrad,
}

/** The signatures that every implementation of the kernels shares. */
export type Kernels = typeof plainKernels
