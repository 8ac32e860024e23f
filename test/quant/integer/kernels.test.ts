import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { sizeOf } from '../../../engine/base/shape.ts'
import { prepareConv } from '../../../quant/integer/execute/conv.ts'
import { prepareGemm } from '../../../quant/integer/execute/gemm.ts'
import { packWeights } from '../../../quant/integer/execute/weights.ts'
import { averageRaw, windowSums } from '../../../quant/integer/kernels/averagePool.ts'
import { plainIntegerKernels as kernels } from '../../../quant/integer/kernels/index.ts'
import { addArithmetic } from '../../../quant/integer/lower/add.ts'
import { storedValue } from '../../../quant/integer/storage.ts'
import { windowCounts } from '../../../quant/integer/windowCounts.ts'
import {
  convolution,
  convolutions,
  convolveExactly,
  fullyConnected,
  gemms,
  limited,
  randomCodes,
  runStep,
} from './layers.ts'
import { divideHalfAway, double } from './oracle.ts'

const test = suite('integer kernels')
const window = (kernel: number, stride: number, pad: number) =>
  ({ kernel: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], dilations: [1, 1] }) as const
const all = Array.from({ length: 256 }, (_, i) => i - 128)
const left = Int8Array.from(all.flatMap((a) => all.map(() => a)))
const right = Int8Array.from(all.flatMap(() => all))

test('convolve agrees with sums in BigInt: any shape, stride, dilation, padding and grouping', () => {
  const random = new RandomStream(1, 'convolve')
  for (const shape of convolutions) {
    const { step, input, output, constants } = convolution(shape, random)
    const x = randomCodes(random, sizeOf(input.shape) * 2)
    const out = new Int8Array(sizeOf(output.shape) * 2)
    runStep(prepareConv(step, { inputs: [input], output, constants }), [x], 2, out)
    const wanted = convolveExactly(step, input, output, constants, x, 2)
    assert.equal([...out], wanted, JSON.stringify(shape))
  }
})

test('gemm agrees with sums in BigInt at any number of rows, taps and channels', () => {
  const random = new RandomStream(2, 'gemm')
  for (const [rows, taps, channels] of gemms) {
    const { step, input, output, constants } = fullyConnected(taps, channels, random)
    const x = randomCodes(random, rows * taps)
    const out = new Int8Array(rows * channels)
    runStep(prepareGemm(step, { inputs: [input], output, constants }), [x], rows, out)
    const wanted: number[] = []
    const codes = constants.get('w') as Int8Array
    const bias = constants.get('b') as Int32Array
    for (let n = 0; n < rows; n++) {
      for (let c = 0; c < channels; c++) {
        let sum = BigInt(bias[c])
        for (let k = 0; k < taps; k++) sum += BigInt(x[n * taps + k] - 3) * BigInt(codes[c * taps + k])
        wanted.push(limited((sum + 512n) >> 10n))
      }
    }
    assert.equal([...out], wanted, `${rows}, ${taps}, ${channels}`)
  }
})

test('packPlanes: pairs of channels and of columns, inside a border of zeros, by phases of the stride', () => {
  const one = { channels: 2, h: 1, w: 2, zeroPoint: 3, groups: 1, planes: 1, channelStep: 2, columnStep: 0 }
  const still = { top: 0, left: 1, strideH: 1, strideW: 1, phasesH: 1, phasesW: 1, phaseH: 1, pitch: 4 }
  const out = new Int16Array(8)
  kernels.packPlanes(Int8Array.of(3, 5, 4, 8), 1, { ...one, ...still }, out)
  assert.equal([...out], [0, 0, 0, 1, 2, 5, 0, 0])
  // Columns 0 and 2 of [4, 5, 6, 7], then 1 and 3, each beside its right neighbour.
  const columns = { ...one, channels: 1, w: 4, channelStep: 1, columnStep: 1 }
  const strided = { ...still, left: 0, strideW: 2, phasesW: 2, pitch: 2 }
  kernels.packPlanes(Int8Array.of(4, 5, 6, 7), 1, { ...columns, ...strided }, out)
  assert.equal([...out], [1, 2, 3, 4, 2, 3, 4, 0])
})

