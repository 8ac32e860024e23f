import { defaultGridAlignment } from '../quant/trim/gridAlignment.ts'
import { defaultKure } from '../quant/trim/kurtosis.ts'
import { methodOptions } from '../quant/trim/methods.ts'
import { defaultPairTrimming } from '../quant/trim/pairTrimming.ts'
import { defaultSchemeSampling, sampledParts } from '../quant/trim/schemeSampling.ts'
import type { OptionSpecs } from './options.ts'

const full = methodOptions('quant-trim')

/** The options that change a method. Defaults are those of `quant-trim`; other methods switch parts off. */
export const methodOptionSpecs: OptionSpecs = {
  'weight-bits': {
    type: 'integer',
    minimum: 2,
    maximum: 16,
    description: 'weight bits that training simulates',
    usual: full.weightBits,
  },
  'activation-bits': {
    type: 'integer',
    minimum: 2,
    maximum: 16,
    description: 'activation bits, likewise',
    usual: full.activationBits,
  },
  'weight-granularity': {
    type: 'string',
    choices: ['tensor', 'channel'],
    description: 'weight scales',
    usual: full.weightGranularity,
  },
  'weight-scale-form': {
    type: 'string',
    choices: ['float', 'pow2'],
    description: 'free or powers of two',
    usual: full.weightScaleForm,
  },
  'weight-folding': {
    type: 'boolean',
    description: 'quantise weights as folded with the following batch norm',
    usual: full.weightFolding,
  },
  'activation-symmetric': {
    type: 'boolean',
    description: 'symmetric activation ranges',
    usual: full.activationSymmetric,
  },
  'step-sizes': {
    type: 'string',
    choices: ['estimated', 'learned'],
    description: 'scales estimated, or trained as in LSQ',
    usual: full.stepSizes,
  },
  sampling: { type: 'boolean', description: 'draw the scheme anew as training goes on', usual: full.sampling !== null },
  'sampling-every': {
    type: 'string',
    choices: ['step', 'point'],
    description: 'draw for each step, or each point and step',
    usual: defaultSchemeSampling.every,
  },
  'sampling-parts': {
    type: 'string',
    value: 'LIST',
    description: `what is drawn, of ${sampledParts.join(', ')}`,
    usual: 'all',
  },
  'sampling-weight-bits': {
    type: 'string',
    value: 'LIST',
    description: 'weight bits to draw from',
    usual: defaultSchemeSampling.weightBits.join(','),
  },
  'sampling-activation-bits': {
    type: 'string',
    value: 'LIST',
    description: 'activation bits to draw from',
    usual: defaultSchemeSampling.activationBits.join(','),
  },
  ste: { type: 'string', choices: ['identity', 'clipped'], description: 'straight-through estimator', usual: full.ste },
  curriculum: {
    type: 'string',
    choices: ['none', 'step', 'progressive'],
    description: 'of lambda',
    usual: full.curriculum.kind,
  },
  warmup: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'lambda is 0 before this fraction of the run',
    usual: full.curriculum.warmup,
  },
  middle: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'end of the quartic ramp',
    usual: full.curriculum.middle,
  },
  full: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'lambda is 1 from this fraction on',
    usual: full.curriculum.full,
  },
  'lambda-middle': {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'lambda at the middle',
    usual: full.curriculum.lambdaMiddle,
  },
  'observer-beta': {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'moving average of activation ranges',
    usual: full.observerBeta,
  },
  'observer-quantile': {
    type: 'number',
    minimum: 0.5,
    maximum: 1,
    description: 'p of activation ranges',
    usual: full.observerQuantile,
  },
  'observer-skip': {
    type: 'integer',
    minimum: 0,
    description: 'first batches that observers do not see',
    usual: full.observerSkip,
  },
  kure: { type: 'boolean', description: 'kurtosis regularisation of weights', usual: full.kure !== null },
  'kure-weight': { type: 'number', minimum: 0, description: 'factor on its penalty', usual: defaultKure.weight },
  'kure-target': { type: 'number', minimum: 1, description: 'kurtosis drawn to', usual: defaultKure.target },
  'reverse-pruning': { type: 'boolean', description: 'clip the largest weights', usual: full.reversePruning !== null },
  'clip-quantile': {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'p_clip of reverse pruning',
    usual: full.reversePruning?.quantile,
  },
  'clip-beta': {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'moving average of its threshold',
    usual: full.reversePruning?.beta,
  },
  'clip-every': {
    type: 'integer',
    minimum: 1,
    description: 'epochs between trimmings',
    usual: full.reversePruning?.everyEpochs,
  },
  'clip-until': {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'fraction of the run after which it stops',
    usual: full.reversePruning?.until,
  },
  'clip-granularity': {
    type: 'string',
    choices: ['tensor', 'channel'],
    description: 'of the threshold',
    usual: full.reversePruning?.granularity,
  },
  'clip-exclude': {
    type: 'string',
    value: 'LIST',
    description: 'of first, last, depthwise; or none',
    usual: full.reversePruning?.exclude.join(','),
  },
  'gain-trimming': {
    type: 'boolean',
    description: 'trim the folded weights through batch-norm gains',
    usual: full.gainTrimming !== null,
  },
  'gain-ratio': {
    type: 'number',
    minimum: 1,
    description: 'folded maximum allowed, in medians',
    usual: full.gainTrimming?.ratio,
  },
  'grid-alignment': {
    type: 'boolean',
    description: 'hold all channels of a layer on one power-of-two grid',
    usual: full.gridAlignment !== null,
  },
  'grid-from': {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'from this fraction of the run on',
    usual: defaultGridAlignment.from,
  },
  'pair-trimming': {
    type: 'boolean',
    description: 'hold neighbouring weights to what int16 pair sums bear',
    usual: full.pairTrimming !== null,
  },
  'pair-from': {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'from this fraction of the run on',
    usual: defaultPairTrimming.from,
  },
  'batch-norm-freeze': {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'batch norm keeps its statistics from this fraction of the run on',
    usual: full.batchNormFreeze,
  },
  'export-snapped': {
    type: 'boolean',
    description: 'export weights rounded to the codes trained for',
    usual: full.exportSnapped,
  },
  'export-clips': { type: 'boolean', description: 'export learned activation ranges as Clip', usual: full.exportClips },
  'batch-norm-batches': {
    type: 'integer',
    minimum: 0,
    description: 'batches that re-estimate batch norm at the end',
    usual: full.batchNormBatches,
  },
  'batch-norm-lambda': {
    type: 'number',
    minimum: 0,
    maximum: 1,
    description: 'blend that they see: 0 in float, 1 as quantised',
    usual: full.batchNormLambda,
  },
}
