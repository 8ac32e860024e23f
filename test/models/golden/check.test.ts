import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { checkGolden, type GoldenReport } from '../../../models/golden/check.ts'
import { encodeNpy } from '../../../models/golden/npy.ts'
import { compute, type OperationCall } from '../../../models/golden/operation.ts'
import type { Golden } from '../../../models/golden/read.ts'
import { faultyConvolution, type LayerFault, rightCode } from './faultyLayer.ts'
import { candidateOf, fileOf, goldenOf, residualNetwork, runFaulty, tieProgram } from './network.ts'

const test = suite('golden check')
const { golden } = await goldenOf(tieProgram(residualNetwork(), 'onnx-spec'))

const convolution =
  (fault: LayerFault) =>
  (call: OperationCall): Int32Array =>
    faultyConvolution(call, fault)

const limit = (q: number, low: number, high: number): number => Math.min(Math.max(q, low), high)
const halfAway = (v: number): number => Math.sign(v) * Math.floor(Math.abs(v) + 0.5)

/** [C, H, W] read as if its memory were [H, W, C], by index. */
function channelsLast(x: Int32Array, n: number, [c, h, w]: readonly number[]): Int32Array {
  const out: number[] = []
  for (let i = 0; i < n; i++) {
    for (let y = 0; y < h; y++) {
      for (let k = 0; k < w; k++) for (let m = 0; m < c; m++) out.push(x[((i * c + m) * h + y) * w + k])
    }
  }
  return Int32Array.from(out)
}

const names = (report: GoldenReport): string[] => report.first?.diagnosis.reproducing.map(({ name }) => name) ?? []

test('the network has twelve layers, and the loops of the faulty layer are right without a fault', () => {
  const layers = golden.program.header.steps.filter(({ op }) => op === 'conv' || op === 'gemm')
  assert.is(layers.length, 11)
  assert.is(golden.program.header.steps.length, 17)
  const codes = runFaulty(golden, { 'b.conv2': convolution({ code: rightCode }) })
  const report = checkGolden(golden, candidateOf(golden, codes))
  assert.is(report.verdict, 'equal')
  assert.is(report.first, null)
  assert.ok(report.tensors.every(({ verdict, different }) => verdict === 'equal' && different === 0))
  assert.is(report.tensors.length, 19)
})

// Each fault, the operator that has it, the name of its explanation, and what the sentence says.
const planted: [
  fault: string,
  operator: string,
  run: (call: OperationCall) => Int32Array,
  name: string,
  text: RegExp,
][] = [
  [
    'rounding mode',
    'b.conv2',
    convolution({ code: (v, z, low, high) => limit(halfAway(v) + z, low, high) }),
    'ties away from zero',
    /ties away from zero, where the program has 'f32-half-even'/,
  ],
  [
    'rounding towards plus infinity',
    'b.conv2',
    convolution({ code: (v, z, low, high) => limit(Math.floor(v + 0.5) + z, low, high) }),
    'ties towards plus infinity',
    /ties towards plus infinity/,
  ],
  [
    'no rounding',
    'a.conv2',
    convolution({ code: (v, z, low, high) => limit(Math.floor(v) + z, low, high) }),
    'rounded down (no rounding to nearest)',
    /rounded down/,
  ],
  [
    'zero-point order',
    'b.conv2',
    // The zero point is odd: adding it first makes each tie settle on the other code.
    convolution({ code: (v, z, low, high) => rightCode(v + z, 0, low, high) }),
    'zero point inside the rounding',
    /zero point inside the rounding/,
  ],
  [
    'scale of one channel',
    'd.conv2',
    convolution({ multiplier: (real, channel) => (channel === 3 ? real * 1.07 : real) }),
    'wrong per-channel scale',
    /channel 3 has a scale that is 1\.0\d+ to 1\.07\d* times the right one/,
  ],
  [
    'scale of the neighbour for one channel',
    'd.conv2',
    convolution({ multiplier: (real, channel, all) => (channel === 3 ? all[2] : real) }),
    'wrong per-channel scale',
    /channel 3 is rescaled with the scale of channel 2/,
  ],
  [
    'one flipped weight bit',
    'c.conv2',
    convolution({ weight: (code, index) => (index.join() === '5,2,1,2' ? code ^ 4 : code) }),
    'flipped weight bit',
    /bit 2 of weight \[5, 2, 1, 2\] is flipped/,
  ],
  [
    'the sign bit of a weight',
    'c.conv2',
    convolution({ weight: (code, index) => (index.join() === '5,2,0,1' ? ((code ^ 128) << 24) >> 24 : code) }),
    'flipped weight bit',
    /bit 7 of weight \[5, 2, 0, 1\] is flipped/,
  ],
  [
    'padding with code 0',
    'a.conv2',
    (call) => faultyConvolution(call, { padding: -call.inputs[0].zeroPoint }),
    'padding holds code 0 instead of the zero point',
    /outside the image/,
  ],
  [
    'wrapping codes',
    'b.conv2',
    convolution({ code: (v, z) => rightCode(v, z, -Infinity, Infinity) & 255 }),
    'wraps instead of saturating',
    /upper bits/,
  ],
  [
    'a missing activation',
    'a.conv1',
    convolution({ code: (v, z) => rightCode(v, z, 0, 255) }),
    'fused activation left out',
    /limited to their type only/,
  ],
  [
    'flatten in NHWC order',
    'logits.flatten',
    ({ codes, batch, inputs }) => channelsLast(codes[0], batch, inputs[0].shape),
    'input in NHWC order',
    /channels last/,
  ],
  [
    'an addition with ties away from zero',
    'b.add',
    ({ operation, codes: [a, b], inputs: [p, q], output }) => {
      if (operation.op !== 'add') throw new Error('wanted an addition')
      return a.map((x, i) => {
        const v = ((x - p.zeroPoint) * p.scale + (b[i] - q.zeroPoint) * q.scale) / output.scale
        return limit(halfAway(v) + output.zeroPoint, operation.low, operation.high)
      })
    },
    'ties away from zero',
    /quantised with ties away from zero/,
  ],
]

