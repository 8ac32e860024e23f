import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { backends } from '../../../quant/backends/index.ts'
import type { Backend } from '../../../quant/integer/backend.ts'
import { prepareAveragePool } from '../../../quant/integer/execute/pool.ts'
import { averageArithmetic, sharesAverageQuantiser } from '../../../quant/integer/lower/average.ts'
import type { ProgramValue } from '../../../quant/integer/program.ts'
import type { AverageRule } from '../../../quant/integer/rules.ts'
import { storedValue } from '../../../quant/integer/storage.ts'
import { runStep } from './layers.ts'
import { double, exactly, nearestEven, single } from './oracle.ts'

const test = suite('means')

function value(shape: readonly number[], scale: number, zeroPoint: number, unsigned = false): ProgramValue {
  return { name: 'v', shape, scale, zeroPoint, qmin: unsigned ? 0 : -128, qmax: unsigned ? 255 : 127 }
}

/** Means of windows of n codes each, through the session's own step. */
function means(
  rule: AverageRule,
  windows: readonly (readonly number[])[],
  input: ProgramValue,
  output: ProgramValue,
): number[] {
  const n = windows[0].length
  const arithmetic = averageArithmetic(rule, input, output, [n])
  const [from, to] = [
    { ...input, shape: [windows.length, 1, n] },
    { ...output, shape: [windows.length, 1, 1] },
  ].map(storedValue)
  const step = {
    op: 'averagePool',
    name: 'p',
    inputs: ['v'],
    output: 'w',
    kernel: [1, n],
    strides: [1, 1],
    pads: [0, 0, 0, 0],
    dilations: [1, 1],
    countPadding: false,
    arithmetic,
    low: output.qmin,
    high: output.qmax,
  } as const
  const codes = Int8Array.from(windows.flat(), (q) => q - from.offset)
  const out = new Int8Array(windows.length)
  runStep(prepareAveragePool(step, { inputs: [from], output: to, constants: new Map() }), [codes], 1, out)
  return Array.from(out, (q) => q + to.offset)
}

/** For every sum that n int8 codes can have, one window with it. */
function windowsOfEverySum(n: number): number[][] {
  const windows: number[][] = []
  for (let sum = -128 * n; sum <= 127 * n; sum++) {
    const least = Math.floor(sum / n)
    const more = sum - least * n
    windows.push(Array.from({ length: n }, (_, i) => least + (i < more ? 1 : 0)))
  }
  return windows
}

const clamp = (q: number): number => Math.min(Math.max(q, -128), 127)
const total = (window: readonly number[]): number => window.reduce((a, b) => a + b, 0)
const ruleOf = (name: string): AverageRule => (backends.get(name) as Backend).globalAveragePool

test('TFLite’s multiplier: floor(m 2^k / n)', () => {
  const rule: AverageRule = { kind: 'tflite-mean', requantiser: 'q31-single' }
  const half = value([1, 1, 1], 0.5, 0)
  assert.equal(averageArithmetic(rule, half, half, [49, 1, 64]), {
    kind: 'requantise',
    counts: [49, 1, 64],
    requantiser: {
      kind: 'q31-single',
      multiplier: [Math.floor(2 ** 35 / 49), 2 ** 30, 2 ** 30],
      shift: [-4, 1, -5],
    },
  })
  // n equal codes on one scale come back as the code.
  const equal = Array.from({ length: 256 }, (_, i) => new Array<number>(49).fill(i - 128))
  assert.equal(
    means(rule, equal, half, half),
    equal.map(([q]) => q),
  )
})

test('TFLite’s reference and optimised MEAN differ on the published 2,504 of 12,495 sums', () => {
  const windows = windowsOfEverySum(49)
  const input = value([1, 1, 1], Math.fround(0.05), -5)
  const output = value([1, 1, 1], Math.fround(0.04), 3)
  assert.is(windows.length, 12496)
  const reference = means({ kind: 'tflite-mean', requantiser: 'q31-double' }, windows, input, output)
  const optimised = means({ kind: 'tflite-mean-optimised' }, windows, input, output)
  assert.is(reference.filter((q, i) => q !== optimised[i]).length, 2504)
  // Both against BigInt: multipliers from their definitions.
  const multiplier = Number((1342177280n << 5n) / 49n)
  assert.equal(
    reference,
    windows.map((window) => clamp(Number(double(total(window) + 5 * 49, multiplier, 1 - 5)) + 3)),
  )
})

