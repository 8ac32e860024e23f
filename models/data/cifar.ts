/**
 * The "binary version" of CIFAR-10 and CIFAR-100 (A. Krizhevsky, "Learning multiple layers of features from tiny
 * images", 2009): records of one label byte (CIFAR-10) or two (CIFAR-100: coarse, fine), then 3,072 bytes of pixels,
 * planes red, green, blue, 32 rows of 32 each. There is no header: the length is the only thing that tells the count.
 */

import { FormatError } from '../../engine/base/errors.ts'

const PIXELS = 3072

/** Which of the two layouts. */
export type CifarKind = 'cifar10' | 'cifar100'

const layouts = {
  // The last label of a record is the one that is used.
  cifar10: { labels: [{ name: 'label', classes: 10 }] },
  cifar100: {
    labels: [
      { name: 'coarse label', classes: 20 },
      { name: 'fine label', classes: 100 },
    ],
  },
} as const

/** The classes of CIFAR-10 in the order of their labels, for folders without `batches.meta.txt`. */
export const cifar10Classes: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
]

/** One file's bytes and the name that messages give it. */
export interface CifarPart {
  readonly source: string
  readonly bytes: Uint8Array
}

/**
 * The records of one or more files, in order. Labels are CIFAR-10's, or CIFAR-100's fine ones; coarse labels are
 * checked and dropped. Lengths are checked before anything is allocated. Throws `FormatError` for an empty file, for a
 * length that is no multiple of the record's, and for a label out of range, which it names.
 */
export function parseCifar(kind: CifarKind, parts: readonly CifarPart[]): { images: Uint8Array; labels: Uint8Array } {
  const { labels: fields } = layouts[kind]
  const recordBytes = fields.length + PIXELS
  let count = 0
  for (const { source, bytes } of parts) {
    if (bytes.length === 0 || bytes.length % recordBytes !== 0) {
      throw new FormatError(
        `CIFAR: ${source} has ${bytes.length} bytes; ${kind} has records of ${recordBytes}: it is cut short, or another file`,
      )
    }
    count += bytes.length / recordBytes
  }
  const images = new Uint8Array(count * PIXELS)
  const labels = new Uint8Array(count)
  let image = 0
  for (const { source, bytes } of parts) {
    for (let start = 0; start < bytes.length; start += recordBytes) {
      for (let i = 0; i < fields.length; i++) {
        const value = bytes[start + i]
        if (value >= fields[i].classes) {
          throw new FormatError(
            `CIFAR: ${source}: the ${fields[i].name} of record ${start / recordBytes} is ${value}; it is 0 to ${fields[i].classes - 1} in ${kind}`,
          )
        }
        labels[image] = value
      }
      images.set(bytes.subarray(start + fields.length, start + recordBytes), image * PIXELS)
      image++
    }
  }
  return { images, labels }
}
