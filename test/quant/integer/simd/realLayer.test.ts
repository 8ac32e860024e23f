import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../../engine/base/random.ts'
import { sizeOf } from '../../../../engine/base/shape.ts'
import { decodeSmallFloat, encodeSmallFloat } from '../../../../engine/base/smallFloat.ts'
import { prepareDynamicQuantiser, prepareQuantise } from '../../../../quant/integer/execute/float.ts'
import { prepareRealLayer } from '../../../../quant/integer/execute/realLayer.ts'
import { plainIntegerKernels } from '../../../../quant/integer/kernels/index.ts'
import type { ConvStep, FloatFormat, ProgramConstants, RealLayerStep } from '../../../../quant/integer/program.ts'
import {
  type BufferArray,
  type Stored,
  type StoredFloat,
  type StoredValue,
  storedValue,
} from '../../../../quant/integer/storage.ts'
import { convolution, convolutions, gemms, runStep, tapsOf } from '../layers.ts'
import { accelerated } from './support.ts'

const test = suite('layers from codes to real numbers: definition, plain and SIMD')

const all = [['plain', plainIntegerKernels] as const, ...accelerated]
const real = (name: string, shape: readonly number[], format: FloatFormat = 'f32'): StoredFloat => ({
  name,
  shape,
  format,
  storage: 'float32',
})
const ranges = real('ranges', [2])

interface Case {
  readonly step: RealLayerStep
  readonly inputs: readonly Stored[]
  readonly output: StoredFloat
  readonly constants: ProgramConstants
  readonly arrays: readonly BufferArray[]
  readonly batch: number
}

/** Runs a layer with every kind of kernels; signs of zeros count. */
function expectAll({ step, inputs, output, constants, arrays, batch }: Case, wanted: Float32Array, what: string): void {
  const prepared = prepareRealLayer(step, { inputs, output, constants })
  for (const [build, kernels] of all) {
    const found = new Float32Array(wanted.length)
    runStep(prepared, arrays, batch, found, kernels)
    for (let i = 0; i < wanted.length; i++) {
      if (!Object.is(found[i], wanted[i])) assert.unreachable(`${what}, ${build}, ${i}: ${found[i]}, ${wanted[i]}`)
    }
  }
}

/** The definition: f32 steps on an exact sum. */
function realOf(sum: number, scale: number, weightScale: number, bias: number, { low, high }: RealLayerStep): number {
  const v = Math.fround(Math.fround(Math.fround(sum) * Math.fround(scale * weightScale)) + bias)
  return Math.fround(Math.min(Math.max(v, low ?? -Infinity), high ?? Infinity))
}

const exact = (codes: readonly number[], weights: readonly number[], zeroPoint: number): number =>
  codes.reduce((sum, q, k) => sum + (q - zeroPoint) * weights[k], 0)

/** Scales and zero points of three images: ordinary, subnormal, so large that products overflow. */
const imageRanges = [Math.fround(0.031), -100, 2 ** -130, 127, 3e38, -128]
const windowOf = ({ strides, pads, dilations, groups }: ConvStep): RealLayerStep['window'] => ({
  strides,
  pads,
  dilations,
  groups,
})