for (const [fault, operator, run, name, text] of planted) {
  test(`planted: ${fault}`, () => {
    const report = checkGolden(golden, candidateOf(golden, runFaulty(golden, { [operator]: run })))
    assert.is(report.verdict, 'different')
    assert.is(report.first?.operator, operator)
    assert.equal(report.first?.suspects, [operator])
    assert.equal(report.deviating, [operator])
    const found = report.first?.diagnosis.reproducing ?? []
    assert.is(found[0]?.name, name, `got ${names(report).join(', ')}`)
    assert.match(found[0].sentence, text)
    assert.ok(found.every(({ different }) => different === 0))
    assert.is(found[0].operator, operator)
  })
}

test('two faulty operators are both said to deviate, the first is diagnosed', () => {
  const faults = { 'd.conv2': planted[4][2], 'b.conv2': planted[0][2] }
  const report = checkGolden(golden, candidateOf(golden, runFaulty(golden, faults)))
  assert.is(report.first?.operator, 'b.conv2')
  assert.equal(report.deviating, ['b.conv2', 'd.conv2'])
})

test('what nothing explains has no explanation, only the nearest', () => {
  const noise = (call: OperationCall): Int32Array =>
    compute(call).map((q, i) => q + (i % 7 === 0 ? (q < 99 ? 9 : -9) : 0))
  const { first } = checkGolden(golden, candidateOf(golden, runFaulty(golden, { 'a.conv2': noise })))
  assert.is(first?.operator, 'a.conv2')
  assert.equal(first?.diagnosis.reproducing, [])
})

test('with the output alone, the operator is found by the semantics that reproduce it', () => {
  const [, operator, run, name] = planted[11]
  const report = checkGolden(golden, candidateOf(golden, runFaulty(golden, { [operator]: run }), 'output'))
  assert.is(report.tensors.filter(({ verdict }) => verdict === 'not given').length, 17)
  assert.is(report.first?.operator, 'logits')
  assert.is(report.first?.suspects.length, 18)
  assert.equal(report.deviating, [])
  const found = report.first?.diagnosis.reproducing.map((one) => [one.name, one.operator]) ?? []
  assert.ok(
    found.some(([n, o]) => n === name && o === operator),
    JSON.stringify(found),
  )
})

test('with the output alone, semantics of every operator', () => {
  const away = convolution({ code: (v, z, low, high) => limit(Math.floor(v) + z, low, high) })
  const convs = golden.program.header.steps.filter(({ op }) => op === 'conv').map(({ name }) => [name, away])
  const gemm = (call: OperationCall): Int32Array => {
    const { operation, inputs, output, codes, constants, batch } = call
    if (operation.op !== 'gemm' || operation.requantiser.kind !== 'f32-half-even') throw new Error('wanted a gemm')
    const [m, k] = operation.weight.shape
    const { scale } = operation.requantiser
    const weights = constants.get(operation.weight.constant) as Int8Array
    const bias = constants.get(operation.bias?.constant ?? '') as Int32Array
    return Int32Array.from({ length: batch * m }, (_, i) => {
      const [n, c] = [Math.floor(i / m), i % m]
      let sum = bias[c]
      for (let j = 0; j < k; j++) sum += (codes[0][n * k + j] - inputs[0].zeroPoint) * weights[c * k + j]
      const v = Math.fround(Math.fround(sum) * Math.fround(scale[c]))
      return limit(Math.floor(v) + output.zeroPoint, operation.low, operation.high)
    })
  }
  const codes = runFaulty(golden, { ...Object.fromEntries(convs), logits: gemm })
  const report = checkGolden(golden, candidateOf(golden, codes, 'output'))
  const [first] = report.first?.diagnosis.reproducing ?? []
  assert.is(first?.name, 'rounded down (no rounding to nearest)')
  assert.is(first?.operator, null)
})

