import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { packWeights } from '../../../quant/integer/execute/weights.ts'
import { plainIntegerKernels as kernels } from '../../../quant/integer/kernels/index.ts'
import { addArithmetic } from '../../../quant/integer/lower/add.ts'
import { windowCounts } from '../../../quant/integer/windowCounts.ts'
import { divideHalfAway, double } from './oracle.ts'

const test = suite('integer kernels')
const window = (kernel: number, stride: number, pad: number) =>
  ({ kernel: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad], dilations: [1, 1] }) as const
const all = Array.from({ length: 256 }, (_, i) => i - 128)
const left = Int32Array.from(all.flatMap((a) => all.map(() => a)))
const right = Int32Array.from(all.flatMap(() => all))

test('dot4 and dot1 agree with sums in BigInt, at any number of pixels and taps', () => {
  const random = new RandomStream(1, 'dot')
  for (const [pixels, taps] of [
    [1, 1],
    [2, 3],
    [5, 7],
    [8, 27],
    [9, 0],
    [0, 4],
  ]) {
    const x = Int32Array.from({ length: 64 }, () => random.integer(511) - 255)
    const codes = Int8Array.from({ length: 7 * taps }, () => random.integer(256) - 128)
    const base = Int32Array.from({ length: pixels }, () => random.integer(20))
    const offset = Int32Array.from({ length: taps }, () => random.integer(40))
    const bias = Int32Array.from({ length: 7 }, () => random.uint32() >> 2)
    const packed = packWeights(codes, 1, 7, taps)
    assert.is(packed.quads, 4)
    const acc = new Int32Array(4 * pixels)
    for (let c = 0; c < 7; c += c < 4 ? 4 : 1) {
      const dot = c < 4 ? kernels.dot4 : kernels.dot1
      dot(x, 3, base, pixels, offset, taps, packed.data, c * taps, bias, c, acc)
      for (let j = 0; j < (c < 4 ? 4 : 1); j++) {
        for (let p = 0; p < pixels; p++) {
          let sum = BigInt(bias[c + j])
          for (let k = 0; k < taps; k++) sum += BigInt(x[3 + base[p] + offset[k]]) * BigInt(codes[(c + j) * taps + k])
          assert.is(acc[j * pixels + p], Number(sum))
        }
      }
    }
  }
})

test('centrePlanes subtracts the zero point inside a border of zeros', () => {
  const out = new Int32Array(24).fill(9)
  kernels.centrePlanes(Int32Array.of(99, 3, 4, 5, 6), 1, 1, 2, 2, 3, 1, 1, 4, 5, out)
  assert.equal([...out.subarray(0, 20)], [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 3, 0, 0, 0, 0, 0, 0, 0])
})