test('packWeights: four channels interleaved, the fifth behind them', () => {
  const codes = Int8Array.from({ length: 15 }, (_, i) => i)
  const wanted = [0, 1, 3, 4, 6, 7, 9, 10, 2, 0, 5, 0, 8, 0, 11, 0, 12, 13, 14, 0]
  assert.equal([...packWeights(codes, 1, 5, [0, 1, 2, -1])], wanted)
})

test('quantiseCodes keeps unsigned codes less 128, in every rounding', () => {
  const value = storedValue({ name: 'v', shape: [], scale: 0.5, zeroPoint: 131, qmin: 0, qmax: 255 })
  const x = Float32Array.of(0.75, -0.75, 0.25, 100, -100, Number.NaN, Number.POSITIVE_INFINITY)
  const codes = new Int8Array(7)
  const cases = { 'half-even': [5, 1, 3], 'half-away': [5, 1, 4], 'half-up': [5, 2, 4], floor: [4, 1, 3] } as const
  for (const [rounding, [a, b, c]] of Object.entries(cases)) {
    kernels.quantiseCodes(x, value, rounding as keyof typeof cases, codes)
    assert.equal([...codes], [a, b, c, 127, -128, 3, 127], rounding)
  }
  const back = new Float32Array(2)
  kernels.dequantiseCodes(Int8Array.of(5, -128), value, back)
  assert.equal([...back], [1, -65.5])
})

test("TFLite's ADD: published constants, and all 65,536 pairs against BigInt", () => {
  const arithmetic = addArithmetic(
    { kind: 'q31', leftShift: 20 },
    { scale: Math.fround(0.05), zeroPoint: 3 },
    { scale: Math.fround(0.03), zeroPoint: -7 },
    { scale: Math.fround(0.06), zeroPoint: 5 },
  )
  assert.equal(arithmetic, {
    kind: 'q31',
    leftShift: 20,
    multipliers: [2 ** 30, 1288490141],
    shifts: [0, -1],
    outputMultiplier: 1789569773,
    outputShift: -19,
  })
  const zero = { zeroPoints: [3, -7] as const, zeroPoint: 5, low: -128, high: 127 }
  const out = new Int8Array(65536)
  kernels.addQ31(left, right, 65536, zero, 20, [2 ** 30, 1288490141], [0, -1], 1789569773, -19, out)
  let differing = 0
  for (let i = 0; i < 65536; i++) {
    const a = double((left[i] - 3) * 2 ** 20, 2 ** 30, 0)
    const b = double((right[i] + 7) * 2 ** 20, 1288490141, -1)
    const wanted = Number(double(Number(a + b), 1789569773, -19)) + 5
    if (out[i] !== Math.min(Math.max(wanted, -128), 127)) differing++
  }
  assert.is(differing, 0)
})

test('TFLite’s ADD differs from float QDQ on the published 3,260 pairs', () => {
  const scales = [Math.fround(0.05), Math.fround(0.03), Math.fround(0.06)]
  const zero = { zeroPoints: [3, -7] as const, zeroPoint: 5, low: -128, high: 127 }
  const fixed = new Int8Array(65536)
  const float = new Int8Array(65536)
  const { multipliers, shifts, outputMultiplier, outputShift } = addArithmetic(
    { kind: 'q31', leftShift: 20 },
    { scale: scales[0], zeroPoint: 3 },
    { scale: scales[1], zeroPoint: -7 },
    { scale: scales[2], zeroPoint: 5 },
  ) as Extract<ReturnType<typeof addArithmetic>, { kind: 'q31' | 'q31-single' }>
  kernels.addQ31(left, right, 65536, zero, 20, multipliers, shifts, outputMultiplier, outputShift, fixed)
  kernels.addQdq(left, right, 65536, zero, [scales[0], scales[1]], scales[2], 0, float)
  assert.is(fixed.filter((q, i) => q !== float[i]).length, 3260)
})

test('addShift: ties up, from both sides', () => {
  const zero = { zeroPoints: [0, 0] as const, zeroPoint: 0, low: -128, high: 127 }
  const out = new Int8Array(4)
  kernels.addShift(Int8Array.of(1, -1, 3, 127), Int8Array.of(0, 0, 0, 127), 4, zero, [0, 1], 1, out)
  assert.equal([...out], [1, 0, 2, 127])
})