test('convolutions of every shape, one scale or one for each image', () => {
  const random = new RandomStream(1, 'real conv')
  convolutions.forEach((shape, s) => {
    const { step: conv, input, output: codes, constants: integers } = convolution(shape, random)
    const channels = codes.shape[0]
    const scale = Array.from({ length: s % 2 === 0 ? 1 : channels }, () => Math.fround(random.uniform()))
    const bias = Float32Array.from({ length: channels }, () => 2000 * random.uniform() - 1000)
    const weights = integers.get('w') as Int8Array
    const constants: ProgramConstants = new Map<string, Int8Array | Float32Array>([
      ['w', weights],
      ['r', bias],
    ])
    const x = Int8Array.from({ length: 3 * sizeOf(input.shape) }, () => random.integer(256) - 128)
    const limits = [
      { low: null, high: null },
      { low: 0, high: null },
      { low: -0.1, high: 611.3 },
    ][s % 3]
    const format = (['f32', 'bf16', 'f32'] as const)[s % 3]
    const output = real('y', codes.shape, format)
    for (const isDynamic of [false, true]) {
      for (const name of ['r', null]) {
        const step: RealLayerStep = {
          op: 'realLayer',
          name: 'layer',
          inputs: isDynamic ? ['x', 'ranges'] : ['x'],
          output: 'y',
          window: windowOf(conv),
          weight: { ...conv.weight, scale },
          bias: name,
          ...limits,
        }
        const wanted: number[] = []
        const imageOut = sizeOf(codes.shape)
        for (let n = 0; n < 3; n++) {
          const [s, z] = isDynamic ? imageRanges.slice(2 * n) : [input.scale, input.zeroPoint]
          const image = x.subarray(n * sizeOf(input.shape), (n + 1) * sizeOf(input.shape))
          for (const { m, codes: q, weights: w } of tapsOf(conv, input, codes, weights, image, z)) {
            wanted.push(realOf(exact(q, w, z), s, scale[scale.length === 1 ? 0 : m], name ? bias[m] : 0, step))
          }
        }
        assert.is(wanted.length, 3 * imageOut)
        const rounded = wanted.map((v) =>
          format === 'bf16' ? decodeSmallFloat(encodeSmallFloat(v, 'bfloat16'), 'bfloat16') : v,
        )
        const inputs = isDynamic ? [input, ranges] : [input]
        const arrays = isDynamic ? [x, Float32Array.from(imageRanges)] : [x]
        const what = `${shape}, ${isDynamic}, ${name}`
        expectAll({ step, inputs, output, constants, arrays, batch: 3 }, Float32Array.from(rounded), what)
        expectAll({ step, inputs, output, constants, arrays, batch: 0 }, new Float32Array(0), what)
      }
    }
  })
})

/** A matrix product with its definition. */
function expectProduct(
  random: RandomStream,
  [rows, taps, channels]: readonly [number, number, number],
  input: StoredValue,
  x: Int8Array | Int16Array,
  weights: Int8Array,
  isDynamic: boolean,
): void {
  const scale = Array.from({ length: channels }, () => Math.fround(random.uniform()))
  const bias = Float32Array.from({ length: channels }, () => random.uniform() - 0.5)
  const step: RealLayerStep = {
    op: 'realLayer',
    name: 'layer',
    inputs: isDynamic ? ['x', 'ranges'] : ['x'],
    output: 'y',
    window: null,
    weight: { constant: 'w', shape: [channels, taps], bits: 8, scale },
    bias: 'r',
    low: null,
    high: null,
  }
  const wanted: number[] = []
  for (let row = 0; row < 3 * rows; row++) {
    const n = Math.floor(row / rows)
    const [s, z] = isDynamic ? imageRanges.slice(2 * n) : [input.scale, input.zeroPoint]
    const q = Array.from(x.subarray(row * taps, (row + 1) * taps))
    for (let m = 0; m < channels; m++) {
      const w = Array.from(weights.subarray(m * taps, (m + 1) * taps))
      wanted.push(realOf(exact(q, w, z), s, scale[m], bias[m], step))
    }
  }
  const constants: ProgramConstants = new Map<string, Int8Array | Float32Array>([
    ['w', weights],
    ['r', bias],
  ])
  const arrays = isDynamic ? [x, Float32Array.from(imageRanges)] : [x]
  const inputs = isDynamic ? [input, ranges] : [input]
  const output = real('y', [rows, channels])
  const what = `${rows}, ${taps}, ${channels}, ${isDynamic}`
  expectAll({ step, inputs, output, constants, arrays, batch: 3 }, Float32Array.from(wanted), what)
}

