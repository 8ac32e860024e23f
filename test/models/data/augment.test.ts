import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Augmentation, augmentImage, checkAugmentation } from '../../../models/data/augment.ts'

const test = suite('augmentation')

/** The distinct results, as text, of `draws` draws. */
function results(
  image: number[],
  shape: [number, number, number],
  augmentation: Augmentation,
  draws: number,
): Set<string> {
  const out = new Uint8Array(image.length)
  const seen = new Set<string>()
  for (let index = 0; index < draws; index++) {
    augmentImage(Uint8Array.from(image), shape, augmentation, { seed: 3, epoch: 1, index }, out)
    seen.add(out.join(' '))
  }
  return seen
}

test('no option, no change', () => {
  assert.equal([...results([1, 2, 3, 4], [1, 2, 2], {}, 20)], ['1 2 3 4'])
})

test('flip: both directions occur, rows and planes keep their order', () => {
  const seen = results([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 2, 3], { flip: true }, 40)
  assert.equal([...seen].sort(), ['1 2 3 4 5 6 7 8 9 10 11 12', '3 2 1 6 5 4 9 8 7 12 11 10'])
})

test('pad 1: exactly the nine shifts, zeros from outside', () => {
  const wanted = ['0 0 0 1', '0 0 1 2', '0 0 2 0', '0 1 0 3', '1 2 3 4', '2 0 4 0', '0 3 0 0', '3 4 0 0', '4 0 0 0']
  assert.equal([...results([1, 2, 3, 4], [1, 2, 2], { pad: 1 }, 300)].sort(), wanted.sort())
})

test('pad and flip: all channels move alike', () => {
  for (const text of results([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2], { pad: 1, flip: true }, 100)) {
    const values = text.split(' ').map(Number)
    const second = values.slice(0, 4).map((v) => (v === 0 ? 0 : v + 4))
    assert.equal(values.slice(4), second)
  }
})

test('a pad as large as the picture may leave nothing of it', () => {
  const seen = results([9], [1, 1, 1], { pad: 1 }, 100)
  assert.equal([...seen].sort(), ['0', '9'])
})

test('seed, epoch and index each select the draw', () => {
  const image = Uint8Array.from({ length: 256 }, (_, i) => i)
  const drawn = (seed: number, epoch: number, index: number): string => {
    const out = new Uint8Array(256)
    augmentImage(image, [1, 16, 16], { pad: 8, flip: true }, { seed, epoch, index }, out)
    return out.join()
  }
  assert.is(drawn(1, 2, 3), drawn(1, 2, 3))
  const count = (draw: (i: number) => string): number => new Set(Array.from({ length: 20 }, (_, i) => draw(i))).size
  assert.ok(count((i) => drawn(i, 2, 3)) > 15)
  assert.ok(count((i) => drawn(1, i, 3)) > 15)
  assert.ok(count((i) => drawn(1, 2, i)) > 15)
})

test('a pad that makes no sense', () => {
  for (const pad of [-1, 0.5, 3, Number.NaN]) {
    assert.throws(() => checkAugmentation({ pad }, [1, 2, 4]), /pad is an integer from 0 to 2/)
  }
  checkAugmentation({ pad: 2 }, [1, 2, 4])
})

test.run()
