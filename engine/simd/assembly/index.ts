/**
 * Every SIMD kernel that the module exports. A function takes pointers (byte offsets, 4-byte aligned at least, arrays
 * never overlapping unless said), sizes and constants, then the range [begin, end) of its units of work: units write
 * disjoint outputs, so any split over threads gives the same bits. Nothing here may need a data, start or global
 * section: no static arrays, no strings, no global variables.
 */

export { abs, absGrad } from './abs'
export { adam } from './adam'
export { add } from './add'
export { addBroadcast } from './addBroadcast'
export { addChannelBias } from './addChannelBias'
export { averagePool, averagePoolGrad } from './averagePool'
export {
  batchNorm,
  batchNormGradEvaluation,
  batchNormGradTraining,
  batchNormParameterGrads,
  batchNormRunning,
  batchNormStatistics,
} from './batchNorm'
export { clip, clipGrad } from './clip'
export { copyPadded } from './copyPadded'
export { crossEntropy, crossEntropyGrad } from './crossEntropy'
export { depthwise } from './depthwise'
export { depthwiseGradWeight } from './depthwiseGradWeight'
export { divBroadcast } from './divBroadcast'
export { divideBy } from './divideBy'
export { exp, expGrad } from './exp'
export { gatherProduct } from './gatherProduct'
export { gelu, geluGrad } from './gelu'
export { geluTanh, geluTanhGrad } from './geluTanh'
export { gemmFinish } from './gemm'
export { globalAveragePool, globalAveragePoolGrad } from './globalAveragePool'
export { hardSigmoid, hardSigmoidGrad } from './hardSigmoid'
export { hardSwish, hardSwishGrad } from './hardSwish'
export { laneProduct, packLanes } from './laneProduct'
export { layerNorm, layerNormGrad, layerNormParameterGrads } from './layerNorm'
export { leakyRelu, leakyReluGrad } from './leakyRelu'
export { log, logGrad } from './log'
export { logSoftmax, logSoftmaxGrad } from './logSoftmax'
export { maxPool, maxPoolGrad } from './maxPool'
export { meanSquaredError, meanSquaredErrorGrad } from './meanSquaredError'
export { mulBroadcast } from './mulBroadcast'
export { packRows } from './packRows'
export { peak } from './peak'
export { reduceMax, reduceMaxGrad } from './reduceMax'
export { reduceSum, reduceSumGrad } from './reduceSum'
export { relu, reluGrad } from './relu'
export { sgd, sgdMomentum } from './sgd'
export { sigmoid, sigmoidGrad } from './sigmoid'
export { softmax, softmaxGrad } from './softmax'
export { softplus, softplusGrad } from './softplus'
export { subBroadcast } from './subBroadcast'
export { channelSum } from './sumLanes'
export { swish, swishGrad } from './swish'
export { tanh, tanhGrad } from './tanh'
