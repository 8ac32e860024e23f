import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { packInt4, unpackInt4 } from '../../../quant/integer/int4.ts'

const test = suite('int4')

test('the bytes of the ONNX int4 example, low nibble first', () => {
  assert.equal([...packInt4([0, 1, 7, -4, -8])], [0x10, 0xc7, 0x08])
  assert.equal([...unpackInt4(Uint8Array.of(0x10, 0xc7, 0x08), 5)], [0, 1, 7, -4, -8])
})

test('all pairs survive, and so does nothing', () => {
  const codes = Array.from({ length: 512 }, (_, i) => (i % 2 === 0 ? ((i >> 1) % 16) - 8 : (i >> 5) - 8))
  assert.equal([...unpackInt4(packInt4(codes), codes.length)], codes)
  assert.equal(packInt4([]).length, 0)
  assert.equal(unpackInt4(new Uint8Array(0), 0).length, 0)
})

test.run()
