import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError } from '../../../engine/base/errors.ts'
import { idxByteLength, parseIdxImages, parseIdxLabels } from '../../../models/data/idx.ts'

const test = suite('IDX')

// Written by hand from the format's description: 2 images of 2 x 3.
const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255)
const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 9)

function refused(body: () => unknown, message: RegExp): void {
  assert.throws(body, (error: unknown) => error instanceof FormatError && message.test(error.message))
}

test('images', () => {
  const parsed = parseIdxImages(images, 'a')
  assert.equal([parsed.count, parsed.rows, parsed.columns], [2, 2, 3])
  assert.equal([...parsed.pixels], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255])
})

test('labels', () => {
  assert.equal([...parseIdxLabels(labels, 'a')], [5, 0, 9])
})

test('bytes that start inside a larger buffer', () => {
  const larger = new Uint8Array(images.length + 5)
  larger.set(images, 5)
  assert.equal(parseIdxImages(larger.subarray(5), 'a').pixels[11], 255)
})

test('the length a header promises', () => {
  assert.is(idxByteLength(images.subarray(0, 16), 'images', 'a'), 28)
  assert.is(idxByteLength(labels.subarray(0, 8), 'labels', 'a'), 11)
})

test('cut short at every byte', () => {
  for (let end = 0; end < images.length; end++) {
    refused(() => parseIdxImages(images.subarray(0, end), 'file-a'), /file-a.*(header|cut short)/)
  }
  for (let end = 0; end < labels.length; end++) {
    refused(() => parseIdxLabels(labels.subarray(0, end), 'file-b'), /file-b.*(header|cut short)/)
  }
})

test('trailing bytes', () => {
  refused(() => parseIdxImages(Uint8Array.of(...images, 0), 'a'), /makes 28 bytes, but has 29.*something else/)
  refused(() => parseIdxLabels(Uint8Array.of(...labels, 0), 'a'), /makes 11 bytes, but has 12/)
})

test('wrong magic number', () => {
  refused(() => parseIdxImages(labels, 'a'), /less than its header/)
  refused(() => parseIdxLabels(images, 'a'), /starts with 0x00000803.*0x00000801/)
  // A gzip file that was not decompressed.
  refused(() => parseIdxLabels(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0), 'a'), /0x1f8b0800.*compressed/)
})

test('hostile dimensions', () => {
  const header = (...dims: number[]): Uint8Array => {
    const bytes = new Uint8Array(16)
    const view = new DataView(bytes.buffer)
    for (const [i, word] of [0x803, ...dims].entries()) view.setUint32(4 * i, word)
    return bytes
  }
  refused(() => parseIdxImages(header(0xffffffff, 0xffffffff, 0xffffffff), 'a'), /cut short/)
  // 2^16 * 2^16 = 2^32 would be 0 in 32 bits.
  refused(() => parseIdxImages(header(1, 65536, 65536), 'a'), /makes 4294967312 bytes, but has 16/)
  refused(() => parseIdxImages(header(0xffffffff, 0, 28), 'a'), /empty/)
  refused(() => parseIdxImages(header(0, 28, 28), 'a'), /empty/)
})

test('a label out of range is named', () => {
  const wrong = labels.slice()
  wrong[9] = 10
  refused(() => parseIdxLabels(wrong, 'file-c'), /file-c: label 1 is 10; labels are 0 to 9/)
  assert.equal([...parseIdxLabels(wrong, 'file-c', 11)], [5, 10, 9])
})

test.run()
