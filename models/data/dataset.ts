import { ShapeError, UsageError } from '../../engine/base/errors.ts'
import { formatShape, sizeOf } from '../../engine/base/shape.ts'

/** Mean and standard deviation of each channel, on the scale where a byte v is v / 255. */
export interface ChannelStatistics {
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/** Labelled pictures, as bytes: what a file holds, before any normalisation. */
export interface Dataset extends ChannelStatistics {
  readonly name: string
  /** The name of each label. */
  readonly classes: readonly string[]
  /** Channels, height and width of every image. */
  readonly shape: readonly [number, number, number]
  /** N * C * H * W bytes: image after image, plane after plane, rows from the top. */
  readonly images: Uint8Array
  /** N labels, each below `classes.length`. */
  readonly labels: Uint8Array
}

/**
 * What batches are normalised with. For MNIST and the CIFAR sets: mean and standard deviation over all pixels of the
 * whole training set, rounded to four places (the values that PyTorch's examples use). Those of the synthetic set are
 * rounded to two places.
 */
export const statistics = {
  mnist: { mean: [0.1307], std: [0.3081] },
  cifar10: { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
  cifar100: { mean: [0.5071, 0.4865, 0.4409], std: [0.2673, 0.2564, 0.2762] },
  synthetic: { mean: [0.5], std: [0.27] },
} as const satisfies Record<string, ChannelStatistics>

/** Throws `ShapeError` unless images, labels, mean and std have the lengths that the shape asks for. */
export function checkDataset(dataset: Dataset, operation: string): void {
  const { name, shape, images, labels, mean, std } = dataset
  const wanted = labels.length * sizeOf(shape)
  if (images.length !== wanted) {
    throw new ShapeError(
      `${operation}: data set ${name} has ${labels.length} labels and images of ${formatShape(shape)}: wanted ${wanted} bytes of images, got ${images.length}`,
    )
  }
  if (mean.length !== shape[0] || std.length !== shape[0]) {
    throw new ShapeError(
      `${operation}: data set ${name} has ${shape[0]} channels, but ${mean.length} means and ${std.length} standard deviations`,
    )
  }
}

/**
 * The images at `indices`, in that order (repeats allowed), copied. Throws `UsageError` for an index that is not an
 * integer in [0, N).
 */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  checkDataset(dataset, 'subset')
  const size = sizeOf(dataset.shape)
  const count = dataset.labels.length
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new UsageError(
        `subset: index ${index} at position ${i}; data set ${dataset.name} has images 0 to ${count - 1}`,
      )
    }
  }
  const images = new Uint8Array(indices.length * size)
  const labels = new Uint8Array(indices.length)
  for (let i = 0; i < indices.length; i++) {
    const start = indices[i] * size
    images.set(dataset.images.subarray(start, start + size), i * size)
    labels[i] = dataset.labels[indices[i]]
  }
  return { ...dataset, images, labels }
}

/**
 * The first `limit` images, or all where there are fewer; shares the bytes. Throws `UsageError` unless `limit` is an
 * integer from 1 on.
 */
export function take(dataset: Dataset, limit: number): Dataset {
  checkDataset(dataset, 'take')
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError(`take: a limit is an integer from 1 on, not ${limit}`)
  if (limit >= dataset.labels.length) return dataset
  return {
    ...dataset,
    images: dataset.images.subarray(0, limit * sizeOf(dataset.shape)),
    labels: dataset.labels.subarray(0, limit),
  }
}
