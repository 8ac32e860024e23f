import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NumericError, UnsupportedError } from '../../../engine/base/errors.ts'
import { tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { backends, findBackend } from '../../../quant/backends/index.ts'
import { addBound } from '../../../quant/integer/addBound.ts'
import { checkBounds } from '../../../quant/integer/bounds.ts'
import { lower } from '../../../quant/integer/compile.ts'
import { codeBounds } from '../../../quant/integer/lower/context.ts'
import { limitExponents } from '../../../quant/integer/lower/exponents.ts'
import { composeClamps, fuseActivations } from '../../../quant/integer/lower/fuse.ts'
import { layerRequantiser } from '../../../quant/integer/lower/multiplier.ts'
import { exponentOf } from '../../../quant/integer/lower/power.ts'
import { groupRanges, sharingGroups } from '../../../quant/integer/lower/sharing.ts'
import { layerParameters } from '../../../quant/integer/lower/weights.ts'
import type { ConvStep, GemmStep } from '../../../quant/integer/program.ts'
import { IntegerSession } from '../../../quant/integer/session.ts'
import { messageOf } from '../../support/messageOf.ts'
import { handProgram } from './hand.ts'
import { rangeOfScale } from './models.ts'

const test = suite('lower')

test('the hand-computed layer, constant by constant', () => {
  const wanted = {
    'tfl-int8-q31': { kind: 'q31-single', multiplier: [2 ** 30], shift: [-4] },
    'dsp-asym-tensor': { kind: 'f64-half-away', scale: [1 / 32] },
    'onnx-spec': { kind: 'f32-half-even', scale: [1 / 32] },
    'pow2-tensor-npu': { kind: 'shift-half-up', shift: [5] },
  } as const
  for (const [name, requantiser] of Object.entries(wanted)) {
    const backend = findBackend(name)
    const { header, constants } = handProgram(backend)
    const isPow2 = name === 'pow2-tensor-npu'
    const middle = backend.activations.signed ? 0 : 128
    const [step] = header.steps as ConvStep[]
    assert.is(header.steps.length, 1)
    assert.is(step.output, 'r')
    assert.equal(step.requantiser, requantiser)
    // Relu: the zero point and above.
    const zero = isPow2 ? 0 : middle - 5
    assert.equal([step.low, step.high], [zero, middle + 127], name)
    assert.equal(step.weight, { constant: 'c.weight', shape: [1, 1, 1, 1], bits: 8, scale: [1 / 64] })
    assert.equal([...(constants.get('c.weight') as Int8Array)], [127])
    if (isPow2) {
      // 1 at 8 bits: exponent -6, 64 of them; the accumulator counts in 2^-7.
      assert.equal(step.bias, { constant: 'c.bias', bits: 8, shift: 1, scale: [2 ** -6] })
      assert.equal([...(constants.get('c.bias') as Int32Array)], [64])
    } else {
      assert.equal(step.bias, { constant: 'c.bias', bits: 32, shift: 0, scale: [1 / 128] })
      assert.equal([...(constants.get('c.bias') as Int32Array)], [128])
    }
    assert.equal(JSON.parse(JSON.stringify(header)), header)
  }
})

test('bias codes are rounded as the back end says', () => {
  // 128.5 and -128.5 steps of 1/128; in the power-of-two case 64.25 steps of 2^-6.
  const codes = (name: string, bias: number): number =>
    (handProgram(findBackend(name), 8, bias).constants.get('c.bias') as Int32Array)[0]
  const wanted = { 'tfl-int8-q31': 129, 'dsp-asym-tensor': 129, 'onnx-spec': 128, 'pow2-tensor-npu': 64 }
  for (const [name, code] of Object.entries(wanted)) {
    assert.is(codes(name, 128.5 / 128), code, name)
    assert.is(codes(name, -128.5 / 128), -code, name)
  }
})

test('4-bit weights are packed', () => {
  const { header, constants } = handProgram(findBackend('tfl-int8-q31'), 4)
  assert.is((header.steps[0] as ConvStep).weight.bits, 4)
  assert.equal(constants.get('c.weight'), Uint8Array.of(7))
})

test('activations fuse along single uses, and compose', () => {
  const graph = buildGraph('fuse', (g) => {
    const x = g.input('x', [null, 2, 4, 4])
    const a = g.clip(g.relu(g.conv(x, { out: 2, kernel: 1 })), { min: -1, max: 6 })
    const b = g.conv(a, { out: 2, kernel: 1 })
    // b has two uses, and pools take nothing in.
    return { sum: g.relu(g.add(g.relu(b), b)), pooled: g.relu(g.avgPool(a, { kernel: 2 })) }
  })
  const fused = fuseActivations(graph).map(({ node, clamp }) => [node.op, clamp.lo, clamp.hi])
  const free = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  assert.equal(fused, [
    ['Conv', 0, 6],
    ['Conv', ...free],
    ['Relu', ...free],
    ['Add', 0, Number.POSITIVE_INFINITY],
    ['AveragePool', ...free],
    ['Relu', ...free],
  ])
  // What the caller gets is not taken in.
  const both = buildGraph('both', (g) => {
    const y = g.conv(g.input('x', [null, 2, 4, 4]), { out: 2, kernel: 1 })
    return { y, z: g.relu(y) }
  })
  assert.equal(
    fuseActivations(both).map(({ node }) => node.op),
    ['Conv', 'Relu'],
  )
  assert.equal(composeClamps({ lo: 0, hi: 1 }, { lo: 2, hi: 3 }), { lo: 2, hi: 2 })
  assert.equal(composeClamps({ lo: -1, hi: 9 }, { lo: 0, hi: 6 }), { lo: 0, hi: 6 })
})

test('clamp bounds: the published ReLU6 at 60.5 steps, by the back end’s rounding', () => {
  const value = {
    name: 'v',
    shape: [1],
    scale: Math.fround(0.09917355328798294),
    zeroPoint: -128,
    qmin: -128,
    qmax: 127,
  }
  const six = { lo: 0, hi: 6 }
  assert.equal(codeBounds(six, value, findBackend('tfl-int8-q31')), { low: -128, high: -67 })
  assert.equal(codeBounds(six, value, findBackend('onnx-spec')), { low: -128, high: -68 })
  // XNNPACK adds the zero point first: -67.5 goes to even either way here, 60.5 steps above -127 would not.
  assert.equal(codeBounds(six, value, findBackend('xnnpack-x86')), { low: -128, high: -68 })
  const odd = { ...value, zeroPoint: -127 }
  assert.equal(codeBounds(six, odd, findBackend('onnx-spec')).high, -67)
  assert.equal(codeBounds(six, odd, findBackend('xnnpack-x86')).high, -66)
  const open = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY }
  for (const backend of backends.values()) assert.equal(codeBounds(open, value, backend), { low: -128, high: 127 })
  assert.equal(codeBounds({ lo: 1000, hi: 2000 }, value, findBackend('onnx-spec')), { low: 127, high: 127 })
})

