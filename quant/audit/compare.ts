import { UnsupportedError } from '../../engine/base/errors.ts'
import { scope } from '../../engine/core/context.ts'
import { noGrad } from '../../engine/core/tape.ts'
import type { FloatTensor } from '../../engine/core/tensor.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { runGraph } from '../../engine/graph/interpreter.ts'
import type { Executor } from '../../engine/simd/executor.ts'
import { activationWidths, type Backend } from '../integer/backend.ts'
import { lower, type PreparedModel, prepare } from '../integer/compile.ts'
import { engineFloatOperators } from '../integer/engineFloatOperators.ts'
import type { IntegerProgram } from '../integer/program.ts'
import { IntegerSession } from '../integer/session.ts'
import { brier, expectedCalibrationError, logitMse, logitSqnrDb, topOne } from './metrics.ts'

/** Test images with their labels. */
export interface LabelledImages {
  readonly images: FloatTensor
  readonly labels: ArrayLike<number>
}

/** The quality of one set of logits against the labels. */
export interface FloatResult {
  /** Fraction in [0, 1] of images whose largest logit is their label's. */
  readonly top1: number
  /** Mean over images of the squared distance between softmax and the one-hot label; in [0, 2]. */
  readonly brier: number
  /** Expected calibration error over 15 bins, in [0, 1]. */
  readonly ece: number
}

/** One back end at one bit-width against the same checkpoint in float. */
export interface BackendResult extends FloatResult {
  readonly name: string
  /** For example 'W4A8': 4-bit weights, 8-bit activations. */
  readonly bits: string
  /** top1 minus the float top1, a fraction: negative is a loss. */
  readonly drop: number
  /** Mean squared difference between the back end's and the float logits. */
  readonly logitMse: number
  /** 10 log10 of the float logits' energy over that of the difference; Infinity when equal. */
  readonly sqnrDb: number
}

/** What the back ends have in common at one bit-width; the numbers are fractions of top-1. */
export interface Spread {
  readonly bits: string
  readonly meanTop1: number
  readonly meanDrop: number
  readonly worstDrop: number
  /** The back end whose drop that is. */
  readonly worst: string
  /** Highest minus lowest top-1 over the back ends. */
  readonly spread: number
  readonly meanSqnrDb: number
}

/** A checkpoint on a family of back ends. */
export interface Comparison {
  readonly float: FloatResult
  readonly backends: readonly BackendResult[]
  readonly summary: readonly Spread[]
}

/** Widths of codes. */
export interface Widths {
  readonly weightBits: number
  /** Default: that of the back end's activations. */
  readonly activationBits?: number
}

/** One compilation: a back end at widths that it can express. */
export interface Job extends Widths {
  readonly backend: Backend
}

/** A float checkpoint. */
export interface Model {
  readonly graph: Graph
  readonly parameters: Parameters
}

/** The images that a checkpoint is judged on, and those that its back ends calibrate on. */
export interface EvaluationData {
  /** Batches of training images that the back ends calibrate on. */
  readonly calibration: readonly FloatTensor[]
  readonly test: readonly LabelledImages[]
}

/** The float model's logits [N, K] on the test images, one batch after the other, and their quality. */
export interface FloatReference {
  readonly logits: Float32Array
  readonly quality: FloatResult
}

/** What `compareBackends` compares, and on which data. */
export interface CompareOptions extends Model, EvaluationData {
  readonly backends: readonly Backend[]
  /** For each of these every back end that can express it is compiled. */
  readonly weightBits: readonly number[]
  /** Splits the work of integer inference over threads; the same bits with any number. Default: this thread alone. */
  readonly executor?: Executor
  /** Called before each pass over the test images. */
  readonly onProgress?: (what: string, done: number, total: number) => void
}

/**
 * Compiles one checkpoint for every back end and bit-width, runs each on the test images, and compares with the float
 * model. Throws what `jobsOf` and `compile` throw. Example: two back ends at 8 and 4 bits, one of them without 4-bit
 * weights, give three results.
 */
export function compareBackends(options: CompareOptions): Comparison {
  const { backends, weightBits, test, executor, onProgress } = options
  const jobs = jobsOf(
    backends,
    weightBits.map((bits) => ({ weightBits: bits })),
  )
  onProgress?.('float', 0, jobs.length)
  const reference = floatReference(options, test)
  const results = jobs.map((job, i) => {
    onProgress?.(`${job.backend.name} ${formatBits(job)}`, i, jobs.length)
    return evaluateBackend(options, job, options, reference, executor).result
  })
  return { float: reference.quality, backends: results, summary: summarise(results) }
}

/**
 * Every back end at every width that it can express, width by width. Throws `UnsupportedError` for a width that none of
 * them can. Example: 8 and 4 bits for one back end with `weightBits` [8, 4]: two jobs, 8 bits first.
 */
export function jobsOf(backends: readonly Backend[], widths: readonly Widths[]): Job[] {
  return widths.flatMap(({ weightBits, activationBits }) => {
    const able = backends.filter(
      (backend) =>
        backend.weightBits.includes(weightBits) &&
        (activationBits === undefined || activationWidths(backend).includes(activationBits)),
    )
    if (able.length === 0) {
      const known = [...new Set(backends.flatMap((backend) => backend.weightBits))].sort((a, b) => b - a)
      const activations = activationBits === undefined ? '' : ` with ${activationBits}-bit activations`
      throw new UnsupportedError(
        `compare: none of the back ends can express ${weightBits}-bit weights${activations}; they can express ${known.join(', ')}`,
      )
    }
    return able.map((backend) => ({ backend, weightBits, ...(activationBits !== undefined && { activationBits }) }))
  })
}

