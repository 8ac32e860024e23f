import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { prepareSoftmax } from '../../../quant/integer/execute/softmax.ts'
import { prepareTable } from '../../../quant/integer/execute/table.ts'
import {
  dividePower,
  expOfNegative,
  highMultiply,
  hyperbolicTangent,
  logistic,
} from '../../../quant/integer/kernels/fixedPoint.ts'
import { softmaxArithmetic } from '../../../quant/integer/lower/softmax.ts'
import { tableOf } from '../../../quant/integer/lower/table.ts'
import { quantiseMultiplier } from '../../../quant/integer/requantise/quantiseMultiplier.ts'
import type { SoftmaxRule, TableFunction, TableRule } from '../../../quant/integer/rules.ts'
import { storedValue } from '../../../quant/integer/storage.ts'
import { exponential, high, logisticExactly, reciprocal, tanhExactly } from './gemmlowp.ts'
import { runStep } from './layers.ts'
import { divideHalfAway, double } from './oracle.ts'

const test = suite('tables and softmax')
const int8 = { qmin: -128, qmax: 127 }
const clamp = (q: number): number => Math.min(Math.max(q, -128), 127)
const probability = { ...int8, scale: 1 / 256, zeroPoint: -128 }
const symmetric = { ...int8, scale: 1 / 128, zeroPoint: 0 }

function codesOf(name: TableFunction, kind: TableRule['kind'], scale: number, zeroPoint: number): Int32Array {
  return tableOf(
    name,
    {},
    { kind } as TableRule,
    { scale, zeroPoint, qmin: -128 },
    name === 'Tanh' ? symmetric : probability,
  )
}

test('gemmlowp’s functions agree with BigInt', () => {
  const random = new RandomStream(1, 'gemmlowp')
  for (let i = 0; i < 6000; i++) {
    const x = (random.uint32() | 0) >> random.integer(31)
    const y = (random.uint32() | 0) >> random.integer(31)
    assert.is(highMultiply(x, y), Number(high(BigInt(x), BigInt(y))))
    assert.is(dividePower(x, i % 32), Number(divideHalfAway(BigInt(x), i % 32)))
    const negative = -Math.abs(x)
    for (const bits of [4, 5]) {
      assert.is(expOfNegative(negative, bits), Number(exponential(BigInt(negative), bits)), `${negative}`)
      assert.is(logistic(x, bits), Number(logisticExactly(BigInt(x), bits)), `${x}`)
    }
    assert.is(hyperbolicTangent(x, 4), Number(tanhExactly(BigInt(x), 4)), `${x}`)
  }
  assert.is(highMultiply(-(2 ** 31), -(2 ** 31)), 2 ** 31 - 1)
})

test('logistic: the published code -57: sigmoid(-47 s) is 58.499998 / 256, TFLite -70, TFLM -69', () => {
  const scale = Math.fround(0.0258874856)
  assert.is(codesOf('Sigmoid', 'half-away', scale, -10)[-57 + 128], -70)
  assert.is(codesOf('Sigmoid', 'fixed-point', scale, -10)[-57 + 128], -69)
})

test('logistic and tanh: 3,000 random parameters, the float and the fixed-point table differ in a few of 768,000 entries', () => {
  const random = new RandomStream(2, 'tables')
  const differing = { Sigmoid: 0, Tanh: 0 }
  for (let i = 0; i < 1500; i++) {
    const scale = Math.fround(2 ** (random.uniform() * 7 - 9))
    const zeroPoint = random.integer(256) - 128
    for (const name of ['Sigmoid', 'Tanh'] as const) {
      const float = codesOf(name, 'half-away', scale, zeroPoint)
      const fixed = codesOf(name, 'fixed-point', scale, zeroPoint)
      for (let q = 0; q < 256; q++) if (float[q] !== fixed[q]) differing[name]++
    }
  }
  assert.ok(differing.Sigmoid <= 12 && differing.Tanh <= 12, JSON.stringify(differing))
})