test('tensors that share a quantiser get their joint range', () => {
  const graph = buildGraph('share', (g) => {
    const x = g.input('x', [null, 2, 4, 4])
    const y = g.conv(x, { out: 2, kernel: 1, name: 'y' })
    return g.avgPool(g.maxPool(g.concat([x, y], { name: 'c' }), { kernel: 2, name: 'm' }), { kernel: 2, name: 'a' })
  })
  const nodes = fuseActivations(graph)
  const names = ['x', ...nodes.map(({ output }) => output)]
  const groups = sharingGroups(names, nodes, findBackend('onnx-spec'))
  assert.is(new Set(names.slice(0, 4).map((name) => groups.get(name))).size, 1)
  assert.is.not(groups.get(names[4]), groups.get('x'))
  // TFLite's average pool keeps its input's parameters.
  const tfl = sharingGroups(names, nodes, findBackend('tfl-int8-q31'))
  assert.is(new Set(tfl.values()).size, 1)
  const observed = new Map([
    ['x', { lo: -1, hi: 2 }],
    [names[1], { lo: 0, hi: 4 }],
  ])
  assert.equal([...groupRanges(tfl, observed).values()], [{ lo: -1, hi: 4 }])
})

test('multipliers: f32 and f64 products differ as published', () => {
  // Fully connected and convolution form the multiplier of the same scales differently in TFLite (trap 4 in its shape).
  const [a, w, y] = [0.0235, 0.0471, 0.0113].map(Math.fround)
  const f64 = layerRequantiser({ requantiser: 'q31-single', product: 'f64' }, a, [w], y)
  const f32 = layerRequantiser({ requantiser: 'q31-single', product: 'f32' }, a, [w], y)
  assert.equal(f64, { kind: 'q31-single', multiplier: [1682790883], shift: [-3] })
  assert.equal(f32, { kind: 'q31-single', multiplier: [1682790912], shift: [-3] })
  assert.equal(layerRequantiser({ requantiser: 'f32-half-even', product: 'f32' }, 0.5, [0.25, 0.5], 1), {
    kind: 'f32-half-even',
    scale: [0.125, 0.25],
  })
})

