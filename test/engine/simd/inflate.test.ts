import { constants, deflateRawSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { inflate } from '../../../engine/simd/inflate.ts'

const test = suite('inflate')

test('one letter, by hand: a block of the fixed code, the letter, its end', () => {
  assert.equal([...inflate(Uint8Array.of(0x4b, 0x04, 0x00))], [0x61])
})

test('what zlib compresses, at every level and by every strategy', () => {
  const random = new RandomStream(1, 'inflate')
  // Runs and repeats of all lengths and distances, and noise between them.
  const data = Array.from({ length: 70_000 }, (_, i) => (i % 977 < 300 ? i % 7 : Math.floor(random.uniform() * 256)))
  data.push(...new Array<number>(600).fill(5), ...data.slice(0, 5000))
  const strategies = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE]
  for (const bytes of [data, data.slice(0, 3), []].map((list) => Uint8Array.from(list))) {
    for (const strategy of strategies) {
      for (const level of [0, 1, 6, 9]) {
        const found = inflate(deflateRawSync(bytes, { level, strategy }))
        assert.ok(Buffer.from(found).equals(bytes), `level ${level}, strategy ${strategy}, ${bytes.length} bytes`)
      }
    }
  }
})

test.run()
