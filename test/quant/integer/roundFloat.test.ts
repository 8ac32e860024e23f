import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { decodeSmallFloat, encodeSmallFloat } from '../../../engine/base/smallFloat.ts'
import { roundFloat } from '../../../quant/integer/kernels/roundFloat.ts'

const test = suite('roundFloat')

const types = { f16: 'float16', bf16: 'bfloat16' } as const

/** Every number of a format, its neighbours in f32, and the ties between it and the next with their neighbours. */
function hardNumbers(format: 'f16' | 'bf16'): Float32Array {
  const found: number[] = []
  for (let pattern = 0; pattern < 0x10000; pattern += 7) {
    const v = decodeSmallFloat(pattern, types[format])
    const next = decodeSmallFloat(pattern + 1, types[format])
    found.push(v, (v + next) / 2)
  }
  const bits = new Int32Array(Float32Array.from(found).buffer)
  const around = [...bits].flatMap((b) => [b - 1, b, b + 1])
  return new Float32Array(Int32Array.from(around).buffer)
}

for (const format of ['f16', 'bf16'] as const) {
  test(`${format}: numbers, ties and their neighbours, special values, random bits`, () => {
    const random = new RandomStream(1, format)
    const randomBits = new Float32Array(Int32Array.from({ length: 100000 }, () => random.uint32() | 0).buffer)
    const special = [
      0,
      -0,
      Infinity,
      -Infinity,
      Number.NaN,
      65504,
      65519.99,
      65520,
      -65520,
      3.4028234e38,
      1e-45,
      2 ** -25,
    ]
    for (const numbers of [hardNumbers(format), randomBits, Float32Array.from(special)]) {
      const found = numbers.slice()
      roundFloat(found, format)
      for (let i = 0; i < found.length; i++) {
        const wanted = decodeSmallFloat(encodeSmallFloat(numbers[i], types[format]), types[format])
        if (!Object.is(found[i], wanted)) assert.unreachable(`${numbers[i]}: ${found[i]}, wanted ${wanted}`)
      }
    }
  })
}

test('f32 stays, a part of an array may be rounded', () => {
  const x = Float32Array.of(1.005859375, 2049, 1.005859375)
  roundFloat(x, 'f32')
  assert.equal([...x], [1.005859375, 2049, 1.005859375])
  roundFloat(x.subarray(1, 2), 'f16')
  roundFloat(x.subarray(2), 'bf16')
  assert.equal([...x], [1.005859375, 2048, 1.0078125])
})

test.run()
