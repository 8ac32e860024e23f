import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError } from '../../../../engine/base/errors.ts'
import { RandomStream } from '../../../../engine/base/random.ts'
import { sizeOf } from '../../../../engine/base/shape.ts'
import { prepareConv } from '../../../../quant/integer/execute/conv.ts'
import { prepareGemm } from '../../../../quant/integer/execute/gemm.ts'
import type { PreparedStep } from '../../../../quant/integer/execute/runner.ts'
import { findSaturation } from '../../../../quant/integer/execute/saturation.ts'
import { plainIntegerKernels } from '../../../../quant/integer/kernels/index.ts'
import type { ConvStep, GemmStep } from '../../../../quant/integer/program.ts'
import { type StoredValue, storedValue } from '../../../../quant/integer/storage.ts'
import { messageOf } from '../../../support/messageOf.ts'
import { convolution, convolutions, fullyConnected, gemms, limited, runStep, tapsOf } from '../layers.ts'
import { accelerated, expectSame } from './support.ts'

const test = suite('layers whose pairs of products saturate: definition, plain and SIMD')

const saturates = { pairSaturation: 'u8s8-int16' } as const
const unsigned = (value: StoredValue, zeroPoint: number): StoredValue =>
  storedValue({ ...value, zeroPoint, qmin: 0, qmax: 255 })

/** Weights of a layer, from mild to those all of whose pairs saturate on some codes. */
const weightSets: Readonly<Record<string, (random: RandomStream, i: number) => number>> = {
  random: (random) => random.integer(256) - 128,
  narrow: (random) => random.integer(127) - 63,
  greatest: () => 127,
  least: () => -128,
  alternating: (_, i) => (i % 2 === 0 ? 127 : -128),
  ends: (random) => [127, -128, 0][random.integer(3)],
}

/** Codes less 128. */
const codeSets: Readonly<Record<string, (random: RandomStream) => number>> = {
  random: (random) => random.integer(256) - 128,
  ends: (random) => [127, -128][random.integer(2)],
}

/** Sums of ten bits more than the code. */
function outputOf(codes: readonly number[], weights: readonly number[], zeroPoint: number, bias: number): number {
  let sum = bias
  for (let k = 0; k < codes.length; k += 2) {
    const pair = codes[k] * weights[k] + (k + 1 < codes.length ? codes[k + 1] * weights[k + 1] : 0)
    sum += Math.min(Math.max(pair, -32768), 32767)
  }
  for (const w of weights) sum -= zeroPoint * w
  return sum
}

/** Runs a step with the plain kernels and every build of the others. */
function expectAll(step: PreparedStep, x: Int8Array, batch: number, wanted: readonly number[], what: string): void {
  for (const [build, kernels] of [['plain', plainIntegerKernels] as const, ...accelerated]) {
    const found = new Int8Array(wanted.length)
    runStep(step, [x], batch, found, kernels)
    expectSame(found, wanted, `${what}, ${build}`)
  }
}

const code = (sum: number, zeroPoint: number): number => limited(((BigInt(sum) + 512n) >> 10n) + BigInt(zeroPoint))

test('convolutions of every shape', () => {
  const random = new RandomStream(1, 'saturating conv')
  const names = Object.keys(weightSets)
  convolutions.forEach((shape, s) => {
    const layer = convolution(shape, random)
    const step: ConvStep = { ...layer.step, ...saturates }
    const { output } = layer
    const bias = layer.constants.get('b') as Int32Array
    // Two kinds of weights a shape, and a zero point at an end or inside.
    for (const name of [names[s % names.length], names[(s + 3) % names.length]]) {
      const zeroPoint = [0, 131, 255][random.integer(3)]
      const input = unsigned(layer.input, zeroPoint)
      const weights = (layer.constants.get('w') as Int8Array).map((_, i) => weightSets[name](random, i))
      const constants = new Map(layer.constants).set('w', weights)
      const draw = codeSets[s % 2 === 0 ? 'ends' : 'random']
      const x = Int8Array.from({ length: 2 * sizeOf(input.shape) }, () => draw(random))
      const raw = Array.from(x, (q) => q + 128)
      const wanted: number[] = []
      for (const { m, codes, weights: w } of tapsOf(step, input, output, weights, raw, zeroPoint)) {
        wanted.push(code(outputOf(codes, w, zeroPoint, bias[m]), output.zeroPoint))
      }
      const prepared = prepareConv(step, { inputs: [input], output, constants })
      expectAll(prepared, x, 2, wanted, `${shape}, ${name}`)
      expectAll(prepared, x.subarray(0, 0), 0, [], `${shape}, no image`)
    }
  })
})

