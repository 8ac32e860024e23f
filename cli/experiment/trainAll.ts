import { availableParallelism } from 'node:os'
import { runTasks } from '../../workers/runTasks.ts'
import type { RunImages } from '../runImages.ts'
import type { Progress } from '../terminal.ts'
import { withThreads } from '../threads.ts'
import type { TrainingConfig } from '../trainingConfig.ts'
import type { TrainedRun } from '../trainRun.ts'
import type { Cache, TrainingRecord } from './cache.ts'
import { PhaseProgress } from './progress.ts'
import type { EpochMessage, TrainTask } from './trainTask.ts'

/** A training of an experiment, and its place in the cache. */
export interface Training {
  /** What progress and errors call it. */
  readonly name: string
  readonly config: TrainingConfig
  readonly images: RunImages
  readonly folder: string
  /** The training whose checkpoint it begins with; itself without one. */
  readonly base: Training | null
}

/** How trainings are run. */
export interface TrainAllOptions {
  readonly cache: Cache
  /** At a time. Default: the cores of this machine. */
  readonly workers?: number
  readonly progress: Progress
  /** Called whenever one is done and kept. */
  readonly onKept: () => void
}

/**
 * What is known of these trainings and of those that they begin with, by folder: a folder is one training, however often it is
 * asked for. Those that the cache does not have are computed, first all without a base. Throws what training throws.
 */
export async function trainAll(
  wanted: readonly Training[],
  options: TrainAllOptions,
): Promise<ReadonlyMap<string, TrainingRecord>> {
  const { cache, progress } = options
  const bases = wanted.flatMap(({ base }) => base ?? [])
  const all = [...new Map([...bases, ...wanted].map((training) => [training.folder, training])).values()]
  const records = new Map<string, TrainingRecord>()
  // A base stands before what begins with it.
  for (const { folder, base } of all) {
    const begins = base === null ? undefined : records.get(base.folder)
    const record = base !== null && begins === undefined ? null : cache.training(folder, begins?.sha256)
    if (record !== null) records.set(folder, record)
  }
  const pending = all.filter(({ folder }) => !records.has(folder))
  progress.line(`${all.length - pending.length} of ${all.length} trainings are in the cache`)
  const phase = new PhaseProgress(
    progress,
    'training: epochs',
    pending.reduce((sum, { config }) => sum + config.epochs, 0),
  )
  // What differs in the export step only is trained once: the others go on from its last state, where there is nothing to train.
  const trained = new Map<string, Training>()
  for (const training of [...all.filter(({ folder }) => records.has(folder)), ...pending]) {
    const key = trainedPart(training)
    if (!trained.has(key)) trained.set(key, training)
  }
  const twinOf = (training: Training): Training | null => {
    const twin = trained.get(trainedPart(training)) as Training
    return twin === training ? null : twin
  }
  for (const wanted of [
    (training: Training) => training.base === null && twinOf(training) === null,
    (training: Training) => training.base === null && twinOf(training) !== null,
    (training: Training) => training.base !== null && twinOf(training) === null,
    (training: Training) => training.base !== null && twinOf(training) !== null,
  ]) {
    await trainEach(pending.filter(wanted), twinOf, records, phase, options)
  }
  return records
}

/** What determines a training up to its last epoch: all but the export step. The same: it was trained once. */
export function trainedPart({ config, base }: Training): string {
  const { methodOptions, ...rest } = config
  const {
    exportClips: _clips,
    exportCentredLogits: _logits,
    batchNormBatches: _batches,
    batchNormLambda: _lambda,
    ...trained
  } = methodOptions
  return JSON.stringify([rest, trained, base?.folder])
}

/** Trains all of them, and adds to `records`, where their bases are. */
async function trainEach(
  trainings: readonly Training[],
  twinOf: (training: Training) => Training | null,
  records: Map<string, TrainingRecord>,
  phase: PhaseProgress,
  { cache, workers = availableParallelism(), onKept }: TrainAllOptions,
): Promise<void> {
  if (trainings.length === 0) return
  const tasks = trainings.map((training): TrainTask => {
    const { name, config: described, folder, images, base } = training
    const startsFrom = base === null ? undefined : records.get(base.folder)?.sha256
    const config = { ...described, ...(startsFrom && { startsFrom }) }
    const { train, test } = images
    const resume = cache.begin(folder, config, twinOf(training)?.folder)
    return { name, config, folder, from: base?.folder ?? null, train, test, resume }
  })
  // Messages may be lost when a task ends: what is missing then is counted at its end.
  const epochs = tasks.map(() => 0)
  const reached = (index: number, done: number): void => {
    if (done > epochs[index]) phase.advance(done - epochs[index], tasks[index].name)
    epochs[index] = Math.max(epochs[index], done)
  }
  const train = (): Promise<TrainedRun[]> =>
    runTasks<TrainTask, TrainedRun, EpochMessage>(new URL('./trainTask.js', import.meta.url), tasks, {
      threads: workers,
      onMessage: (index, message) => reached(index, message.epochs),
      onDone: (index, run) => {
        const { folder, config } = tasks[index]
        records.set(folder, cache.keepTraining(folder, run))
        reached(index, config.epochs)
        onKept()
      },
    })
  // Alone, a training has the kernels' threads; several have one each.
  await (workers > 1 && tasks.length > 1 ? train() : withThreads({ threads: workers }, train))
}