test('exponents: shifts end in 0 ... 16', () => {
  const graph = buildGraph('exponents', (g) => {
    const x = g.input('x', [null, 1, 2, 2])
    const y = g.conv(x, { out: 1, kernel: 1, name: 'c1' })
    return g.conv(y, { out: 1, kernel: 1, name: 'c2' })
  })
  const nodes = fuseActivations(graph)
  const [x, y, z] = ['x', ...nodes.map(({ output }) => output)]
  const groupOf = new Map([x, y, z].map((name) => [name, name]))
  const exponents = {
    groups: new Map([
      [x, -6],
      [y, -14],
      [z, 3],
    ]),
    weights: new Map([
      ['c1', -7],
      ['c2', -1],
    ]),
  }
  limitExponents(nodes, groupOf, exponents, { minimum: -20, maximumShift: 16 })
  // c1: -14 < -6 - 7, so y becomes -13, shift 0. c2: 3 - (-13 - 1) = 17 > 16, so its weights become 0: shift 16.
  assert.equal([...exponents.groups.values()], [-6, -13, 3])
  assert.equal([...exponents.weights.values()], [-7, 0])
  // z shares x's quantiser: c2 asks for z >= -11 + 6 = -5, so x is -5 too, and c1 then for y >= -5 - 5 = -10, c2 for z >= -4 ...
  const shared = new Map([
    [x, 'a'],
    [y, 'b'],
    [z, 'a'],
  ])
  const rising = {
    groups: new Map([
      ['a', -6],
      ['b', -11],
    ]),
    weights: new Map([
      ['c1', -5],
      ['c2', 6],
    ]),
  }
  assert.match(
    messageOf(NumericError, () => limitExponents(nodes, shared, rising, { minimum: -20, maximumShift: 16 })),
    /do not settle/,
  )
  // With c2 at 5, z and x become -6 and y may stay.
  const settling = {
    groups: new Map([
      ['a', -8],
      ['b', -11],
    ]),
    weights: new Map([
      ['c1', -5],
      ['c2', 5],
    ]),
  }
  limitExponents(nodes, shared, settling, { minimum: -20, maximumShift: 16 })
  assert.equal([...settling.groups.values()], [-6, -11])
  // v shares x's quantiser and comes after y: only a second round can raise y.
  const two = buildGraph('two', (g) => {
    const first = g.conv(g.input('x', [null, 1, 2, 2]), { out: 1, kernel: 1, name: 'c1' })
    return [first, g.conv(g.input('u', [null, 1, 2, 2]), { out: 1, kernel: 1, name: 'c2' })]
  })
  const late = {
    groups: new Map([
      ['a', -8],
      ['b', -13],
      ['u', -2],
    ]),
    weights: new Map([
      ['c1', -5],
      ['c2', -4],
    ]),
  }
  const [first, second] = fuseActivations(two)
  const groupsOfTwo = new Map([
    ['x', 'a'],
    [first.output, 'b'],
    ['u', 'u'],
    [second.output, 'a'],
  ])
  limitExponents([first, second], groupsOfTwo, late, { minimum: -20, maximumShift: 16 })
  assert.equal([...late.groups.values()], [-6, -11, -2])
  assert.is(exponentOf(0.125), -3)
  assert.is(exponentOf(2 ** 90), 90)
  assert.match(
    messageOf(NumericError, () => exponentOf(0.3)),
    /0.3 is not a power of two/,
  )
  assert.match(
    messageOf(NumericError, () => exponentOf(0)),
    /not a power of two/,
  )
})

test('a Gemm without transB is read as its transpose', () => {
  const node = { name: 'n', op: 'Gemm', inputs: ['x', 'w'], outputs: ['y'], attributes: {} } as const
  const w = tensor([1, 2, 3, 4, 5, 6], [2, 3])
  const { weight, shape, bias } = layerParameters(node, new Map([['w', w]]))
  assert.equal([[...weight], shape, bias], [[1, 4, 2, 5, 3, 6], [3, 2], null])
  assert.is(layerParameters({ ...node, attributes: { transB: 1 } }, new Map([['w', w]])).weight, w.data)
})

