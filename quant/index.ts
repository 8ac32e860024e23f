/** The `./quant` entry point: everything about quantisation. */

// Schemes, quantisers, observers, fake quantisation.
export { fakeQuantise } from './affine/fakeQuantise.ts'
export type { Observer } from './affine/observers/observer.ts'
export { type QuantisationPoints, quantisationPoints } from './affine/points.ts'
export { dequantise, quantise } from './affine/quantise.ts'
export {
  type Quantiser,
  type QuantiserOptions,
  quantiserFromRange,
  quantiserFromRanges,
  rangeOf,
  type ValueRange,
} from './affine/quantiser.ts'
export { codeRange, type Scheme } from './affine/scheme.ts'
export { weightQuantiser } from './affine/weightQuantiser.ts'
// Audit: what a program does, and how well.
export { attribute, type Waterfall } from './audit/attribution.ts'
export {
  type CalibrationTrials,
  distribution,
  planTrials,
  summariseTrials,
  type Trial,
} from './audit/calibrationTrials.ts'
export {
  type BackendResult,
  type CompareOptions,
  type Comparison,
  compareBackends,
  type EvaluationData,
  evaluateBackend,
  type FloatReference,
  floatReference,
  type Job,
  jobsOf,
  type Model,
  type Spread,
} from './audit/compare.ts'
export { type Cost, programCost } from './audit/cost.ts'
export { type CostConstants, costConstants } from './audit/costTable.ts'
export { type Culprits, findCulprits } from './audit/culprits.ts'
export { type Measured, measureProgram, memoryOf } from './audit/edge.ts'
export { explain, explainJson, type ProgramExplanation, type StepExplanation } from './audit/explain.ts'
export { type LayerNoise, type LayerSqnr, layerSqnr } from './audit/layerSqnr.ts'
export { brier, expectedCalibrationError, logitMse, logitSqnrDb, topOne } from './audit/metrics.ts'
export { type SimulatedValue, simulate } from './audit/simulate.ts'
// Back ends.
export { backendNames, backends, comparedNames, findBackend } from './backends/index.ts'
export type { Assumption, Backend } from './integer/backend.ts'
// From a checkpoint to integers.
export {
  type CompileOptions,
  compile,
  type LowerOptions,
  lower,
  type PreparedModel,
  prepare,
} from './integer/compile.ts'
export { engineFloatOperators } from './integer/engineFloatOperators.ts'
export {
  type CodeTensor,
  type FloatArray,
  type IntegerProgram,
  IntegerSession,
  type ProgramHeader,
  type ProgramValue,
  type Requantiser,
  type Step,
} from './integer/index.ts'
export { createObserver, type ObserverSpec } from './integer/observerSpec.ts'
// ONNX's operators on codes, and graphs that hold them.
export type { QuantisedGraph, QuantisedOpName } from './operators/names.ts'
export { operators, quantisedOps } from './operators/table.ts'
// Passes: what back ends do to a folded graph before they calibrate it.
export { type ClipWeightsOptions, clipWeights } from './passes/clipWeights.ts'
export { type CorrectBiasOptions, correctBias } from './passes/correctBias.ts'
export { type EqualiseOptions, equalise } from './passes/equalise.ts'
export {
  type ImbalancedModel,
  type ImbalanceOptions,
  type ImbalanceSite,
  injectImbalance,
} from './passes/injectImbalance.ts'
export { type QuantisedTapOptions, quantisedTap } from './passes/quantisedTap.ts'
// Quant-Trim: training.
export { centreLogits, clipLogits } from './trim/centreLogits.ts'
export { lambdaAt } from './trim/curriculum.ts'
export { insertClips, reestimateBatchNorm } from './trim/exportStep.ts'
export { GainTrimming } from './trim/gainTrimming.ts'
export { type MethodName, type MethodOptions, methodOptions, methods } from './trim/methods.ts'
export { ReversePruning, type TrimEvent } from './trim/reversePruning.ts'
export {
  type EpochMetrics,
  type ExportedModel,
  type LabelledBatch,
  Trainer,
  type TrainerOptions,
} from './trim/trainer.ts'
