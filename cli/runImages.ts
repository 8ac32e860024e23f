/** Which pictures a run is trained on, and which it is measured on. */

import { UsageError } from '../engine/base/errors.ts'
import { sizeOf } from '../engine/base/shape.ts'
import { type Dataset, take } from '../models/data/dataset.ts'
import { loadDataset } from '../models/data/load.ts'
import type { TrainingConfig } from './trainingConfig.ts'

/** Where the pictures come from that a run is measured on: the test set, or the end of the training set, held out. */
export type Split = 'test' | 'validation'

type Chosen = Pick<TrainingConfig, 'limit' | 'holdOut' | 'batch'>
type Named = Pick<TrainingConfig, 'data'>

/** The images of a run. */
export interface RunImages {
  readonly train: Dataset
  /** What it is measured on. */
  readonly test: Dataset
  /** Images of the whole training set. */
  readonly total: number
}

/** What a run is measured on. */
export function splitOf({ holdOut }: Pick<TrainingConfig, 'holdOut'>): Split {
  return holdOut === null ? 'test' : 'validation'
}

/**
 * How many images of a training set a run is trained on: the first `limit`, of these all but the last `holdOut`. Throws
 * `UsageError` where holding out leaves no batch.
 * Example: 1000 images, limit 600, holdOut 100: 500, images 500 to 599 are held out.
 */
export function trainedCount({ limit, holdOut, batch }: Chosen, total: number): number {
  const count = Math.min(limit ?? total, total)
  const rest = count - (holdOut ?? 0)
  if (holdOut !== null && rest < batch) {
    throw new UsageError(
      `--hold-out ${holdOut}: of ${count} training images this leaves ${Math.max(rest, 0)}, no batch of ${batch}; hold out at most ${Math.max(count - batch, 0)}, or use a smaller --batch`,
    )
  }
  return rest
}

/**
 * Throws `UsageError` where a run of `base` was trained on images that a run of `config`, which begins with its weights, holds out:
 * what is measured on them would say nothing.
 */
export function checkBase(base: Chosen & Named, config: Chosen & Named, total: number): void {
  if (config.holdOut === null || base.data !== config.data) return
  const [seen, begin] = [trainedCount(base, total), trainedCount(config, total)]
  if (seen > begin) {
    throw new UsageError(
      `--hold-out ${config.holdOut}: held out are the images from ${begin} on, but the run that it begins with was trained on the first ${seen}; hold out the same images in both`,
    )
  }
}

/** The first `limit` images; all where it is undefined. */
export function limited(dataset: Dataset, limit: number | undefined): Dataset {
  return limit === undefined ? dataset : take(dataset, limit)
}

/** The images that a run is trained on, and back ends calibrate on, of a whole training set; shares the bytes. */
export function trainingImages(config: Chosen, all: Dataset): Dataset {
  return take(all, trainedCount(config, all.labels.length))
}

/** The images that a run holds out of a whole training set; shares the bytes. */
export function heldOutImages(config: Chosen, all: Dataset): Dataset {
  const begin = trainedCount(config, all.labels.length)
  const end = begin + (config.holdOut ?? 0)
  const size = sizeOf(all.shape)
  return { ...all, images: all.images.subarray(begin * size, end * size), labels: all.labels.subarray(begin, end) }
}

/** Loads what a run is trained on. Throws what `loadDataset` throws, and `UsageError` where nothing is left of it. */
export async function loadTrainingImages(config: Chosen & Named): Promise<Dataset> {
  return trainingImages(config, await loadDataset(config.data, { split: 'train' }))
}

/**
 * Loads what a run is trained on and measured on; the test set is not read where the run holds out training images. Throws what
 * `loadDataset` throws, and `UsageError` where nothing is left to train on.
 */
export async function loadRunImages(config: Chosen & Named): Promise<RunImages> {
  const all = await loadDataset(config.data, { split: 'train' })
  const train = trainingImages(config, all)
  const test =
    splitOf(config) === 'test' ? await loadDataset(config.data, { split: 'test' }) : heldOutImages(config, all)
  return { train, test, total: all.labels.length }
}
