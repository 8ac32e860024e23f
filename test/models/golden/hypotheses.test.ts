import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { sizeOf } from '../../../engine/base/shape.ts'
import { fromChannelsLast, toChannelsLast } from '../../../models/golden/channelsLast.ts'
import { elementHypotheses } from '../../../models/golden/hypotheses/elements.ts'
import { ownRescale, rescaleSums, rescalingHypotheses } from '../../../models/golden/hypotheses/rescaling.ts'
import { describeTie, roundedCode, tieRules, ties } from '../../../models/golden/hypotheses/roundings.ts'
import { type LayerCall, layerSums } from '../../../models/golden/layerSums.ts'
import { compute, type OperationCall } from '../../../models/golden/operation.ts'
import type { AddStep } from '../../../quant/integer/program.ts'
import type { Requantiser } from '../../../quant/integer/requantise/requantiser.ts'
import { convolution, convolutions, fullyConnected, gemms, randomCodes } from '../../quant/integer/layers.ts'

const test = suite('golden hypotheses')

/** Sums of the layers in ../../quant/integer/layers.ts are of the order of 10^5: multipliers that give codes, and ties. */
const requantisers: readonly Requantiser[] = [
  { kind: 'q31-single', multiplier: [2 ** 30], shift: [-9] },
  { kind: 'q31-double', multiplier: [1717986918], shift: [-9] },
  { kind: 'q31-vector', multiplier: [2 ** 30], shift: [-9] },
  { kind: 'rndnu', multiplier: [2 ** 23], shift: [33] },
  { kind: 'shift-half-up', shift: [10] },
  { kind: 'f64-half-away', scale: [3 * 2 ** -11] },
  { kind: 'f64-half-even-zero-inside', scale: [2 ** -10] },
  { kind: 'f32-half-even', scale: [2 ** -10] },
]

function callsOf(requantiser: Requantiser): LayerCall[] {
  const random = new RandomStream(1, requantiser.kind)
  const layers = [
    ...convolutions.map((shape) => convolution(shape, random, requantiser)),
    ...gemms.slice(0, 4).map(([, taps, channels]) => fullyConnected(taps, channels, random, requantiser)),
  ]
  return layers.map(({ step, input, output, constants }) => {
    const codes = [Int32Array.from(randomCodes(random, 2 * sizeOf(input.shape)))]
    return { operation: step, inputs: [input], output, codes, images: new Float32Array(), batch: 2, constants }
  })
}

for (const requantiser of requantisers) {
  test(`a layer without a fault, ${requantiser.kind}: the loops here agree with the kernels`, () => {
    for (const call of callsOf(requantiser)) {
      assert.equal(rescaleSums(call, layerSums(call), ownRescale(call)), compute(call))
    }
  })
}

test('sums whose pairs saturate agree with the kernel', () => {
  const [conv] = callsOf(requantisers[7]).slice(3, 4)
  const [input] = conv.inputs
  const unsigned = { ...input, zeroPoint: 131, qmin: 0, qmax: 255 }
  const call: LayerCall = {
    ...conv,
    operation: { ...conv.operation, pairSaturation: 'u8s8-int16' },
    inputs: [unsigned],
    codes: [conv.codes[0].map((q) => q + 128)],
  }
  const wanted = compute(call)
  assert.equal(rescaleSums(call, layerSums(call), ownRescale(call)), wanted)
  assert.not.equal(wanted, compute({ ...call, operation: { ...call.operation, pairSaturation: undefined } }))
})

