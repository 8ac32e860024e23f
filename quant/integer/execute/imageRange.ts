import type { BufferArray, StoredValue } from '../storage.ts'

/**
 * The zero point of image n as codes are kept, from `ranges`, the scale and zero point of each image: a code of `value`, whatever
 * stands there. Example: ranges [0.5, 131], codes 0 ... 255, kept less 128: 3.
 */
export function zeroPointOf(ranges: BufferArray, n: number, { offset, qmin, qmax }: StoredValue): number {
  return Math.min(Math.max((ranges[2 * n + 1] | 0) - offset, qmin), qmax)
}