test('matrix products of every shape', () => {
  const random = new RandomStream(2, 'saturating gemm')
  for (const [rows, taps, channels] of gemms) {
    for (const [name, weightOf] of Object.entries(weightSets)) {
      const layer = fullyConnected(taps, channels, random)
      const step: GemmStep = { ...layer.step, ...saturates }
      const zeroPoint = [0, 131, 255][random.integer(3)]
      const input = unsigned(layer.input, zeroPoint)
      const bias = layer.constants.get('b') as Int32Array
      const weights = (layer.constants.get('w') as Int8Array).map((_, i) => weightOf(random, i))
      const constants = new Map(layer.constants).set('w', weights)
      const x = Int8Array.from({ length: rows * taps }, () => codeSets.ends(random))
      const wanted: number[] = []
      for (let n = 0; n < rows; n++) {
        const codes = Array.from(x.subarray(n * taps, (n + 1) * taps), (q) => q + 128)
        for (let c = 0; c < channels; c++) {
          const w = Array.from(weights.subarray(c * taps, (c + 1) * taps))
          wanted.push(code(outputOf(codes, w, zeroPoint, bias[c]), layer.output.zeroPoint))
        }
      }
      const prepared = prepareGemm(step, { inputs: [input], output: layer.output, constants })
      expectAll(prepared, x, rows, wanted, `${rows}, ${taps}, ${channels}, ${name}`)
    }
  }
})

test('only pairs that some codes can saturate are listed', () => {
  const input = storedValue({ name: 'x', shape: [4], scale: 1, zeroPoint: 10, qmin: 0, qmax: 255 })
  const weight = { constant: 'w', shape: [1, 4], bits: 8, scale: [1] }
  const found = (codes: readonly number[], value = input): Int32Array | undefined =>
    findSaturation({ name: 's', weight, ...saturates }, Int8Array.from(codes), value, [0, 1, 2, 3], [0, 1])?.entries
  // 255 * 128 = 32640 and 255 * 129 = 32895; the pair 1, 2 is none.
  assert.is(found([100, 28, 127, -127]), undefined)
  assert.is(found([1, 127, 127, 1]), undefined)
  assert.is(found([-128, 0, 0, -128]), undefined)
  assert.equal([...(found([100, 28, 100, 29]) ?? [])], [1, 100, 1, 29 * 65536, 10 * 129])
  assert.equal([...(found([-128, -1, 0, 0]) ?? [])], [0, 0xff80, 0, -65536, 10 * -129])
  assert.is(found([100, 29, 0, 0], { ...input, qmax: 253 - 128 }), undefined)
  assert.is(findSaturation({ name: 's', weight }, Int8Array.of(127, 127, 0, 0), input, [0, 1, 2, 3], [0, 1]), null)
})

test('signed codes, or weights with a zero point, are refused', () => {
  const random = new RandomStream(3, 'refused')
  const layer = fullyConnected(4, 2, random)
  const step: GemmStep = { ...layer.step, ...saturates }
  const { output, constants } = layer
  assert.match(
    messageOf(FormatError, () => prepareGemm(step, { inputs: [layer.input], output, constants })),
    /'layer': wanted unsigned input codes where pairs saturate/,
  )
  const moved: GemmStep = { ...step, weight: { ...step.weight, zeroPoint: 3 } }
  assert.match(
    messageOf(FormatError, () => prepareGemm(moved, { inputs: [unsigned(layer.input, 0)], output, constants })),
    /'layer': wanted weights without a zero point where pairs saturate/,
  )
})

test.run()
