import { basename } from 'node:path'
import { NumericError } from '../../engine/base/errors.ts'
import { evaluateModel } from '../evaluation/evaluate.ts'
import { loadRun } from '../run.ts'
import { checkBase, limited, splitOf } from '../runImages.ts'
import type { Progress } from '../terminal.ts'
import type { TrainingConfig } from '../trainingConfig.ts'
import { Cache, type EvaluationRecord, type TrainingRecord } from './cache.ts'
import { type ExperimentData, imagesOf, loadExperimentData, located } from './data.ts'
import { named } from './named.ts'
import type { Cell, ExperimentPlan } from './plan.ts'
import { PhaseProgress } from './progress.ts'
import { type ExperimentResults, type FailedRun, type RunResult, summariseRuns } from './results.ts'
import { type Training, trainAll, trainedPart } from './trainAll.ts'
import { codeOf, shortHash } from './versions.ts'

/** How an experiment is run. */
export interface RunExperimentOptions {
  /** Folder of the cache. */
  readonly cache: string
  /** Folder that relative folders of data sets are in. Default: the current one. */
  readonly dataRoot?: string
  /** Trainings, and pieces of evaluation, at a time. Default: the cores of this machine. */
  readonly workers?: number
  /** Whether cached results of other code count. */
  readonly anyCode: boolean
  readonly progress: Progress
}

/** A cell on its way. */
interface Work {
  readonly cell: Cell
  readonly training: Training
}

/** An experiment's results, and the run folder of each of its `runs`. */
export interface FinishedExperiment {
  readonly results: ExperimentResults
  readonly folders: readonly string[]
}

/**
 * Runs what of a plan is not in the cache: all trainings, then all evaluations, each kept as soon as it is done, so that the same call
 * goes on after an interruption. A checkpoint whose numbers a back end cannot take (`NumericError`) is one of the `failed`, and
 * the others go on; where all are, the first one's error is thrown. Throws what else training and compiling throw.
 */
export async function runExperiment(plan: ExperimentPlan, options: RunExperimentOptions): Promise<FinishedExperiment> {
  const { anyCode, dataRoot, workers, progress } = options
  const started = performance.now()
  const cache = new Cache(options.cache, anyCode)
  const data = new Map<string, ExperimentData>()
  for (const { data: spec } of plan.cells) {
    if (!data.has(spec)) data.set(spec, await loadExperimentData(located(spec, dataRoot)))
  }
  const works = plan.cells.map((cell): Work => {
    const found = data.get(cell.data) as ExperimentData
    const trainingOf = (name: string, described: TrainingConfig, base: Training | null): Training => {
      // The run folder's config names the files that it was trained on.
      const config = { ...described, data: located(cell.data, dataRoot) }
      if (base !== null) checkBase(base.config, config, found.train.labels.length)
      const folder = cache.runFolder(described, found.digest, base?.folder)
      return { name, config, images: imagesOf(config, found), folder, base }
    }
    const base = cell.base && trainingOf(`${nameOf(cell)}, what it begins with`, cell.base, null)
    return { cell, training: trainingOf(nameOf(cell), cell.config, base) }
  })
  const hash = shortHash([works.map(({ training }) => basename(training.folder)), plan.evaluation])
  let counted = 0
  const countTime = (): void => {
    const seconds = (performance.now() - started) / 1000
    cache.wallSeconds(hash, seconds - counted)
    counted = seconds
  }
  const trained = await trainAll(
    works.map(({ training }) => training),
    { cache, workers, progress, onKept: countTime },
  )
  const evaluated = await evaluateAll(works, trained, plan, cache, options, countTime)
  const recordOf = ({ folder }: Training): TrainingRecord => trained.get(folder) as TrainingRecord
  const failed: FailedRun[] = []
  const done = works.flatMap(({ cell, training }, i) => {
    const evaluation = evaluated[i]
    if (!(evaluation instanceof NumericError)) return { cell, training, evaluation }
    const { sha256 } = recordOf(training)
    failed.push({ ...placeOf(cell), hash: basename(training.folder), sha256, error: evaluation.message })
    return []
  })
  if (done.length === 0) throw evaluated[0]
  const runs = done.map(({ cell, training, evaluation }): RunResult => {
    const { config } = cell
    const { base } = training
    const record = recordOf(training)
    const begins = base && recordOf(base)
    return {
      ...placeOf(cell),
      hash: basename(training.folder),
      sha256: record.sha256,
      // As the file says it: where the files lie on one machine is no part of a result.
      config: { ...config, ...(begins && { startsFrom: begins.sha256 }) },
      ...(base &&
        begins &&
        cell.base && {
          base: {
            hash: basename(base.folder),
            sha256: begins.sha256,
            config: cell.base,
            floatTop1: begins.floatTop1,
            seconds: begins.seconds,
          },
        }),
      madeBy: { training: record.madeBy, evaluation: evaluation.madeBy },
      seconds: { training: record.seconds, evaluation: evaluation.seconds },
      ...evaluation.result,
    }
  })
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, x) => total + x, 0)
  const trainings = works.flatMap(({ training }) => (training.base ? [training.base, training] : [training]))
  const { version, code } = codeOf('evaluation')
  const results: ExperimentResults = {
    format: 'quant-trim experiment 1',
    name: plan.name,
    title: plan.title,
    split: splitOf(plan.cells[0].config),
    hash,
    versions: { 'quant-trim': version, code, node: process.version },
    seconds: {
      wall: cache.wallSeconds(hash, 0),
      training: sum([...new Map(trainings.map((one) => [trainedPart(one), recordOf(one).seconds])).values()]),
      evaluation: sum(done.map(({ evaluation }) => evaluation.seconds)),
    },
    runs,
    ...(failed.length > 0 && { failed }),
    summary: summariseRuns(runs),
  }
  return { results, folders: done.map(({ training }) => training.folder) }
}