test("TFLite's ADD: published constants, and all 65,536 pairs against BigInt", () => {
  const arithmetic = addArithmetic(
    { kind: 'q31', leftShift: 20 },
    Math.fround(0.05),
    Math.fround(0.03),
    Math.fround(0.06),
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
  const out = new Int32Array(65536)
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
  const fixed = new Int32Array(65536)
  const float = new Int32Array(65536)
  const { multipliers, shifts, outputMultiplier, outputShift } = addArithmetic(
    { kind: 'q31', leftShift: 20 },
    scales[0],
    scales[1],
    scales[2],
  ) as Extract<ReturnType<typeof addArithmetic>, { kind: 'q31' }>
  kernels.addQ31(left, right, 65536, zero, 20, multipliers, shifts, outputMultiplier, outputShift, fixed)
  kernels.addQdq(left, right, 65536, zero, [scales[0], scales[1]], scales[2], float)
  assert.is(fixed.filter((q, i) => q !== float[i]).length, 3260)
})

test('addShift: ties up, from both sides', () => {
  const zero = { zeroPoints: [0, 0] as const, zeroPoint: 0, low: -128, high: 127 }
  const out = new Int32Array(4)
  kernels.addShift(Int32Array.of(1, -1, 3, 127), Int32Array.of(0, 0, 0, 127), 4, zero, [0, 1], 1, out)
  assert.equal([...out], [1, 0, 2, 127])
})

test('addF64 against exact quarters, ties away from zero', () => {
  const zero = { zeroPoints: [1, -1] as const, zeroPoint: 3, low: -128, high: 127 }
  const out = new Int32Array(65536)
  kernels.addF64(left, right, 65536, zero, [0.25, 0.5], out)
  for (let i = 0; i < 65536; i++) {
    const wanted = Number(divideHalfAway(BigInt(left[i] - 1 + 2 * (right[i] + 1)), 2)) + 3
    assert.is(out[i], Math.min(Math.max(wanted, -128), 127))
  }
})

test('averageRaw: RHA of the raw sum, so that ties go by its sign', () => {
  const out = new Int32Array(4)
  const four = new Int32Array(4).fill(4)
  kernels.averageRaw(Int32Array.of(2, -2, 6, -6), four, four, 4, { zeroPoint: 0, low: -128, high: 127 }, 0, out)
  assert.equal([...out], [1, -1, 2, -2])
  // A padding tap that counts holds the zero point: (-3 + -128) / 2 = -65.5.
  const one = Int32Array.of(1)
  kernels.averageRaw(Int32Array.of(-3), Int32Array.of(2), one, 1, { zeroPoint: -128, low: -128, high: 127 }, 0, out)
  assert.is(out[0], -66)
})

test('window sums, counts and maxima with padding', () => {
  const x = Int32Array.of(77, 5, -6, 7, 8)
  const extents = { h: 2, w: 2, outH: 2, outW: 2 }
  const sums = new Int32Array(4)
  kernels.windowSums(x, 1, extents, window(2, 2, 1), 1, sums)
  assert.equal([...sums], [4, -7, 6, 7])
  const counts = windowCounts(extents, window(2, 2, 1))
  assert.equal([...counts.inside], [1, 1, 1, 1])
  assert.equal([...counts.padded], [4, 4, 4, 4])
  const out = new Int32Array(4)
  kernels.maxPoolPlane(x, 1, { h: 2, w: 2, outH: 1, outW: 1 }, window(3, 1, 1), 2, out)
  assert.equal([...out], [0, 0, 8, 0])
  // A last window that hangs over (ceil mode): 3 wide, kernel 2, stride 2, no padding.
  const hanging = windowCounts({ h: 3, w: 3, outH: 2, outW: 2 }, window(2, 2, 0))
  assert.equal([...hanging.inside], [4, 2, 2, 1])
  assert.equal([...hanging.padded], [4, 2, 2, 1])
})

test('averageQdq: the f32 mean of dequantised codes', () => {
  const out = new Int32Array(1)
  // (1 + 2) * 0.5 / 2 = 0.75, / 0.5 = 1.5, to even 2, + 7.
  const extents = { h: 1, w: 2, outH: 1, outW: 1 }
  const pair = { ...window(1, 1, 0), kernel: [1, 2] as const }
  const target = { zeroPoint: 7, low: 0, high: 255 }
  kernels.averageQdq(Int32Array.of(11, 12), 0, extents, pair, Int32Array.of(2), 10, 0.5, 0.5, target, 0, out)
  assert.is(out[0], 9)
  // 0.5 goes to 0.
  kernels.averageQdq(Int32Array.of(11, 10), 0, extents, pair, Int32Array.of(2), 10, 0.5, 0.5, target, 0, out)
  assert.is(out[0], 7)
})

test('copyRuns and clampCodes', () => {
  const out = new Int32Array(10)
  kernels.copyRuns(Int32Array.of(1, 2, 3, 4), 2, 2, 3, 5, out)
  assert.equal([...out], [0, 0, 0, 1, 2, 0, 0, 0, 3, 4])
  kernels.clampCodes(Int32Array.of(-5, 0, 9), 3, -1, 6, out)
  assert.equal([...out.subarray(0, 3)], [-1, 0, 6])
})

test.run()
