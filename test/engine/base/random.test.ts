import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { philox4x32, RandomStream } from '../../../engine/base/random.ts'

const test = suite('random')

// The known-answer vectors published with Random123 for philox4x32, 10 rounds.
const vectors = [
  { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
]

for (const { counter, key, words } of vectors) {
  test(`philox4x32-10 of counter ${counter.map((w) => w.toString(16)).join(' ')}`, () => {
    const block = Uint32Array.from(counter)
    philox4x32(block, key[0], key[1])
    assert.equal([...block], words)
  })
}

test('a stream is fixed by seed and name, not by what else was drawn', () => {
  const draw = (seed: number, name: string): number[] => {
    const stream = new RandomStream(seed, name)
    return Array.from({ length: 9 }, () => stream.uint32())
  }
  assert.equal(draw(1, 'conv1.weight'), draw(1, 'conv1.weight'))
  assert.is.not(String(draw(1, 'conv1.weight')), String(draw(2, 'conv1.weight')))
  assert.is.not(String(draw(1, 'conv1.weight')), String(draw(1, 'conv2.weight')))
  // A seed's high word counts as well.
  assert.is.not(String(draw(1, 'a')), String(draw(1 + 2 ** 32, 'a')))
})

test('uniform stays in [0, 1) with the mean and variance of the uniform distribution', () => {
  const stream = new RandomStream(3, 'uniform')
  let sum = 0
  let squares = 0
  const n = 20000
  for (let i = 0; i < n; i++) {
    const u = stream.uniform()
    assert.ok(u >= 0 && u < 1 && Math.fround(u) === u)
    sum += u
    squares += u * u
  }
  // Five standard errors of the mean and of the second moment.
  assert.ok(Math.abs(sum / n - 1 / 2) < 5 * Math.sqrt(1 / 12 / n))
  assert.ok(Math.abs(squares / n - 1 / 3) < 5 * Math.sqrt(4 / 45 / n))
})

test('a permutation holds every index once, and length 0 and 1 work', () => {
  const order = new RandomStream(5, 'order').permutation(1000)
  assert.equal(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 1000 }, (_, i) => i),
  )
  assert.equal([...new RandomStream(5, 'order').permutation(0)], [])
  assert.equal([...new RandomStream(5, 'order').permutation(1)], [0])
})

test('a seed that is no integer in [0, 2^53) is refused', () => {
  for (const seed of [-1, 0.5, Number.NaN, 2 ** 53])
    assert.throws(() => new RandomStream(seed, 'x'), /seed is an integer/)
})

test.run()
