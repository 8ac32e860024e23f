import { UsageError } from '../../engine/base/errors.ts'
import { RandomStream } from '../../engine/base/random.ts'
import { sizeOf } from '../../engine/base/shape.ts'
import { type FloatTensor, type Tensor, zeros } from '../../engine/core/tensor.ts'
import { type Augmentation, augmentImage, checkAugmentation } from './augment.ts'
import { type ChannelStatistics, checkDataset, type Dataset } from './dataset.ts'

/** How `batches` walks over a data set. */
export interface BatchOptions {
  /** Images in a batch. */
  readonly size: number
  /** Random order, another one for each epoch. Default false: the data set's own order. */
  readonly shuffle?: boolean
  /** Seed of order and augmentation. Default 0. */
  readonly seed?: number
  /** Which epoch this is, from 0 (the default): with the seed it selects order and augmentation. */
  readonly epoch?: number
  /** Default: none. */
  readonly augment?: Augmentation
  /** Leave out a last batch that is smaller than the others. Default false. */
  readonly dropLast?: boolean
}

/** Some images with their labels. */
export interface Batch {
  /** [n, C, H, W], normalised. */
  readonly images: FloatTensor
  /** [n] */
  readonly labels: Tensor<'int32'>
  /** The images' indices in the data set. */
  readonly indices: Int32Array
}

/**
 * The normalised value of each byte, 256 for each channel: f32(f32(f32(v / 255) - f32(mean)) / f32(std)), one rounding a
 * step (what torchvision's ToTensor and Normalize compute in float32).
 */
export function normalisationTable({ mean, std }: ChannelStatistics): Float32Array {
  const table = new Float32Array(mean.length * 256)
  for (let c = 0; c < mean.length; c++) {
    const centre = Math.fround(mean[c])
    const spread = Math.fround(std[c])
    for (let v = 0; v < 256; v++) table[c * 256 + v] = Math.fround(Math.fround(v / 255) - centre) / spread
  }
  return table
}

/**
 * One epoch of batches. The same data set, seed and epoch give the same batches. Throws `UsageError` for options that
 * make no sense, at once and not at the first batch.
 * @example for (const { images, labels } of batches(train, { size: 64, shuffle: true, seed, epoch })) step(images, labels)
 */
export function batches(dataset: Dataset, options: BatchOptions): Generator<Batch, void, undefined> {
  checkDataset(dataset, 'batches')
  const { size, epoch = 0, augment } = options
  if (!Number.isInteger(size) || size < 1) {
    throw new UsageError(`batches: the size of a batch is an integer from 1 on, not ${size}`)
  }
  if (!Number.isInteger(epoch) || epoch < 0) {
    throw new UsageError(`batches: an epoch is an integer from 0 on, not ${epoch}`)
  }
  if (augment !== undefined) checkAugmentation(augment, dataset.shape)
  const count = dataset.labels.length
  const order = options.shuffle
    ? new RandomStream(options.seed ?? 0, `shuffle ${epoch}`).permutation(count)
    : Int32Array.from({ length: count }, (_, i) => i)
  return generate(dataset, options, order)
}

function* generate(dataset: Dataset, options: BatchOptions, order: Int32Array): Generator<Batch, void, undefined> {
  const { shape } = dataset
  const { size, seed = 0, epoch = 0, augment, dropLast = false } = options
  const table = normalisationTable(dataset)
  const plane = shape[1] * shape[2]
  const pixels = sizeOf(shape)
  const changed = new Uint8Array(augment === undefined ? 0 : pixels)
  for (let start = 0; start < order.length; start += size) {
    const indices = order.slice(start, start + size)
    if (dropLast && indices.length < size) return
    const images = zeros([indices.length, ...shape])
    const labels = zeros([indices.length], { dtype: 'int32' })
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i]
      labels.data[i] = dataset.labels[index]
      let image = dataset.images.subarray(index * pixels, (index + 1) * pixels)
      if (augment !== undefined) {
        augmentImage(image, shape, augment, { seed, epoch, index }, changed)
        image = changed
      }
      normalise(image, plane, table, images.data, i * pixels)
    }
    yield { images, labels, indices }
  }
}

/** out[start + j] = the table's value for byte j, which lies in channel floor(j / plane). */
function normalise(image: Uint8Array, plane: number, table: Float32Array, out: Float32Array, start: number): void {
  let base = 0
  for (let first = 0; first < image.length; first += plane) {
    for (let j = first; j < first + plane; j++) out[start + j] = table[base + image[j]]
    base += 256
  }
}
