import type { Dataset } from '../../models/data/dataset.ts'
import { startFrom } from '../run.ts'
import { graphOf, type TrainingConfig } from '../trainingConfig.ts'
import { openTraining, type TrainedRun } from '../trainRun.ts'
import { named } from './named.ts'

/** One training, for any thread. */
export interface TrainTask {
  /** What errors call it. */
  readonly name: string
  readonly config: TrainingConfig
  readonly folder: string
  /** The run folder whose weights it begins with; null: they are drawn from the seed. */
  readonly from: string | null
  readonly train: Dataset
  readonly test: Dataset
  /** Whether what is saved in the folder is of the same options and code, so that it may be continued. */
  readonly resume: boolean
}

/** What is reported after each epoch: how many are done. */
export interface EpochMessage {
  readonly epochs: number
}

/** Trains one run into its folder. */
export async function run(
  { name, config, folder, from, train, test, resume }: TrainTask,
  report: (message: EpochMessage) => void,
): Promise<TrainedRun> {
  return named(name, async () => {
    const graph = graphOf(config, train)
    const initial = from === null ? undefined : startFrom(from, graph).initial
    const training = openTraining({ config, graph, initial, folder, train, test, resume, force: !resume })
    return training.complete({
      onStep: () => new Promise((resolve) => setImmediate(resolve)),
      onEpoch: ({ epoch }) => report({ epochs: epoch + 1 }),
    })
  })
}
