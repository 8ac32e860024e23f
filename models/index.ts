/** `quant-trim/models`: what goes in and what comes out. Loads in a browser; functions that read files need Node. */

export { type Augmentation, type AugmentationDraw, augmentImage } from './data/augment.ts'
export { type Batch, type BatchOptions, batches, normalisationTable } from './data/batches.ts'
export { type CifarKind, type CifarPart, cifar10Classes, parseCifar } from './data/cifar.ts'
export { type ChannelStatistics, type Dataset, statistics, subset, take } from './data/dataset.ts'
export { type IdxImages, parseIdxImages, parseIdxLabels } from './data/idx.ts'
export { datasetSpecs, type LoadOptions, loadDataset } from './data/load.ts'
export { type SyntheticOptions, synthetic } from './data/synthetic.ts'
export { checkGolden, type Divergence, type GoldenReport } from './golden/check.ts'
export type { TensorReport } from './golden/compareTensor.ts'
export { createGolden, type Files, type GoldenOptions } from './golden/create.ts'
export type { Diagnosis, Explanation } from './golden/diagnose.ts'
export type { GoldenManifest } from './golden/manifest.ts'
export { createOperatorSets } from './golden/operators.ts'
export { type Golden, readGolden } from './golden/read.ts'
export {
  floatGraph,
  type ImportedModel,
  type ImportOptions,
  importModel,
  importOnnx,
} from './onnx/import/importModel.ts'
export { programFromOnnx } from './onnx/quantised/programFromOnnx.ts'
export {
  buildModel,
  type ClassifierOptions,
  describeModel,
  lenet,
  type MlpOptions,
  type MobilenetOptions,
  type ModelDescription,
  type ModelName,
  type ModelOption,
  mlp,
  mobilenet,
  modelNames,
  type ResnetOptions,
  resnet,
} from './zoo/index.ts'