test('additions: bounds of their integers, and shifts beyond the limit', () => {
  const value = (zeroPoint: number) => ({ name: 'v', shape: [1], scale: 1, zeroPoint, qmin: -128, qmax: 127 })
  assert.is(addBound({ kind: 'shift', leftShifts: [3, 0], rightShift: 1 }, value(0), value(0)), 128 * 9)
  // 2^20 * 255 for one input at the end of its range; no left shift behind it.
  const q31 = {
    kind: 'q31',
    leftShift: 20,
    multipliers: [2 ** 30, 2 ** 30],
    shifts: [0, 0],
    outputMultiplier: 0,
  } as const
  assert.is(addBound({ ...q31, outputShift: -19 }, value(-128), value(0)), 255 * 2 ** 20)
  assert.ok(addBound({ ...q31, outputShift: 5 }, value(-128), value(0)) > 2 ** 31)
  const graph = buildGraph('add', (g) => g.add(g.input('x', [null, 1]), g.input('y', [null, 1]), { name: 'a' }))
  const [add] = fuseActivations(graph)
  const groups = new Map(['x', 'y', add.output].map((name) => [name, name]))
  const exponents = {
    groups: new Map([
      ['x', -12],
      ['y', 0],
      [add.output, 5],
    ]),
    weights: new Map<string, number>(),
  }
  assert.match(
    messageOf(NumericError, () => limitExponents([add], groups, exponents, { minimum: -12, maximumShift: 16 })),
    /node 'a' \(Add\) needs a right shift of 17, the limit is 16/,
  )
})

test('bounds: what could overflow is refused with step, channel, bound and limit', () => {
  const shift = { kind: 'shift-half-up', shift: [3] } as const
  checkBounds('ok', [2147483647], shift)
  assert.is(
    messageOf(NumericError, () => checkBounds('conv9', [5, 2147483648], shift)),
    "lowering: step 'conv9', channel 1: the accumulator may reach 2147483648, the limit is 2147483647; fewer inputs, smaller weights or a coarser output scale would fit",
  )
  const doubling = { multiplier: [2 ** 30], shift: [2] }
  checkBounds('ok', [2 ** 29 - 1], { kind: 'q31-double', ...doubling })
  assert.match(
    messageOf(NumericError, () =>
      checkBounds('d', [2 ** 29], { kind: 'q31-double', multiplier: [2 ** 30], shift: [2] }),
    ),
    /left-shifted sum may reach 2147483648/,
  )
  assert.match(
    messageOf(NumericError, () => checkBounds('s', [2 ** 30 + 1], { kind: 'q31-single', ...doubling })),
    /rescaled sum/,
  )
})

test('a dead channel with a bias keeps it: its weight scale makes room', () => {
  const graph = buildGraph('dead', (g) => g.linear(g.input('x', [null, 2]), { out: 2, name: 'fc' }))
  const parameters = initialise(graph, 0)
  parameters.get('fc.weight')?.data.set([1e-12, 0, 1, 0.5])
  parameters.get('fc.bias')?.data.set([0.75, 0])
  const backend = findBackend('tfl-int8-q31')
  const scheme = backend.activations
  const ranges = new Map([
    ['x', rangeOfScale(scheme, 0.0625, 0)],
    ['fc', rangeOfScale(scheme, 0.25, 0)],
  ])
  const program = lower(graph, parameters, backend, { ranges })
  const [step] = program.header.steps as GemmStep[]
  // 0.75 / (1/16 * 2^30) is the least scale of channel 0; then 2^30 bias codes are 0.75, and 3 output codes.
  assert.is(step.weight.scale[0], Math.fround(0.75 / (0.0625 * 2 ** 30)))
  const { data } = new IntegerSession(program).run(tensor([0, 0], [1, 2]))
  assert.equal([...data], [0.75, 0])
})

test('weights that a program would keep wrong are refused: a zero point for each channel, unsigned codes', () => {
  const graph = buildGraph('g', (g) => ({
    y: g.conv(g.input('x', [null, 1, 4, 4]), { out: 2, kernel: 1, bias: false }),
  }))
  const parameters = initialise(graph, 1)
  parameters.get(graph.parameters[0].name)?.data.set([1, -0.25])
  const ranges = new Map([
    ['x', { lo: -1, hi: 1 }],
    [graph.outputs[0], { lo: -1, hi: 1 }],
  ])
  const onnx = findBackend('onnx-spec')
  const refused = (weights: Partial<typeof onnx.weights>): string =>
    messageOf(UnsupportedError, () =>
      lower(graph, parameters, { ...onnx, weights: { ...onnx.weights, ...weights } }, { ranges }),
    )
  assert.match(refused({ symmetric: false }), /weight zero points -?\d+ and -?\d+; programs have one a layer/)
  assert.match(refused({ symmetric: false, signed: false }), /weight codes 0 ... 255; programs have signed ones/)
})

test.run()
