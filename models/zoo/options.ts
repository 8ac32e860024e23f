import { UsageError } from '../../engine/base/errors.ts'
import { formatShape } from '../../engine/base/shape.ts'

/** What every classifier of the zoo takes. */
export interface ClassifierOptions {
  /** Extents of one image: [channels, height, width]. */
  readonly input: readonly [channels: number, height: number, width: number]
  /** Number of classes: the length of the output, `logits`. */
  readonly classes: number
}

/** Throws `UsageError` unless `value` is an integer of at least `least`. */
export function checkInteger(model: string, option: string, value: unknown, least = 1): void {
  if (Number.isInteger(value) && (value as number) >= least) return
  throw new UsageError(`${model}: ${option} is ${String(value)}; wanted an integer of at least ${least}`)
}

/** Throws `UsageError` unless the image has three extents, height and width of at least `least`, and classes exist. */
export function checkClassifier(model: string, { input, classes }: ClassifierOptions, least = 1): void {
  if (!Array.isArray(input) || input.length !== 3) {
    throw new UsageError(`${model}: input is ${String(input)}; wanted [channels, height, width]`)
  }
  const [, height, width] = input
  for (const extent of input) checkInteger(model, `an extent of input ${formatShape(input)}`, extent)
  if (height < least || width < least) {
    throw new UsageError(
      `${model}: input ${formatShape(input)} is too small; it takes ${least}x${least} pixels or more`,
    )
  }
  checkInteger(model, 'classes', classes)
}
