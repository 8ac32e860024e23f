import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { runTasks } from '../../workers/runTasks.ts'
import { evaluateModel } from '../evaluation/evaluate.ts'
import { loadRun } from '../run.ts'
import type { Progress } from '../terminal.ts'
import { withThreads } from '../threads.ts'
import type { TrainedRun } from '../trainRun.ts'
import { Cache, type EvaluationRecord, type TrainingRecord } from './cache.ts'
import { type ExperimentData, limited, loadExperimentData, located } from './data.ts'
import { named } from './named.ts'
import type { Cell, ExperimentPlan } from './plan.ts'
import { PhaseProgress } from './progress.ts'
import { type ExperimentResults, type RunResult, summariseRuns } from './results.ts'
import type { EpochMessage, TrainTask } from './trainTask.ts'
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
  readonly data: ExperimentData
  readonly folder: string
}

/** An experiment's results, and the run folder of each of its runs. */
export interface FinishedExperiment {
  readonly results: ExperimentResults
  readonly folders: readonly string[]
}

/**
 * Runs what of a plan is not in the cache: all trainings, then all evaluations, each kept as soon as it is done, so that the same call
 * goes on after an interruption. Throws what training and compiling throw.
 */
export async function runExperiment(plan: ExperimentPlan, options: RunExperimentOptions): Promise<FinishedExperiment> {
  const { anyCode, dataRoot } = options
  const started = performance.now()
  const cache = new Cache(options.cache, anyCode)
  const data = new Map<string, ExperimentData>()
  for (const { data: spec } of plan.cells) {
    if (!data.has(spec)) data.set(spec, await loadExperimentData(located(spec, dataRoot)))
  }
  const works = plan.cells.map((cell): Work => {
    const found = data.get(cell.data) as ExperimentData
    // The run folder's config names the files that it was trained on.
    const config = { ...cell.config, data: located(cell.data, dataRoot) }
    return { cell: { ...cell, config }, data: found, folder: cache.runFolder(cell, found.digest) }
  })
  const hash = shortHash([works.map(({ folder }) => basename(folder)), plan.evaluation])
  let counted = 0
  const countTime = (): void => {
    const seconds = (performance.now() - started) / 1000
    cache.wallSeconds(hash, seconds - counted)
    counted = seconds
  }
  const trained = await trainAll(works, cache, options, countTime)
  const evaluated = await evaluateAll(works, trained, plan, cache, options, countTime)
  const runs = works.map(({ cell, folder }, i): RunResult => {
    const { model, method, data: spec, seed, config } = cell
    const [training, evaluation] = [trained[i], evaluated[i]]
    return {
      model,
      method,
      data: spec,
      seed,
      hash: basename(folder),
      sha256: training.sha256,
      // As the file says it: where the files lie on one machine is no part of a result.
      config: { ...config, data: spec },
      madeBy: { training: training.madeBy, evaluation: evaluation.madeBy },
      seconds: { training: training.seconds, evaluation: evaluation.seconds },
      ...evaluation.result,
    }
  })
  const sum = (seconds: (run: RunResult) => number): number => runs.reduce((total, run) => total + seconds(run), 0)
  const { version, code } = codeOf('evaluation')
  const results: ExperimentResults = {
    format: 'quant-trim experiment 1',
    name: plan.name,
    title: plan.title,
    hash,
    versions: { 'quant-trim': version, code, node: process.version },
    seconds: {
      wall: cache.wallSeconds(hash, 0),
      training: sum(({ seconds }) => seconds.training),
      evaluation: sum(({ seconds }) => seconds.evaluation),
    },
    runs,
    summary: summariseRuns(runs),
  }
  return { results, folders: works.map(({ folder }) => folder) }
}

function nameOf({ model, method, data, seed }: Cell): string {
  return `${model} ${method} ${data} seed ${seed}`
}

/** The trainings in the order of the cells; those that the cache does not have are computed. */
async function trainAll(
  works: readonly Work[],
  cache: Cache,
  { workers = availableParallelism(), progress }: RunExperimentOptions,
  countTime: () => void,
): Promise<TrainingRecord[]> {
  const records = works.map(({ folder }) => cache.training(folder))
  const pending = works.filter((_, i) => records[i] === null)
  progress.line(`${works.length - pending.length} of ${works.length} trainings are in the cache`)
  if (pending.length > 0) {
    const tasks = pending.map(({ cell, data, folder }): TrainTask => {
      const { config } = cell
      const train = limited(data.train, config.limit)
      const resume = cache.begin(folder, config)
      return { name: nameOf(cell), config, folder, train, test: data.test, resume }
    })
    const phase = new PhaseProgress(
      progress,
      'training: epochs',
      tasks.reduce((sum, { config }) => sum + config.epochs, 0),
    )
    // Messages may be lost when a task ends: what is missing then is counted at its end.
    const epochs = tasks.map(() => 0)
    const reached = (index: number, done: number): void => {
      if (done > epochs[index]) phase.advance(done - epochs[index], nameOf(pending[index].cell))
      epochs[index] = Math.max(epochs[index], done)
    }
    const train = (): Promise<TrainedRun[]> =>
      runTasks<TrainTask, TrainedRun, EpochMessage>(new URL('./trainTask.js', import.meta.url), tasks, {
        threads: workers,
        onMessage: (index, message) => reached(index, message.epochs),
        onDone: (index, run) => {
          const { folder } = pending[index]
          records[works.indexOf(pending[index])] = cache.keepTraining(folder, run)
          reached(index, tasks[index].config.epochs)
          countTime()
        },
      })
    // Alone, a training has the kernels' threads; several have one each.
    await (workers > 1 && tasks.length > 1 ? train() : withThreads({ threads: workers }, train))
  }
  return records as TrainingRecord[]
}

/** The evaluations in the order of the cells; those that the cache does not have are computed. */
async function evaluateAll(
  works: readonly Work[],
  trained: readonly TrainingRecord[],
  { evaluation: settings }: ExperimentPlan,
  cache: Cache,
  { workers, progress }: RunExperimentOptions,
  countTime: () => void,
): Promise<EvaluationRecord[]> {
  const records = works.map(({ folder }, i) => cache.evaluation(folder, trained[i], settings))
  const pending = records.filter((record) => record === null).length
  progress.line(`${works.length - pending} of ${works.length} evaluations are in the cache`)
  const phase = new PhaseProgress(progress, 'evaluation: runs', pending)
  for (const [i, { cell, data, folder }] of works.entries()) {
    if (records[i] !== null) continue
    const started = performance.now()
    const result = await named(nameOf(cell), () =>
      evaluateModel({
        ...settings,
        model: loadRun(folder, cell.config, data.train),
        train: limited(data.train, cell.config.limit),
        test: limited(data.test, settings.limit),
        threads: workers,
        onProgress: (what, done, total) => progress.update(`${nameOf(cell)}  ${done}/${total}  ${what}`),
      }),
    )
    const seconds = (performance.now() - started) / 1000
    records[i] = cache.keepEvaluation(folder, trained[i], settings, { result, seconds })
    phase.advance(1, nameOf(cell))
    countTime()
  }
  return records as EvaluationRecord[]
}