test('missing intermediates widen the suspects to what lies between given ones', () => {
  const files = candidateOf(golden, runFaulty(golden, { 'b.conv2': planted[0][2] }))
  files.delete(fileOf(golden, 'b.conv2'))
  files.delete(fileOf(golden, 'b.shortcut'))
  const { first } = checkGolden(golden, files)
  assert.is(first?.operator, 'b.add')
  assert.equal(first?.suspects, ['b.conv2', 'b.shortcut', 'b.add'])
  const found = first?.diagnosis.reproducing.map((one) => [one.name, one.operator]) ?? []
  assert.ok(
    found.some(([name]) => name === 'ties away from zero'),
    JSON.stringify(found),
  )
})

/** A candidate with one tensor written otherwise. */
function rewritten(
  from: Golden,
  name: string,
  change: (x: Int32Array, dims: number[]) => { dims: number[]; data: Int32Array },
) {
  const files = candidateOf(from, from.codes)
  const value = from.program.header.values.find((one) => one.name === name)
  const dims = [from.images.shape[0], ...(value?.shape ?? [])]
  const { dims: newDims, data } = change(from.codes.get(name) as Int32Array, dims)
  files.set(fileOf(from, name), encodeNpy({ type: 'int32', dims: newDims, data }))
  return checkGolden(from, files)
}

test('NHWC, named as layout: with its own dimensions, and where the dimensions do not say so', () => {
  for (const dimsOf of [
    ([n, c, h, w]: number[]) => [n, h, w, c],
    (dims: number[]) => dims,
    (dims: number[]) => [dims.reduce((a, b) => a * b)],
  ]) {
    const report = rewritten(golden, 'b.relu1', (x, dims) => ({
      dims: dimsOf(dims),
      data: channelsLast(x, dims[0], dims.slice(1)),
    }))
    assert.is(report.verdict, 'layout')
    assert.is(report.first, null)
    const found = report.tensors.filter(({ verdict }) => verdict !== 'equal')
    assert.equal(
      found.map(({ name, verdict, layout }) => [name, verdict, layout]),
      [['b.relu1', 'layout', 'NHWC instead of NCHW']],
    )
  }
})

test('another shape of the same codes is a layout, another number of codes is not', () => {
  const flat = rewritten(golden, 'b.relu1', (data) => ({ dims: [data.length], data }))
  assert.is(flat.tensors.find(({ name }) => name === 'b.relu1')?.layout, 'shape [1152] instead of [4, 8, 6, 6]')
  assert.is(flat.verdict, 'layout')
  const short = rewritten(golden, 'b.relu1', (data) => ({ dims: [data.length - 1], data: data.subarray(1) }))
  assert.is(short.verdict, 'different')
  assert.is(short.first?.operator, 'b.conv1')
  assert.is(short.tensors.find(({ name }) => name === 'b.relu1')?.verdict, 'shape')
  assert.equal(short.first?.diagnosis.reproducing, [])
})

test('a network whose output is a picture, in NHWC', async () => {
  const graph = buildGraph('picture', (g) => {
    const x = g.relu(g.conv(g.input('image', [null, 2, 5, 4]), { name: 'first', out: 3, kernel: 3, pad: 1 }))
    return g.conv(x, { name: 'last', out: 3, kernel: 1 })
  })
  const { golden: picture } = await goldenOf(tieProgram(graph, 'tfl-int8-q31'))
  const codes = new Map(picture.codes)
  codes.set('last', channelsLast(codes.get('last') as Int32Array, 4, [3, 5, 4]))
  const report = checkGolden(picture, candidateOf(picture, codes, 'output'))
  assert.is(report.verdict, 'layout')
  assert.is(report.tensors.at(-1)?.layout, 'NHWC instead of NCHW')
})

test('where, how far and how often', () => {
  const report = rewritten(golden, 'logits', (x, dims) => {
    const data = x.slice()
    data[1] += 2
    data[6] -= 1
    data[11] -= 1
    return { dims, data }
  })
  const tensor = report.tensors.find(({ name }) => name === 'logits')
  assert.is(tensor?.different, 3)
  assert.is(tensor?.maxDistance, 2)
  assert.equal(tensor?.histogram, [
    [-1, 2],
    [2, 1],
  ])
  assert.equal(tensor?.channels, { count: 1, of: 5, indices: [1] })
  const expected = (golden.codes.get('logits') as Int32Array)[1]
  assert.equal(tensor?.first, { index: [0, 1], expected, actual: expected + 2 })
  // The codes of the output and the output itself disagree: only the former are wrong.
  assert.is(report.tensors.at(-1)?.verdict, 'equal')
})

test('signed codes for unsigned ones are a layout', () => {
  const files = candidateOf(golden, golden.codes)
  const data = Int8Array.from(golden.codes.get('pool') as Int32Array, (q) => q - 128)
  files.set(fileOf(golden, 'pool'), encodeNpy({ type: 'int8', dims: [4, 8, 3, 3], data }))
  const tensor = checkGolden(golden, files).tensors.find(({ name }) => name === 'pool')
  assert.is(tensor?.verdict, 'layout')
  assert.is(tensor?.layout, 'int8 codes, shifted by 128')
})

test.run()
