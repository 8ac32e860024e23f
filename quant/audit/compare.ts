import { UnsupportedError } from '../../engine/base/errors.ts'
import { scope } from '../../engine/core/context.ts'
import { noGrad } from '../../engine/core/tape.ts'
import type { FloatTensor } from '../../engine/core/tensor.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import { runGraph } from '../../engine/graph/interpreter.ts'
import type { Executor } from '../../engine/simd/executor.ts'
import type { Backend } from '../integer/backend.ts'
import { compile } from '../integer/compile.ts'
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

/** What `compareBackends` compares, and on which data. */
export interface CompareOptions {
  readonly graph: Graph
  readonly parameters: Parameters
  readonly backends: readonly Backend[]
  /** For each of these every back end that can express it is compiled. */
  readonly weightBits: readonly number[]
  /** Batches of training images that the back ends calibrate on. */
  readonly calibration: readonly FloatTensor[]
  readonly test: readonly LabelledImages[]
  /** Splits the work of integer inference over threads; the same bits with any number. Default: this thread alone. */
  readonly executor?: Executor
  /** Called before each pass over the test images. */
  readonly onProgress?: (what: string, done: number, total: number) => void
}

/**
 * Compiles one checkpoint for every back end and bit-width, runs each on the test images, and compares with the float
 * model. Throws what `compile` throws.
 */
export function compareBackends(options: CompareOptions): Comparison {
  const { graph, parameters, backends, weightBits, calibration, test, executor, onProgress } = options
  const jobs = weightBits.flatMap((bits) =>
    backends.filter((backend) => backend.weightBits.includes(bits)).map((backend) => ({ backend, bits })),
  )
  for (const bits of weightBits) {
    if (!jobs.some((job) => job.bits === bits)) {
      const known = [...new Set(backends.flatMap((backend) => backend.weightBits))].sort((a, b) => b - a)
      throw new UnsupportedError(
        `compare: none of the back ends can express ${bits}-bit weights; they can express ${known.join(', ')}`,
      )
    }
  }
  const labels = labelsOf(test)
  onProgress?.('float', 0, jobs.length)
  const reference = collect(test, (images) => floatLogits(graph, parameters, images))
  const float = quality(reference, labels)
  const results = jobs.map(({ backend, bits }, i): BackendResult => {
    const format = formatBits(bits, backend)
    onProgress?.(`${backend.name} ${format}`, i, jobs.length)
    const program = compile(graph, parameters, backend, { weightBits: bits, calibration })
    const session = new IntegerSession(program, { executor })
    const logits = collect(test, (images) => session.run(images))
    const found = quality(logits, labels)
    return {
      name: backend.name,
      bits: format,
      ...found,
      drop: found.top1 - float.top1,
      logitMse: logitMse(reference, logits),
      sqnrDb: logitSqnrDb(reference, logits),
    }
  })
  return { float, backends: results, summary: summarise(results) }
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
  const logits = collect(test, (images) => floatLogits(graph, parameters, images))
  return quality(logits, labelsOf(test))
}

/** Example: 4-bit weights and an 8-bit back end give 'W4A8'. */
export function formatBits(weightBits: number, backend: Backend): string {
  return `W${weightBits}A${backend.activations.bits}`
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
function collect(
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
