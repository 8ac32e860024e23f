import { join } from 'node:path'
import type { Dataset } from '../../models/data/dataset.ts'
import { loadDataset } from '../../models/data/load.ts'
import { shareDataset } from '../evaluation/packing.ts'
import { sha256 } from '../runFolder.ts'
import { heldOutImages, type RunImages, splitOf, trainingImages } from '../runImages.ts'
import type { TrainingConfig } from '../trainingConfig.ts'
import { shortHash } from './versions.ts'

/** A data set of an experiment: all training and test images, in memory that threads share. */
export interface ExperimentData {
  readonly train: Dataset
  readonly test: Dataset
  /** Of everything in it: the same pictures have the same, wherever their files lie. */
  readonly digest: string
}

/** A data set's name with its folder below `root`. Example: 'cifar10:cifar' and '/data': 'cifar10:/data/cifar'. */
export function located(spec: string, root: string | undefined): string {
  const match = /^(mnist|cifar10|cifar100):(?!\/)(.*)$/.exec(spec)
  return match === null || root === undefined ? spec : `${match[1]}:${join(root, match[2])}`
}

/** Loads a data set whole. Throws what `loadDataset` throws. */
export async function loadExperimentData(spec: string): Promise<ExperimentData> {
  const train = shareDataset(await loadDataset(spec, { split: 'train' }))
  const test = shareDataset(await loadDataset(spec, { split: 'test' }))
  return { train, test, digest: shortHash([digestOf(train), digestOf(test)]) }
}

function digestOf({ images, labels, ...rest }: Dataset): unknown {
  return { ...rest, images: sha256(images), labels: sha256(labels) }
}

/** What a run is trained on, and what it is measured on. Throws `UsageError` where holding out leaves no batch. */
export function imagesOf(config: TrainingConfig, { train, test }: ExperimentData): RunImages {
  return {
    train: trainingImages(config, train),
    test: splitOf(config) === 'test' ? test : heldOutImages(config, train),
    total: train.labels.length,
  }
}