test('addF64 against exact quarters, ties away from zero', () => {
  const zero = { zeroPoints: [1, -1] as const, zeroPoint: 3, low: -128, high: 127 }
  const out = new Int8Array(65536)
  kernels.addF64(left, right, 65536, zero, [0.25, 0.5], out)
  for (let i = 0; i < 65536; i++) {
    const wanted = Number(divideHalfAway(BigInt(left[i] - 1 + 2 * (right[i] + 1)), 2)) + 3
    assert.is(out[i], Math.min(Math.max(wanted, -128), 127))
  }
})

test('averageRaw: RHA of the raw sum, so that ties go by its sign', () => {
  const out = new Int8Array(4)
  const four = new Int32Array(4).fill(4)
  averageRaw(Int32Array.of(2, -2, 6, -6), four, four, 4, { zeroPoint: 0, low: -128, high: 127 }, 0, 0, out)
  assert.equal([...out], [1, -1, 2, -2])
  // A padding tap that counts holds the zero point: (-3 + -128) / 2 = -65.5.
  const [one, two] = [Int32Array.of(1), Int32Array.of(2)]
  averageRaw(Int32Array.of(-3), two, one, 1, { zeroPoint: -128, low: -128, high: 127 }, 0, 0, out)
  assert.is(out[0], -66)
  // Unsigned codes are rounded as such, then kept less 128: (5 + 0) / 2 = 2.5.
  averageRaw(Int32Array.of(5), two, two, 1, { zeroPoint: 0, low: 0, high: 255 }, 128, 0, out)
  assert.is(out[0], 3 - 128)
})

test('window sums, counts and maxima with padding', () => {
  const x = Int8Array.of(77, 5, -6, 7, 8)
  const extents = { h: 2, w: 2, outH: 2, outW: 2 }
  const sums = new Int32Array(4)
  windowSums(x, 1, extents, window(2, 2, 1), 1, sums)
  assert.equal([...sums], [4, -7, 6, 7])
  const counts = windowCounts(extents, window(2, 2, 1))
  assert.equal([...counts.inside], [1, 1, 1, 1])
  assert.equal([...counts.padded], [4, 4, 4, 4])
  const out = new Int8Array(1)
  kernels.maxPool(x.subarray(1), 1, { h: 2, w: 2, outH: 1, outW: 1 }, window(3, 1, 1), out)
  assert.equal([...out], [8])
  // A last window that hangs over (ceil mode): 3 wide, kernel 2, stride 2, no padding.
  const hanging = windowCounts({ h: 3, w: 3, outH: 2, outW: 2 }, window(2, 2, 0))
  assert.equal([...hanging.inside], [4, 2, 2, 1])
  assert.equal([...hanging.padded], [4, 2, 2, 1])
})

test('averageQdq: the f32 mean of dequantised codes', () => {
  const out = new Int8Array(1)
  const plan = {
    extents: { h: 1, w: 2, outH: 1, outW: 1 },
    window: { ...window(1, 1, 0), kernel: [1, 2] as const },
    zeroPoint: 10,
    divisors: Int32Array.of(2),
    inside: Int32Array.of(2),
    rule: { kind: 'qdq', scale: 0.5, outputScale: 0.5, before: 0 } as const,
    target: { zeroPoint: 7, low: 0, high: 127 },
  }
  // (1 + 2) * 0.5 / 2 = 0.75, / 0.5 = 1.5, to even 2, + 7.
  kernels.averagePool(Int8Array.of(11, 12), 1, plan, new Int32Array(0), out)
  assert.is(out[0], 9)
  // 0.5 goes to 0.
  kernels.averagePool(Int8Array.of(11, 10), 1, plan, new Int32Array(0), out)
  assert.is(out[0], 7)
})

test('copyRuns and clampCodes', () => {
  const out = new Int8Array(10)
  kernels.copyRuns(Int8Array.of(1, 2, 3, 4), 2, 2, 3, 5, out)
  assert.equal([...out], [0, 0, 0, 1, 2, 0, 0, 0, 3, 4])
  kernels.clampCodes(Int8Array.of(-5, 0, 9), 3, -1, 6, out)
  assert.equal([...out.subarray(0, 3)], [-1, 0, 6])
})

test.run()