test('roundings: every tie rule, by hand', () => {
  const rounded = Object.fromEntries(ties.map((tie) => [tie, [-2.5, -1.5, 0.5, 2.5, 2.4, -2.6].map(tieRules[tie])]))
  assert.equal(rounded, {
    'half-even': [-2, -2, 0, 2, 2, -3],
    'half-away': [-3, -2, 1, 3, 2, -3],
    'half-up': [-2, -1, 1, 3, 2, -3],
    'half-down': [-3, -2, 0, 2, 2, -3],
    floor: [-3, -2, 0, 2, 2, -3],
    truncate: [-2, -1, 0, 2, 2, -2],
  })
  assert.is(roundedCode(0.5, 1, 'half-even', 'outside', true), 1)
  assert.is(roundedCode(0.5, 1, 'half-even', 'inside', true), 2)
  assert.is(new Set(ties.map(describeTie)).size, ties.length)
})

test('hypotheses about a Q31 layer: single and double rounding part at 511 / 1024', () => {
  // One product: 1 * 511 with multiplier 2^-10.
  const call: LayerCall = {
    operation: {
      op: 'gemm',
      name: 'g',
      inputs: ['x'],
      output: 'y',
      weight: { constant: 'w', shape: [1, 1], bits: 8, scale: [1] },
      bias: { constant: 'b', bits: 32, shift: 0, scale: [1] },
      requantiser: requantisers[0],
      low: -128,
      high: 127,
    },
    inputs: [{ name: 'x', shape: [1], scale: 1, zeroPoint: 0, qmin: -128, qmax: 127 }],
    output: { name: 'y', shape: [1], scale: 1024, zeroPoint: 0, qmin: -128, qmax: 127 },
    codes: [Int32Array.of(100, 101)],
    images: new Float32Array(),
    batch: 2,
    constants: new Map<string, Int8Array | Int32Array>([
      ['w', Int8Array.of(1)],
      ['b', Int32Array.of(411)],
    ]),
  }
  const results = new Map(rescalingHypotheses('q31-single').map((one) => [one.name, one.run(call)]))
  assert.equal(compute(call), Int32Array.of(0, 1))
  const double = [...results.keys()].find((name) => /^double rounding .*away from zero\)$/.test(name))
  assert.equal(results.get(double ?? ''), Int32Array.of(1, 1))
  assert.equal(results.get('ties to even'), Int32Array.of(0, 0))
  assert.equal(results.get('rounded down (no rounding to nearest)'), Int32Array.of(0, 0))
  assert.is(results.get('multiplier s_in * s_w / s_out formed in f64'), null, 'the same multiplier however formed')
})

test('hypotheses about additions: by hand', () => {
  const value = { shape: [2], qmin: -128, qmax: 127, scale: 0.5, zeroPoint: 0 }
  const call: OperationCall<AddStep> = {
    operation: {
      op: 'add',
      name: 'a',
      inputs: ['x', 'x'],
      output: 'y',
      arithmetic: { kind: 'qdq', scales: [0.5, 0.5], outputScale: 1 },
      low: -128,
      high: 127,
    },
    inputs: [
      { ...value, name: 'x' },
      { ...value, name: 'x' },
    ],
    output: { ...value, name: 'y', scale: 1, zeroPoint: 3 },
    codes: [Int32Array.of(1, -5), Int32Array.of(4, 0)],
    images: new Float32Array(),
    batch: 1,
    constants: new Map(),
  }
  // 2.5 and -2.5.
  assert.equal(compute(call), Int32Array.of(5, 1))
  const results = new Map(elementHypotheses('qdq').map((one) => [one.name, one.run(call)]))
  assert.equal(results.get('ties away from zero'), Int32Array.of(6, 0))
  assert.equal(results.get('zero point inside the rounding'), Int32Array.of(6, 0))
  assert.equal(results.get('ties towards plus infinity'), Int32Array.of(6, 1))
  assert.equal(results.get('truncated towards zero'), Int32Array.of(5, 1))
})

test('channels last and back', () => {
  const x = Int32Array.from({ length: 24 }, (_, i) => i)
  const last = toChannelsLast(x, [2, 3, 2, 2])
  assert.equal([...last.subarray(0, 12)], [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
  assert.equal(fromChannelsLast(last, [2, 3, 2, 2]), x)
})

test.run()
