/**
 * IDX, the format of MNIST's files (Y. LeCun, "The MNIST database"): a big-endian magic number 00 00 08 rank (08: the
 * elements are unsigned bytes), one big-endian uint32 for each dimension, then the elements, row-major. Bytes are
 * treated as hostile: everything the header says is checked against the length before it is used.
 */

import { FormatError } from '../../engine/base/errors.ts'

const IMAGES_MAGIC = 0x00000803
const LABELS_MAGIC = 0x00000801

/** Bytes that suffice to read any header of the two kinds. */
export const IDX_HEADER_BYTES = 16

/** A file of pictures; `pixels` shares the bytes that were parsed. */
export interface IdxImages {
  readonly count: number
  readonly rows: number
  readonly columns: number
  readonly pixels: Uint8Array
}

const hex = (word: number): string => `0x${word.toString(16).padStart(8, '0')}`

/** Checks magic and dimensions; returns the dimensions and the length that a file with this header must have. */
function readHeader(bytes: Uint8Array, magic: number, source: string): { dims: number[]; byteLength: number } {
  const rank = magic & 0xff
  const headerBytes = 4 + 4 * rank
  if (bytes.length < headerBytes) {
    throw new FormatError(
      `IDX: ${source} has ${bytes.length} bytes, less than its header of ${headerBytes}: fetch the file again`,
    )
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found = view.getUint32(0)
  if (found !== magic) {
    const kind = magic === IMAGES_MAGIC ? 'images' : 'labels'
    throw new FormatError(
      `IDX: ${source} starts with ${hex(found)}; a file of ${kind} starts with ${hex(magic)}: is it another file, or still compressed?`,
    )
  }
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i))
  // Without this, a dimension of 0 would let any count pass the test of the length.
  if (dims.includes(0)) throw new FormatError(`IDX: ${source} says its dimensions are ${dims.join(' x ')}: it is empty`)
  // Three uint32 may multiply beyond 2^53, where the double is inexact, but then it is far beyond every length, too.
  return { dims, byteLength: dims.reduce((product, dim) => product * dim, 1) + headerBytes }
}

function checkLength(bytes: Uint8Array, byteLength: number, dims: readonly number[], source: string): void {
  if (bytes.length === byteLength) return
  throw new FormatError(
    `IDX: ${source} says ${dims.join(' x ')}, which makes ${byteLength} bytes, but has ${bytes.length}: it is ${
      bytes.length < byteLength ? 'cut short' : 'followed by something else'
    }`,
  )
}

/**
 * The length in bytes that the header promises for the whole file of images or labels, from its first bytes. Throws
 * `FormatError` for a wrong magic number, a header cut short or a dimension of 0.
 */
export function idxByteLength(head: Uint8Array, kind: 'images' | 'labels', source: string): number {
  return readHeader(head, kind === 'images' ? IMAGES_MAGIC : LABELS_MAGIC, source).byteLength
}

/** Pictures (magic 0x00000803). `source` names the file in messages. Throws `FormatError`. */
export function parseIdxImages(bytes: Uint8Array, source: string): IdxImages {
  const { dims, byteLength } = readHeader(bytes, IMAGES_MAGIC, source)
  checkLength(bytes, byteLength, dims, source)
  const [count, rows, columns] = dims
  return { count, rows, columns, pixels: bytes.subarray(IDX_HEADER_BYTES) }
}

/**
 * Labels (magic 0x00000801), each in [0, classes); shares the bytes that were parsed. `source` names the file in
 * messages. Throws `FormatError`.
 */
export function parseIdxLabels(bytes: Uint8Array, source: string, classes = 10): Uint8Array {
  const { dims, byteLength } = readHeader(bytes, LABELS_MAGIC, source)
  checkLength(bytes, byteLength, dims, source)
  const labels = bytes.subarray(8)
  const wrong = labels.findIndex((label) => label >= classes)
  if (wrong >= 0) {
    throw new FormatError(`IDX: ${source}: label ${wrong} is ${labels[wrong]}; labels are 0 to ${classes - 1}`)
  }
  return labels
}