test('matrix products of every shape, of codes of 8 and of 16 bits', () => {
  const random = new RandomStream(2, 'real gemm')
  for (const shape of gemms) {
    const [rows, taps, channels] = shape
    const value = { name: 'x', shape: [rows, taps], scale: Math.fround(0.02) }
    const byte = storedValue({ ...value, zeroPoint: 3, qmin: -128, qmax: 127 })
    const word = storedValue({ ...value, zeroPoint: 1000, qmin: -32768, qmax: 32767 })
    const weights = Int8Array.from({ length: channels * taps }, () => random.integer(255) - 127)
    const bytes = Int8Array.from({ length: 3 * rows * taps }, () => random.integer(256) - 128)
    const words = Int16Array.from({ length: 3 * rows * taps }, () => random.integer(65536) - 32768)
    expectProduct(random, shape, byte, bytes, weights, false)
    expectProduct(random, shape, byte, bytes, weights, true)
    expectProduct(random, shape, word, words, weights, false)
  }
})

test('sums beyond int32 stay exact', () => {
  const taps = 2 ** 17
  const input = storedValue({ name: 'x', shape: [1, taps], scale: 1, zeroPoint: -128, qmin: -128, qmax: 127 })
  const x = new Int8Array(3 * taps).fill(127)
  // 2^17 * 255 * 127 is almost 2^32.
  expectProduct(new RandomStream(3, 'large'), [1, taps, 1], input, x, new Int8Array(taps).fill(127), false)
  expectProduct(new RandomStream(3, 'large'), [1, taps, 1], input, x, new Int8Array(taps).fill(127), true)
})

test('unsigned codes of each image: its range, its codes, its sums', () => {
  const size = 37
  const random = new RandomStream(4, 'chain')
  const reals = Float32Array.from({ length: 4 * size }, (_, i) => (random.uniform() - 0.3) * 10 ** (i / size))
  reals.fill(0, 3 * size)
  const [x, y] = [real('x', [size]), real('y', [1])]
  const codes = storedValue({ name: 'q', shape: [size], scale: 1, zeroPoint: 0, qmin: 0, qmax: 255 })
  const constants: ProgramConstants = new Map([['w', new Int8Array(size).fill(1)]])
  const base = { name: 's', inputs: ['x'], output: 'y' }
  const quantiser = { op: 'dynamicQuantiser', ...base, qmin: 0, qmax: 255 } as const
  const weight = { constant: 'w', shape: [1, size], bits: 8, scale: [1] }
  const layer = { op: 'realLayer', ...base, window: null, weight, bias: null, low: null, high: null } as const
  for (const [build, kernels] of all) {
    const [range, q, sums] = [new Float32Array(8), new Int8Array(4 * size), new Float32Array(4)]
    runStep(prepareDynamicQuantiser(quantiser, { inputs: [x], output: ranges, constants }), [reals], 4, range, kernels)
    const quantise = { op: 'quantise', ...base, rounding: 'half-even' } as const
    runStep(prepareQuantise(quantise, { inputs: [x, ranges], output: codes, constants }), [reals, range], 4, q, kernels)
    runStep(prepareRealLayer(layer, { inputs: [codes, ranges], output: y, constants }), [q, range], 4, sums, kernels)
    for (let n = 0; n < 4; n++) {
      const image = Array.from(reals.subarray(n * size, (n + 1) * size))
      const [lo, hi] = [Math.min(0, ...image), Math.max(0, ...image)]
      assert.is(range[2 * n], lo < hi ? Math.fround((hi - lo) / 255) : 1, build)
      const exactSum = image.reduce((a, b) => a + b, 0)
      // Every code is half a step from its number at most.
      assert.ok(Math.abs(sums[n] - exactSum) <= 0.51 * size * range[2 * n], `${build}, image ${n}`)
    }
  }
})

test.run()
