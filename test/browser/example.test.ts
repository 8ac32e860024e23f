import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

/** Ink as examples/browser/digit.js takes it. */
interface Ink {
  readonly ink: ArrayLike<number>
  readonly width: number
  readonly height: number
}

const test = suite('example page')
const folder = fileURLToPath(new URL('../../../examples/browser/', import.meta.url))
const { inkOf, normaliseDigit } = (await import(
  new URL('../../../examples/browser/digit.js', import.meta.url).href
)) as {
  inkOf(image: { data: Uint8ClampedArray; width: number; height: number }): Ink
  normaliseDigit(ink: Ink): Uint8Array | null
}

/** A sheet with the rectangle of columns left ... right - 1 and rows top ... bottom - 1 filled. */
function rectangle(width: number, height: number, [left, top, right, bottom]: readonly number[]): Ink {
  const inside = (i: number): boolean => {
    const [x, y] = [i % width, Math.floor(i / width)]
    return x >= left && x < right && y >= top && y < bottom
  }
  return { ink: Uint8Array.from({ length: width * height }, (_, i) => (inside(i) ? 255 : 0)), width, height }
}

/** Where a picture has ink: the extremes of columns and rows, and the bytes that occur there. */
function extentOf(pixels: Uint8Array): { columns: number[]; rows: number[]; bytes: number[] } {
  const at = [...pixels.keys()].filter((i) => pixels[i] > 0)
  const ends = (values: number[]): number[] => [Math.min(...values), Math.max(...values)]
  return {
    columns: ends(at.map((i) => i % 28)),
    rows: ends(at.map((i) => Math.floor(i / 28))),
    bytes: [...new Set(at.map((i) => pixels[i]))],
  }
}

test('a digit is scaled to 20 pixels and centred, wherever it was drawn', () => {
  // 50 x 100 becomes 10 x 20, in the middle of 28 x 28.
  const wanted = { columns: [9, 18], rows: [4, 23], bytes: [255] }
  assert.equal(extentOf(normaliseDigit(rectangle(280, 280, [7, 160, 57, 260]))!), wanted)
  // Enlarged: 2 x 4.
  assert.equal(extentOf(normaliseDigit(rectangle(9, 30, [7, 26, 9, 30]))!), wanted)
})

test('the centre of mass comes to the middle, not that of the box', () => {
  // A heavy bar of 20 x 8 over a thin stem of 4 x 12. Mass 160 at row 4, 48 at row 14: the centre is row 6.31, so the top goes
  // to row round(14 - 6.31) = 8; the last row is 27.
  const bar = rectangle(20, 20, [0, 0, 20, 8]).ink
  const stem = rectangle(20, 20, [8, 8, 12, 20]).ink
  const ink = Uint8Array.from(bar, (value, i) => Math.max(value, stem[i]))
  assert.equal(extentOf(normaliseDigit({ ink, width: 20, height: 20 })!).rows, [8, 27])
})

test('no ink is no digit, and a dot is one', () => {
  assert.is(normaliseDigit(rectangle(28, 28, [0, 0, 0, 0])), null)
  assert.equal(extentOf(normaliseDigit(rectangle(28, 28, [3, 3, 4, 4]))!).columns, [4, 23])
})

test('ink is what stands out from the border: dark on light, light on dark, transparent on white', () => {
  const image = (
    background: readonly number[],
    pixel: readonly number[],
  ): { data: Uint8ClampedArray; width: number; height: number } => {
    const data = Uint8ClampedArray.from({ length: 36 }, (_, i) => (i >> 2 === 4 ? pixel : background)[i & 3])
    return { data, width: 3, height: 3 }
  }
  const dot = [0, 0, 0, 0, 255, 0, 0, 0, 0]
  for (const [background, pixel] of [
    [
      [240, 240, 240, 255],
      [20, 20, 20, 255],
    ],
    [
      [10, 10, 30, 255],
      [200, 200, 90, 255],
    ],
    [
      [0, 0, 0, 0],
      [0, 0, 0, 255],
    ],
  ]) {
    assert.equal(Array.from(inkOf(image(background, pixel)).ink), dot)
  }
  assert.equal(Array.from(inkOf(image([90, 90, 90, 255], [90, 90, 90, 255])).ink), Array(9).fill(0))
})

test('the model is small, and its files are those that its README names', () => {
  const names = ['checkpoint.safetensors', 'calibration.idx3-ubyte', 'samples.idx3-ubyte']
  const readme = readFileSync(`${folder}model/README.md`, 'utf8')
  let bytes = 0
  for (const name of names) {
    const content = readFileSync(`${folder}model/${name}`)
    bytes += content.length
    const [, digest] = new RegExp(`\`${name}\` \\|.*\`([0-9a-f]{64})\``).exec(readme) as RegExpExecArray
    assert.is(createHash('sha256').update(content).digest('hex'), digest, name)
  }
  assert.ok(bytes < 80 * 1024)
})

test.run()
