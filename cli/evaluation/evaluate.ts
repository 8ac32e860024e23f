import { availableParallelism } from 'node:os'
import type { Dataset } from '../../models/data/dataset.ts'
import type { Waterfall } from '../../quant/audit/attribution.ts'
import { type CalibrationTrials, planTrials, summariseTrials } from '../../quant/audit/calibrationTrials.ts'
import {
  type Comparison,
  floatReference,
  formatBits,
  type Job,
  type Model,
  summarise,
} from '../../quant/audit/compare.ts'
import type { Cost } from '../../quant/audit/cost.ts'
import { costConstants } from '../../quant/audit/costTable.ts'
import type { Culprits } from '../../quant/audit/culprits.ts'
import { type Measured, measureProgram } from '../../quant/audit/edge.ts'
import type { LayerSqnr } from '../../quant/audit/layerSqnr.ts'
import { compile } from '../../quant/integer/compile.ts'
import { runTasks } from '../../workers/runTasks.ts'
import { calibrationImages, inBatches } from '../testImages.ts'
import { withThreads } from '../threads.ts'
import { packModel, shareDataset, shared } from './packing.ts'
import { type Answer, answer, type EvaluationTask, type Question, type Subject } from './task.ts'

/** Beside the comparison: what else is to be found out. */
export interface Extras {
  readonly layers: boolean
  /** Waterfalls and culprits. */
  readonly attribution: boolean
  /** Repetitions of calibration; 0: none. */
  readonly trials: number
  /** The cost model. */
  readonly cost: boolean
  /** Latency and throughput on this machine. */
  readonly measure: boolean
}

/** What is evaluated, on what, and how. */
export interface EvaluateOptions {
  readonly model: Model
  readonly train: Dataset
  readonly test: Dataset
  readonly jobs: readonly Job[]
  readonly calibration: number
  readonly seed: number
  readonly probes: number
  readonly extras: Extras
  /** Tasks at a time, or kernel threads where there is one task. Default: the cores of this machine. */
  readonly threads?: number
  /** Called when a piece is done. */
  readonly onProgress?: (what: string, done: number, total: number) => void
}

/** What the cost model says of one program. */
export interface CostRow extends Cost {
  readonly backend: string
  readonly bits: string
}

/** What our runtime took for one program. */
export interface MeasuredRow extends Measured {
  readonly backend: string
  readonly bits: string
}

/** Everything that was found out about one checkpoint. */
export interface EvaluationResult {
  readonly comparison: Comparison
  readonly cost?: { readonly source: string; readonly rows: readonly CostRow[] }
  readonly layerSqnr?: readonly LayerSqnr[]
  readonly waterfalls?: readonly Waterfall[]
  readonly culprits?: readonly Culprits[]
  readonly calibrationTrials?: readonly CalibrationTrials[]
  readonly measured?: readonly MeasuredRow[]
}

const labels: Readonly<Record<Question['kind'], string>> = {
  result: '',
  layers: '  layers',
  attribution: '  attribution',
  culprits: '  culprits',
  trial: '  calibration trial',
}

/**
 * Evaluates one checkpoint: a task for every back end, width and question, on worker threads. Any number of threads gives the same
 * results, except for what is measured. Throws what compiling a back end throws, the first in the order of `jobs`.
 */
export async function evaluateModel(options: EvaluateOptions): Promise<EvaluationResult> {
  const { model, jobs, extras, train, onProgress, threads = availableParallelism() } = options
  const test = shareDataset(options.test)
  const reference = await withThreads({ threads }, () => floatReference(model, inBatches(test)))
  const subject: Subject = {
    model: packModel(model),
    train: shareDataset(train),
    test,
    calibration: options.calibration,
    seed: options.seed,
    reference: { ...reference, logits: shared(reference.logits) },
    probes: options.probes,
  }
  const kinds: Question[] = [
    { kind: 'result' },
    ...(extras.layers ? [{ kind: 'layers' as const }] : []),
    ...(extras.attribution ? [{ kind: 'attribution' as const }, { kind: 'culprits' as const }] : []),
    ...(extras.trials > 0
      ? planTrials(extras.trials, train.labels.length, options.seed).map((trial) => ({ kind: 'trial' as const, trial }))
      : []),
  ]
  const tasks = kinds.flatMap((question) => jobs.map((job): EvaluationTask => ({ subject, job, question })))
  let done = 0
  const report = (index: number): void => {
    const { job, question } = tasks[index]
    onProgress?.(`${job.backend.name} ${formatBits(job)}${labels[question.kind]}`, ++done, tasks.length)
  }
  const answers = await answerAll(tasks, threads, report)
  const measured = extras.measure ? await withThreads({ threads: 1 }, () => measureJobs(options)) : undefined
  return { ...assemble(jobs, answers, reference.quality, extras.cost), ...(measured && { measured }) }
}

/** The answers in the order of the tasks. */
async function answerAll(
  tasks: readonly EvaluationTask[],
  threads: number,
  report: (index: number) => void,
): Promise<Answer[]> {
  if (threads > 1 && tasks.length > 1) {
    const module = new URL('./task.js', import.meta.url)
    return runTasks<EvaluationTask, Answer>(module, tasks, { threads, onDone: report })
  }
  return withThreads({ threads }, (executor) =>
    tasks.map((task, index) => {
      const found = answer(task, executor)
      report(index)
      return found
    }),
  )
}

function assemble(
  jobs: readonly Job[],
  answers: readonly Answer[],
  float: Comparison['float'],
  withCost: boolean,
): EvaluationResult {
  const of = <K extends Answer['kind']>(kind: K): Extract<Answer, { kind: K }>[] =>
    answers.filter((found): found is Extract<Answer, { kind: K }> => found.kind === kind)
  const results = of('result').map(({ result }) => result)
  const rows = of('result').map(({ result, cost }): CostRow => ({ backend: result.name, bits: result.bits, ...cost }))
  const layerSqnr = of('layers').map(({ layers }) => layers)
  const waterfalls = of('attribution').map(({ waterfall }) => waterfall)
  const culprits = of('culprits').map((found) => found.culprits)
  const trials = of('trial').map(({ result }) => result)
  // Trials stand trial by trial, each over all jobs.
  const calibrationTrials = jobs.map((job, j) =>
    summariseTrials(
      job.backend.name,
      formatBits(job),
      trials.filter((_, i) => i % jobs.length === j),
    ),
  )
  return {
    comparison: { float, backends: results, summary: summarise(results) },
    ...(withCost && { cost: { source: costConstants.source, rows } }),
    ...(layerSqnr.length > 0 && { layerSqnr }),
    ...(waterfalls.length > 0 && { waterfalls }),
    ...(culprits.length > 0 && { culprits }),
    ...(trials.length > 0 && { calibrationTrials }),
  }
}

/** One after the other, on this thread alone, when nothing else of ours runs. */
function measureJobs({ model, jobs, train, calibration, seed }: EvaluateOptions): MeasuredRow[] {
  const images = calibrationImages(train, calibration, seed)
  return jobs.map((job) => {
    const { backend, weightBits, activationBits } = job
    const program = compile(model.graph, model.parameters, backend, { weightBits, activationBits, calibration: images })
    const measured = measureProgram(program, { clock: () => performance.now() })
    return { backend: backend.name, bits: formatBits(job), ...measured }
  })
}