/** Runs the float model on the test images. Example: batches of 64 and 10 images, 4 classes: 296 logits. */
export function floatReference({ graph, parameters }: Model, test: readonly LabelledImages[]): FloatReference {
  const logits = collectLogits(test, (images) => floatLogits(graph, parameters, images))
  return { logits, quality: quality(logits, labelsOf(test)) }
}

/** One back end's result, and what it was made with. */
export interface Evaluation {
  readonly result: BackendResult
  /** The float model as the back end's passes leave it, with its ranges. */
  readonly prepared: PreparedModel
  readonly program: IntegerProgram
}

/**
 * Compiles a checkpoint for one back end, runs the test images, and compares with float. Throws what `compile` throws.
 * Example: float top-1 0.75, on the back end 0.5: drop -0.25.
 */
export function evaluateBackend(
  { graph, parameters }: Model,
  job: Job,
  { calibration, test }: EvaluationData,
  reference: FloatReference,
  executor?: Executor,
): Evaluation {
  const { backend } = job
  const prepared = prepare(graph, parameters, backend, { ...widthsOf(job), calibration })
  const { ranges, wideRanges } = prepared
  const program = lower(prepared.graph, prepared.parameters, backend, { ...widthsOf(job), ranges, wideRanges })
  const logits = programLogits(program, test, executor)
  return {
    result: { name: backend.name, bits: formatBits(job), ...against(reference, logits, test) },
    prepared,
    program,
  }
}

/** What `compile` and `lower` take of a job. Example: 4 bits for the weights alone: { weightBits: 4, activationBits: undefined }. */
export function widthsOf({ weightBits, activationBits }: Widths): Widths {
  return { weightBits, activationBits }
}

/** The logits [N, K] of a program on all test images. Example: 74 images of 4 classes: 296 numbers. */
export function programLogits(
  program: IntegerProgram,
  test: readonly LabelledImages[],
  executor?: Executor,
): Float32Array {
  const session = new IntegerSession(program, { executor, floatOperators: engineFloatOperators })
  return collectLogits(test, (images) => session.run(images))
}

/** The quality of logits and how far they are from float's. Example: equal logits have drop 0, MSE 0 and SQNR Infinity. */
export function against(
  reference: FloatReference,
  logits: Float32Array,
  test: readonly LabelledImages[],
): Omit<BackendResult, 'name' | 'bits'> {
  const found = quality(logits, labelsOf(test))
  return {
    ...found,
    drop: found.top1 - reference.quality.top1,
    logitMse: logitMse(reference.logits, logits),
    sqnrDb: logitSqnrDb(reference.logits, logits),
  }
}

/** The logits [N, K] of the float model, in evaluation. */
export function floatLogits(graph: Graph, parameters: Parameters, images: FloatTensor): FloatTensor {
  const [input] = graph.inputs
  return scope(
    () => noGrad(() => runGraph(graph, parameters, { [input.name]: images }))[graph.outputs[0]] as FloatTensor,
  )
}

/** Accuracy and calibration of the float model alone. */
export function floatQuality(graph: Graph, parameters: Parameters, test: readonly LabelledImages[]): FloatResult {
  return floatReference({ graph, parameters }, test).quality
}

/** Example: 4-bit weights and an 8-bit back end give 'W4A8', real activations in bfloat16 'W4BF16'. */
export function formatBits({ backend, weightBits, activationBits = backend.activations.bits }: Job): string {
  const { floating } = backend
  const isReal = floating?.layers === 'real'
  return `W${weightBits}${isReal ? floating.format.toUpperCase() : `A${activationBits}`}`
}

/** Mean, worst and spread over the back ends, for each bit-width in order of appearance. */
export function summarise(results: readonly BackendResult[]): Spread[] {
  const widths = [...new Set(results.map(({ bits }) => bits))]
  return widths.map((bits) => {
    const rows = results.filter((row) => row.bits === bits)
    const mean = (value: (row: BackendResult) => number): number =>
      rows.reduce((sum, row) => sum + value(row), 0) / rows.length
    const worst = rows.reduce((lowest, row) => (row.drop < lowest.drop ? row : lowest))
    const top1 = rows.map((row) => row.top1)
    return {
      bits,
      meanTop1: mean((row) => row.top1),
      meanDrop: mean((row) => row.drop),
      worstDrop: worst.drop,
      worst: worst.name,
      spread: Math.max(...top1) - Math.min(...top1),
      meanSqnrDb: mean((row) => row.sqnrDb),
    }
  })
}

function labelsOf(test: readonly LabelledImages[]): number[] {
  return test.flatMap(({ labels }) => Array.from(labels))
}

/** The logits of all batches, one after the other. */
export function collectLogits(
  test: readonly LabelledImages[],
  predict: (images: FloatTensor) => { readonly data: Float32Array },
): Float32Array {
  const parts = test.map(({ images }) => predict(images).data)
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    all.set(part, offset)
    offset += part.length
  }
  return all
}

function quality(logits: Float32Array, labels: ArrayLike<number>): FloatResult {
  return {
    top1: topOne(logits, labels),
    brier: brier(logits, labels),
    ece: expectedCalibrationError(logits, labels),
  }
}