test('the fixed-point tables against BigInt', () => {
  for (const [scale, zero] of [
    [Math.fround(0.0258874856), -10],
    [Math.fround(0.1), 3],
    [0.5, -128],
  ]) {
    const { multiplier, shift } = quantiseMultiplier(scale * 2 ** 27)
    const radius = Math.floor((15 * 2 ** 27) / 2 ** shift)
    const wanted = (name: 'Sigmoid' | 'Tanh'): number[] =>
      Array.from({ length: 256 }, (_, i) => {
        const x = i - 128 - zero
        const isSigmoid = name === 'Sigmoid'
        if (Math.abs(x) >= radius) return x < 0 ? -128 : 127
        const argument = double(x, multiplier, shift)
        if (isSigmoid) return clamp(Number(divideHalfAway(logisticExactly(argument, 4), 23)) - 128)
        return clamp(Number(divideHalfAway(tanhExactly(argument, 4), 24)))
      })
    for (const name of ['Sigmoid', 'Tanh'] as const) {
      assert.equal([...codesOf(name, 'fixed-point', scale, zero)], wanted(name), `${name} ${scale}`)
    }
  }
})

test('float tables: values of Math, rounded by each rule', () => {
  // 0.1 a step: entry of offset 5 is sigmoid(0.5) = 0.62246 -> 159.35; of 0, exactly half.
  assert.is(codesOf('Sigmoid', 'qdq', Math.fround(0.1), -128)[5], 31)
  assert.is(codesOf('Sigmoid', 'qdq', Math.fround(0.1), -128)[0], 0)
  const input = { scale: Math.fround(0.05), zeroPoint: 4, qmin: -128 }
  const output = { ...int8, scale: Math.fround(0.04), zeroPoint: -9 }
  const functions: Record<TableFunction, (x: number) => number> = {
    Gelu: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    HardSigmoid: (x) => Math.min(Math.max(0.2 * x + 0.5, 0), 1),
    HardSwish: (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
    LeakyRelu: (x) => (x < 0 ? 0.01 * x : x),
    Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    Swish: (x) => x / (1 + Math.exp(-x)),
    Tanh: Math.tanh,
  }
  const attributes = { alpha: 0.01, beta: 0.5, approximate: 'tanh' }
  for (const [name, f] of Object.entries(functions) as [TableFunction, (x: number) => number][]) {
    const own = name === 'HardSigmoid' ? { ...attributes, alpha: 0.2 } : name === 'Swish' ? { alpha: 1 } : attributes
    for (const kind of ['qdq', 'half-away', 'zero-inside', 'f64-half-away'] as const) {
      const codes = tableOf(name, own, { kind }, input, output)
      for (let i = 0; i < 256; i++) {
        const real = f((i - 132) * input.scale) / output.scale - 9
        const apart = Math.abs(codes[i] - Math.min(Math.max(real, -128), 127))
        assert.ok(apart <= 0.5001, `${name} ${kind} ${i}: ${codes[i]}, ${real}`)
      }
    }
  }
})

test('ties of tables: half away, to even, and to even with the zero point inside', () => {
  // LeakyRelu of multiples of 0.5 in steps of 1: offsets 1, 3, 5 are ties, zero point 1.
  const [input, output] = [
    { scale: 0.5, zeroPoint: 0, qmin: -128 },
    { ...int8, scale: 1, zeroPoint: 1 },
  ]
  const at = (kind: TableRule['kind']): number[] => {
    const codes = tableOf('LeakyRelu', { alpha: 1 }, { kind } as TableRule, input, output)
    return [1, 3, 5, -1, -3].map((q) => codes[q + 128])
  }
  assert.equal(at('half-away'), [2, 3, 4, 0, -1])
  assert.equal(at('qdq'), [1, 3, 3, 1, -1])
  assert.equal(at('zero-inside'), [2, 2, 4, 0, 0])
  assert.equal(at('multiply-shift'), [2, 3, 4, 1, 0])
})

test('LeakyRelu on integers: one multiplier above zero, another below, of either sign', () => {
  const [input, output] = [
    { scale: Math.fround(0.05), zeroPoint: -20, qmin: -128 },
    { ...int8, scale: Math.fround(0.04), zeroPoint: 7 },
  ]
  for (const alpha of [0.1, -0.3]) {
    const slope = Math.fround(alpha)
    const [up, down] = [1, Math.abs(slope)].map((factor) => quantiseMultiplier((factor * input.scale) / output.scale))
    const codes = tableOf('LeakyRelu', { alpha }, { kind: 'requantise', requantiser: 'q31-double' }, input, output)
    const wanted = Array.from({ length: 256 }, (_, i) => {
      const x = i - 108
      const { multiplier, shift } = x < 0 ? down : up
      return clamp(Number(double(x < 0 && slope < 0 ? -x : x, multiplier, shift)) + 7)
    })
    assert.equal([...codes], wanted)
  }
})

/** Softmax of one row of codes through the session's step. */
function softmax(rule: SoftmaxRule, scale: number, codes: readonly number[], unsigned = false): number[] {
  const shift = unsigned ? 128 : 0
  const shape = [codes.length]
  const range = { qmin: shift - 128, qmax: shift + 127 }
  const input = storedValue({ name: 'x', shape, scale, zeroPoint: 0, ...range })
  const outputScale = unsigned ? Math.fround(1 / 255) : 1 / 256
  const output = storedValue({ name: 'y', shape, scale: outputScale, zeroPoint: shift - 128, ...range })
  const arithmetic = softmaxArithmetic(rule, scale, outputScale, codes.length)
  const step = { op: 'softmax', name: 's', inputs: ['x'], output: 'y', axis: 0, arithmetic } as const
  const out = new Int8Array(codes.length)
  const kept = Int8Array.from(codes, (q) => q - shift)
  runStep(prepareSoftmax(step, { inputs: [input], output, constants: new Map() }), [kept], 1, out)
  return Array.from(out, (q) => q + shift)
}

test('softmax in fixed point against BigInt, and its constants', () => {
  assert.equal(softmaxArithmetic({ kind: 'fixed-point' }, Math.fround(0.1), 1 / 256, 10), {
    kind: 'fixed-point',
    multiplier: 1717986944,
    leftShift: 23,
    differenceMin: -248,
  })
  const random = new RandomStream(3, 'softmax')
  for (let i = 0; i < 300; i++) {
    const scale = Math.fround(2 ** (random.uniform() * 9 - 8))
    const codes = Array.from({ length: 1 + random.integer(20) }, () => random.integer(256) - 128)
    const { multiplier, shift } = quantiseMultiplier(Math.min(scale * 2 ** 26, 2 ** 31 - 1))
    const least = -Math.floor((31 * 2 ** 26) / 2 ** shift)
    const largest = Math.max(...codes)
    const powers = codes.map((q) =>
      q - largest < least ? null : exponential(high(BigInt(q - largest) << BigInt(shift), BigInt(multiplier)), 5),
    )
    const sum = powers.reduce<bigint>((s, e) => s + (e === null ? 0n : divideHalfAway(e, 12)), 0n)
    const zeros = 32 - sum.toString(2).length
    const r = reciprocal((sum << BigInt(zeros)) - 2n ** 31n)
    const wanted = powers.map((e) => (e === null ? -128 : clamp(Number(divideHalfAway(high(r, e), 35 - zeros)) - 128)))
    assert.equal(softmax({ kind: 'fixed-point' }, scale, codes), wanted, `${scale}: ${codes}`)
  }
})

test('softmax: fixed point and float table differ on about 1 of 30,000 outputs', () => {
  const random = new RandomStream(4, 'softmax')
  let differing = 0
  for (let i = 0; i < 3000; i++) {
    const scale = Math.fround(2 ** (random.uniform() * 6 - 7))
    const codes = Array.from({ length: 10 }, () => random.integer(256) - 128)
    const fixed = softmax({ kind: 'fixed-point' }, scale, codes)
    const float = softmax({ kind: 'reciprocal' }, scale, codes)
    differing += fixed.filter((q, k) => q !== float[k]).length
  }
  assert.ok(differing <= 12, `${differing}`)
})

test('softmax by tables: near the real one by every rule, and along an axis in the middle', () => {
  const random = new RandomStream(5, 'softmax')
  for (let i = 0; i < 200; i++) {
    const scale = Math.fround(2 ** (random.uniform() * 6 - 7))
    const codes = Array.from({ length: 2 + random.integer(9) }, () => random.integer(256))
    const powers = codes.map((q) => Math.exp((q - Math.max(...codes)) * scale))
    const total = powers.reduce((a, b) => a + b)
    for (const kind of ['reciprocal', 'quotient', 'multiplier'] as const) {
      const found = softmax({ kind }, scale, codes, true)
      // 'multiplier' counts in 254 or 255 units.
      for (const [k, q] of found.entries()) {
        assert.ok(Math.abs(q - (255 * powers[k]) / total) <= (kind === 'multiplier' ? 1.51 : 0.51), `${kind} ${q}`)
      }
    }
  }
  const shape = [2, 3, 2]
  const value = { shape, ...int8, scale: Math.fround(0.1), zeroPoint: 0 }
  const [input, output] = [storedValue({ ...value, name: 'x' }), storedValue({ ...value, ...probability, name: 'y' })]
  const arithmetic = softmaxArithmetic({ kind: 'quotient' }, input.scale, 1 / 256, 3)
  const step = { op: 'softmax', name: 's', inputs: ['x'], output: 'y', axis: 1, arithmetic } as const
  const x = Int8Array.from({ length: 24 }, () => random.integer(256) - 128)
  const out = new Int8Array(24)
  runStep(prepareSoftmax(step, { inputs: [input], output, constants: new Map() }), [x], 2, out)
  for (const start of [0, 1, 6, 7, 12, 13, 18, 19]) {
    const at = [start, start + 2, start + 4]
    const row = softmax(
      { kind: 'quotient' },
      input.scale,
      at.map((i) => x[i]),
    )
    assert.equal(
      at.map((i) => out[i]),
      row,
    )
  }
})

test('ONNX Runtime’s softmax: the table shifted so that a row’s sum stays finite, 1 / scale without its fraction', () => {
  const arithmetic = softmaxArithmetic({ kind: 'multiplier' }, Math.fround(0.1), Math.fround(1 / 256.5), 10)
  if (arithmetic.kind !== 'table') throw new Error(arithmetic.kind)
  assert.equal(arithmetic.output, { kind: 'multiplier', multiplier: 256 })
  const shifted = Math.log(3.4028234663852886e38 / 10) - 5
  assert.ok(Math.abs(Math.log(arithmetic.exponentials[0]) - shifted) < 1e-5)
  assert.ok(Math.abs(arithmetic.exponentials[0] / arithmetic.exponentials[10] - Math.E) < 1e-5)
  // 1 / f32(1/255) is 254.99998, so the multiplier is 254: two equal codes get 127 each.
  assert.equal(softmax({ kind: 'multiplier' }, Math.fround(0.1), [7, 7], true), [127, 127])
})

test('a step looks its codes up, signed and unsigned', () => {
  const value = { shape: [4], scale: 1, zeroPoint: 0 }
  const run = (range: { qmin: number; qmax: number }, table: Int8Array | Uint8Array, x: Int8Array): number[] => {
    const [input, output] = [
      storedValue({ ...value, ...range, name: 'x' }),
      storedValue({ ...value, ...range, name: 'y' }),
    ]
    const common = { op: 'table', name: 't', inputs: ['x'], output: 'y', function: 'Tanh', attributes: {} } as const
    const step = { ...common, rule: 'qdq', constant: 'c' }
    const out = new Int8Array(4)
    runStep(prepareTable(step, { inputs: [input], output, constants: new Map([['c', table]]) }), [x], 1, out)
    return [...out].map((q) => q + output.offset)
  }
  const reversed = Uint8Array.from({ length: 256 }, (_, i) => 255 - i)
  assert.equal(run({ qmin: 0, qmax: 255 }, reversed, Int8Array.of(-128, 127, 0, -1)), [255, 0, 127, 128])
  const negated = Int8Array.from({ length: 256 }, (_, i) => 127 - i)
  assert.equal(run(int8, negated, Int8Array.of(-128, 127, 0, -1)), [127, -128, -1, 0])
})

test.run()