function placeOf({ model, method, data, seed }: Cell): Pick<Cell, 'model' | 'method' | 'data' | 'seed'> {
  return { model, method, data, seed }
}

function nameOf({ model, method, data, seed }: Cell): string {
  return `${model} ${method} ${data} seed ${seed}`
}

/** The evaluations in the order of the cells, or why there is none; those that the cache does not have are computed. */
async function evaluateAll(
  works: readonly Work[],
  trained: ReadonlyMap<string, TrainingRecord>,
  { evaluation: settings }: ExperimentPlan,
  cache: Cache,
  { workers, progress }: RunExperimentOptions,
  countTime: () => void,
): Promise<(EvaluationRecord | NumericError)[]> {
  const records: (EvaluationRecord | NumericError | null)[] = works.map(({ training: { folder } }) =>
    cache.evaluation(folder, trained.get(folder) as TrainingRecord, settings),
  )
  const pending = records.filter((record) => record === null).length
  progress.line(`${works.length - pending} of ${works.length} evaluations are in the cache`)
  const phase = new PhaseProgress(progress, 'evaluation: runs', pending)
  for (const [i, { cell, training }] of works.entries()) {
    if (records[i] !== null) continue
    const { folder, config, images } = training
    const started = performance.now()
    try {
      const result = await named(nameOf(cell), () =>
        evaluateModel({
          ...settings,
          model: loadRun(folder, config, images.train),
          train: images.train,
          test: limited(images.test, settings.limit),
          threads: workers,
          onProgress: (what, done, total) => progress.update(`${nameOf(cell)}  ${done}/${total}  ${what}`),
        }),
      )
      const seconds = (performance.now() - started) / 1000
      records[i] = cache.keepEvaluation(folder, trained.get(folder) as TrainingRecord, settings, { result, seconds })
    } catch (error) {
      if (!(error instanceof NumericError)) throw error
      records[i] = error
      progress.line(`failed: ${error.message}`)
    }
    phase.advance(1, nameOf(cell))
    countTime()
  }
  return records as (EvaluationRecord | NumericError)[]
}
