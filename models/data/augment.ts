import { UsageError } from '../../engine/base/errors.ts'
import { RandomStream } from '../../engine/base/random.ts'

/** Random changes that leave a picture's class as it is. */
export interface Augmentation {
  /** Pad every side by this many zero pixels and cut the picture's size out at a random place. Default 0: no shift. */
  readonly pad?: number
  /** Mirror left to right with probability 1/2. Default false. */
  readonly flip?: boolean
}

/** Which draw: an image's change in an epoch does not depend on batch size, order or the other images. */
export interface AugmentationDraw {
  readonly seed: number
  readonly epoch: number
  /** The image's index in its data set. */
  readonly index: number
}

/** Throws `UsageError` unless `pad` is an integer from 0 to the smaller side, so that some of the picture can remain. */
export function checkAugmentation({ pad = 0 }: Augmentation, shape: readonly [number, number, number]): void {
  const most = Math.min(shape[1], shape[2])
  if (!Number.isInteger(pad) || pad < 0 || pad > most) {
    throw new UsageError(`augment: pad is an integer from 0 to ${most} for images of ${shape.join(' x ')}, not ${pad}`)
  }
}

/**
 * Writes one changed picture ([C, H, W] bytes) to `out`: first the crop, then the mirror. What the crop takes from the
 * padding is a zero *byte*: black, before normalisation (as torchvision pads).
 */
export function augmentImage(
  image: Uint8Array,
  shape: readonly [number, number, number],
  augmentation: Augmentation,
  draw: AugmentationDraw,
  out: Uint8Array,
): void {
  const [channels, height, width] = shape
  const { pad = 0, flip = false } = augmentation
  const random = new RandomStream(draw.seed, `augment ${draw.epoch} ${draw.index}`)
  // All three are drawn always, so that turning one option off leaves the other's draws as they were.
  const down = random.integer(2 * pad + 1) - pad
  const right = random.integer(2 * pad + 1) - pad
  const mirrored = random.integer(2) === 1 && flip
  let o = 0
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const row = y + down
      const rowInside = row >= 0 && row < height
      const start = (c * height + row) * width
      for (let x = 0; x < width; x++) {
        const column = (mirrored ? width - 1 - x : x) + right
        out[o++] = rowInside && column >= 0 && column < width ? image[start + column] : 0
      }
    }
  }
}