test('TOSA’s AVG_POOL2D removes the zero point: -3 where TFLite has -4, and the same where it is 0', () => {
  const unmoved = value([1, 1, 1], 0.5, -128)
  const tosa: AverageRule = { kind: 'tosa-pool' }
  const tflite: AverageRule = { kind: 'raw-half-away' }
  assert.ok(sharesAverageQuantiser(tosa) && sharesAverageQuantiser(tflite))
  assert.equal(means(tosa, [[-3, -4]], unmoved, unmoved), [-3])
  assert.equal(means(tflite, [[-3, -4]], unmoved, unmoved), [-4])
  const zero = value([1, 1, 1], 0.5, 0)
  for (const n of [1, 4, 9, 25, 49, 64]) {
    const windows = windowsOfEverySum(n)
    const k = 32 - Math.clz32(n - 1)
    const m = (BigInt(2 ** 30 + 1) << BigInt(k)) / BigInt(n)
    const exact = windows.map((window) => {
      const scaled = BigInt(total(window)) * m + (1n << BigInt(29 + k))
      return Number(scaled >> BigInt(30 + k))
    })
    assert.equal(means(tosa, windows, zero, zero), exact, `${n}`)
  }
  // The published agreement, apart from negative ties, which TFLite rounds away from zero. Odd n have none.
  for (const n of [9, 25, 49]) {
    const windows = windowsOfEverySum(n)
    assert.equal(means(tosa, windows, zero, zero), means(tflite, windows, zero, zero), `${n}`)
  }
})

test('XNNPACK’s MEAN: f32 scale and offset, the zero point inside the rounding', () => {
  const windows = windowsOfEverySum(49)
  const input = value([1, 1, 1], Math.fround(0.05), -5)
  const output = value([1, 1, 1], Math.fround(0.04), 3)
  const scale = Math.fround(Math.fround(input.scale / output.scale) * Math.fround(1 / 49))
  const offset = Math.fround(3 - Math.fround(-245 * scale))
  assert.equal(
    means(ruleOf('xnnpack-x86'), windows, input, output),
    windows.map((window) => clamp(Number(nearestEven(Math.fround(Math.fround(total(window) * scale) + offset))))),
  )
})

test('ONNX Runtime: the average pool adds the zero point before it rounds, the global one after it', () => {
  const input = value([1, 1, 1], 0.5, 10, true)
  const output = value([1, 1, 1], 0.5, 7, true)
  // (1 + 2) / 2 = 1.5: + 7 = 8.5, to even 8; RNE(1.5) + 7 = 9.
  assert.equal(means((backends.get('ort-x86') as Backend).averagePool, [[11, 12]], input, output), [8])
  assert.equal(means(ruleOf('ort-x86'), [[11, 12]], input, output), [9])
  assert.equal(means({ kind: 'qdq' }, [[11, 12]], input, output), [9])
  const windows = Array.from({ length: 256 }, (_, i) => [i, 255 - i, (i * 7) % 256])
  const scaled = { ...input, scale: Math.fround(0.05) }
  const ratio = Math.fround(scaled.scale / Math.fround(output.scale * 3))
  assert.equal(
    means(ruleOf('ort-x86'), windows, scaled, output),
    windows.map((window) =>
      Math.min(Math.max(Number(nearestEven(Math.fround((total(window) - 30) * ratio))) + 7, 0), 255),
    ),
  )
})

test('a reciprocal in Q31 and in f64 agree with the definition', () => {
  const windows = windowsOfEverySum(6)
  const input = value([1, 1, 1], Math.fround(0.05), -5)
  const output = value([1, 1, 1], Math.fround(0.04), 3)
  const real = input.scale / (output.scale * 6)
  const { numerator, shift } = exactly(real)
  // 0.208 has two leading zeros: m = real * 2^33, e = -2.
  const multiplier = Number((numerator * 2n ** 34n + (1n << BigInt(shift))) / (2n << BigInt(shift)))
  assert.ok(multiplier >= 2 ** 30 && multiplier < 2 ** 31)
  assert.equal(
    means({ kind: 'reciprocal', requantiser: 'q31-single', product: 'f64' }, windows, input, output),
    windows.map((window) => clamp(Number(single(total(window) + 30, multiplier, -2)) + 3)),
  )
})

test.run()
