import type { Comparison, FloatResult } from '../../quant/audit/compare.ts'
import type { EvaluationResult } from '../evaluation/evaluate.ts'
import type { Split } from '../runImages.ts'
import type { TrainingConfig } from '../trainingConfig.ts'
import type { MadeBy } from './versions.ts'

/** One cell of an experiment with its results. */
export interface RunResult extends EvaluationResult {
  readonly model: string
  readonly method: string
  readonly data: string
  readonly seed: number
  /** The name of its run folder: the hash of its options and pictures. */
  readonly hash: string
  /** SHA-256 of the checkpoint. */
  readonly sha256: string
  readonly config: TrainingConfig
  /** The training whose checkpoint it began with. */
  readonly base?: BaseResult
  readonly madeBy: { readonly training: MadeBy; readonly evaluation: MadeBy }
  /** Measured when it was computed. */
  readonly seconds: { readonly training: number; readonly evaluation: number }
}

/** What a chained training began with. */
export interface BaseResult {
  readonly hash: string
  readonly sha256: string
  readonly config: TrainingConfig
  readonly floatTop1: number
  readonly seconds: number
}

/** A cell whose checkpoint has numbers that a back end cannot take, such as a network that fell apart in training. */
export interface FailedRun extends Pick<RunResult, 'model' | 'method' | 'data' | 'seed' | 'hash' | 'sha256'> {
  /** What compiling it said. */
  readonly error: string
}

/** A number over seeds. */
export interface Range {
  readonly mean: number
  readonly least: number
  readonly greatest: number
}

/** One model and method on one data set at one bit-width, over the seeds; all but dB are fractions. */
export interface SummaryRow {
  readonly data: string
  readonly model: string
  readonly method: string
  readonly bits: string
  readonly seeds: number
  readonly floatTop1: Range
  readonly meanDrop: Range
  readonly worstDrop: Range
  readonly spread: Range
  /** null: infinite. */
  readonly meanSqnrDb: Range | null
  /** The drop of each back end. */
  readonly backends: readonly { readonly name: string; readonly drop: Range }[]
}

/** The results JSON of an experiment. */
export interface ExperimentResults {
  readonly format: 'quant-trim experiment 1'
  readonly name: string
  readonly title: string
  /** What all runs were measured on: the test images, or training images that were held out. */
  readonly split: Split
  /** Of everything that determines the results: the same hash and code give the same numbers, times apart. */
  readonly hash: string
  readonly versions: Readonly<Record<string, string>>
  readonly seconds: {
    /** From start to end, all invocations that computed something together. */
    readonly wall: number
    /** Of the runs and of what they began with, each once and one after the other. */
    readonly training: number
    readonly evaluation: number
  }
  readonly runs: readonly RunResult[]
  /** Cells that have no results, and so no part in the summary; absent without one. */
  readonly failed?: readonly FailedRun[]
  readonly summary: readonly SummaryRow[]
}

/** Mean, least and greatest. Example: [1, 2, 6]: 3, 1 and 6. */
export function rangeOf(numbers: readonly number[]): Range {
  return {
    mean: numbers.reduce((sum, x) => sum + x, 0) / numbers.length,
    least: Math.min(...numbers),
    greatest: Math.max(...numbers),
  }
}

/** Over the seeds, in the order of the runs. Example: three seeds of one method at two widths: two rows. */
export function summariseRuns(runs: readonly RunResult[]): SummaryRow[] {
  const groups = new Map<string, RunResult[]>()
  for (const run of runs) {
    const key = JSON.stringify([run.data, run.model, run.method])
    groups.set(key, [...(groups.get(key) ?? []), run])
  }
  return [...groups.values()].flatMap((group) =>
    group[0].comparison.summary.map(({ bits }): SummaryRow => {
      const { data, model, method, comparison } = group[0]
      const spreads = group.map((run) => spreadOf(run.comparison, bits))
      const names = comparison.backends.filter((row) => row.bits === bits).map(({ name }) => name)
      const decibels = spreads.map(({ meanSqnrDb }) => meanSqnrDb as number | null)
      return {
        data,
        model,
        method,
        bits,
        seeds: group.length,
        floatTop1: rangeOf(group.map((run) => floatOf(run).top1)),
        meanDrop: rangeOf(spreads.map(({ meanDrop }) => meanDrop)),
        worstDrop: rangeOf(spreads.map(({ worstDrop }) => worstDrop)),
        spread: rangeOf(spreads.map(({ spread }) => spread)),
        meanSqnrDb: decibels.every((dB) => dB !== null) ? rangeOf(decibels) : null,
        backends: names.map((name) => ({
          name,
          drop: rangeOf(group.map((run) => dropOf(run.comparison, name, bits))),
        })),
      }
    }),
  )
}

function floatOf({ comparison }: RunResult): FloatResult {
  return comparison.float
}

function spreadOf({ summary }: Comparison, bits: string): Comparison['summary'][number] {
  return summary.find((row) => row.bits === bits) as Comparison['summary'][number]
}

function dropOf({ backends }: Comparison, name: string, bits: string): number {
  return backends.find((row) => row.name === name && row.bits === bits)?.drop as number
}
