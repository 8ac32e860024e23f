import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UnsupportedError } from '../../../../engine/base/errors.ts'
import { RandomStream } from '../../../../engine/base/random.ts'
import { noGrad } from '../../../../engine/core/tape.ts'
import { tensor } from '../../../../engine/core/tensor.ts'
import { buildGraph } from '../../../../engine/graph/builder.ts'
import type { Graph } from '../../../../engine/graph/graph.ts'
import { initialise } from '../../../../engine/graph/initialise.ts'
import { runGraph } from '../../../../engine/graph/interpreter.ts'
import { decodeModel } from '../../../../models/onnx/codec/decode.ts'
import { encodeModel } from '../../../../models/onnx/codec/encode.ts'
import { type ExportProgramOptions, exportQdq, exportQLinear } from '../../../../models/onnx/export/exportProgram.ts'
import { importModel } from '../../../../models/onnx/import/importModel.ts'
import type { OnnxModel } from '../../../../models/onnx/model.ts'
import { findBackend } from '../../../../quant/backends/index.ts'
import { compile } from '../../../../quant/integer/compile.ts'
import type { IntegerProgram } from '../../../../quant/integer/program.ts'
import { type CodeTensor, IntegerSession } from '../../../../quant/integer/session.ts'
import { operators } from '../../../../quant/operators/table.ts'
import { handProgram } from '../../../quant/integer/hand.ts'
import { images, randomParameters, smallNetwork } from '../../../quant/integer/models.ts'
import { messageOf } from '../../../support/messageOf.ts'

const test = suite('export of programs to ONNX')
const onnx = findBackend('onnx-spec')

const opsOf = ({ graph }: OnnxModel): string[] => graph.nodes.map(({ op }) => op)

/** The elements of a constant. */
function constant({ graph }: OnnxModel, name: string): number[] {
  const found = graph.initialisers.get(name)
  assert.ok(found, `there is no constant ${name}; there are ${[...graph.initialisers.keys()].join(', ')}`)
  return Array.from<number | bigint>(found?.data ?? []).map(Number)
}

/** The codes of every value, as our session and as the exported file compute them, the latter through import and operators. */
function bothWays(program: IntegerProgram, form: typeof exportQdq, options: ExportProgramOptions = {}) {
  const batch = images(new RandomStream(9, 'both ways'), 3, program.header.values[0].shape)
  const trace = new Map<string, CodeTensor>()
  new IntegerSession(program).run(batch, { trace })
  const model = decodeModel(encodeModel(form(program, { ...options, codes: true })))
  const { graph, parameters } = importModel(model)
  const outputs = noGrad(() => runGraph(graph, parameters, { [program.header.input.value]: batch }, { operators }))
  return { trace, outputs }
}

/** Asserts that every value has the same codes both ways; `shape` too. */
function assertSameCodes({ trace, outputs }: ReturnType<typeof bothWays>): void {
  for (const [name, { data, shape }] of trace) {
    const found = outputs[`${name}.codes`]
    assert.equal(found.shape, shape, name)
    assert.equal(Int32Array.from(found.data), data, name)
  }
}

function compiled(graph: Graph, backend = onnx, weightBits = 8): IntegerProgram {
  const calibration = [images(new RandomStream(4, 'calibration'), 8, graph.inputs[0].shape.slice(1) as number[])]
  return compile(graph, randomParameters(graph, 5), backend, { calibration, weightBits })
}

test('one layer as QDQ: nodes, names and constants by hand', () => {
  const model = exportQdq(handProgram(onnx))
  assert.equal(
    model.graph.nodes.map(({ op, inputs, outputs }) => [op, inputs[0], ...outputs]),
    [
      ['QuantizeLinear', 'image', 'image.codes'],
      ['DequantizeLinear', 'image.codes', 'image.dequantised'],
      ['DequantizeLinear', 'c.weight.codes', 'c.weight'],
      ['DequantizeLinear', 'c.bias.codes', 'c.bias'],
      ['Conv', 'image.dequantised', 'r.unrounded'],
      ['QuantizeLinear', 'r.unrounded', 'r.unclamped.codes'],
      ['DequantizeLinear', 'r.unclamped.codes', 'r.unclamped'],
      ['Clip', 'r.unclamped', 'r.clipped'],
      ['QuantizeLinear', 'r.clipped', 'r.codes'],
      ['DequantizeLinear', 'r.codes', 'r'],
    ],
  )
  // Scales 1/2 in, 1/64 for the weight, 1/4 out; the bias 1 is 128 steps of 1/128; zero points 128 + 3 and 128 - 5.
  assert.equal(constant(model, 'image.scale'), [0.5])
  assert.equal(constant(model, 'image.zero_point'), [131])
  assert.equal(constant(model, 'c.weight.codes'), [127])
  assert.equal(constant(model, 'c.weight.scale'), [1 / 64])
  assert.equal(constant(model, 'c.weight.zero_point'), [0])
  assert.equal(constant(model, 'c.bias.codes'), [128])
  assert.equal(constant(model, 'c.bias.scale'), [1 / 128])
  assert.equal(constant(model, 'r.zero_point'), [123])
  // The ReLU is a bound within the codes, 123 ... 255: in real numbers 0 ... 132 / 4.
  assert.equal([...constant(model, 'r.min'), ...constant(model, 'r.max')], [0, 33])
  assert.equal(model.graph.inputs, [{ name: 'image', type: 'float32', dims: ['N', 1, 1, 1] }])
  assert.equal(model.graph.outputs, [{ name: 'r', type: 'float32', dims: ['N', 1, 1, 1] }])
})

test('metadata: what the form does not carry', () => {
  const { metadata } = exportQdq(handProgram(findBackend('tfl-int8-q31')))
  assert.is(metadata.get('quant-trim.backend'), 'tfl-int8-q31')
  assert.is(metadata.get('quant-trim.input-rounding'), 'half-away')
  // real = 1/2 * 1/64 / (1/4) = 2^-5: multiplier 2^30, exponent -4.
  assert.equal(JSON.parse(metadata.get('quant-trim.arithmetic') ?? ''), {
    c: { kind: 'q31-single', multiplier: [2 ** 30], shift: [-4] },
  })
})

test('4-bit weights: int4 from opset 21 on, or int8 where asked', () => {
  const program = handProgram(onnx, 4)
  const packed = exportQdq(program)
  assert.is(packed.opsets.get(''), 21)
  assert.is(packed.graph.initialisers.get('c.weight.codes')?.type, 'int4')
  assert.is(packed.graph.initialisers.get('c.weight.zero_point')?.type, 'int4')
  assert.equal(constant(packed, 'c.weight.codes'), [7])
  const wide = exportQdq(program, { int4: false })
  assert.is(wide.opsets.get(''), 18)
  assert.is(wide.graph.initialisers.get('c.weight.codes')?.type, 'int8')
  assert.is(exportQLinear(program).graph.initialisers.get('c.weight.codes')?.type, 'int8')
})

test('QLinear: the file computes the codes of our session, layer by layer', () => {
  for (const bits of [8, 4]) assertSameCodes(bothWays(compiled(smallNetwork(), onnx, bits), exportQLinear))
})

test('QLinear over more dimensions, and without bias', () => {
  const graph = buildGraph('rows', (g) => {
    const x = g.input('x', [null, 3, 5])
    const product = g.node('MatMul', [x, g.parameter('m.weight', [5, 4], { kind: 'uniform', bound: 1 })], {}, 'm')
    return g.linear(g.reshape(product, { shape: [0, 12] }), { out: 2, bias: false })
  })
  const program = compiled(graph, findBackend('ort-x86'))
  assertSameCodes(bothWays(program, exportQLinear))
  const qdq = exportQdq(program)
  assert.equal(
    opsOf(qdq).filter((op) => op !== 'QuantizeLinear' && op !== 'DequantizeLinear'),
    ['MatMul', 'Reshape', 'MatMul'],
  )
  // [K, M]: the transpose of what the program holds.
  const weight = program.constants.get('m.weight') as Int8Array
  const codes = constant(qdq, 'm.weight.codes')
  for (let k = 0; k < 5; k++) for (let m = 0; m < 4; m++) assert.is(codes[k * 4 + m], weight[m * 5 + k])
})

test('QDQ: operators without sums compute the codes of our session', () => {
  const graph = buildGraph('moves', (g) => {
    const x = g.input('x', [null, 2, 6, 4])
    const y = g.maxPool(x, { kernel: 3, stride: 2, pad: 1 })
    const z = g.relu(g.add(y, g.clip(y, { min: -0.25, max: 0.5 })))
    return g.flatten(g.concat([z, y]))
  })
  assertSameCodes(bothWays(compiled(graph), exportQdq))
})

test('windows beyond the padding keep their output extents', () => {
  const graph = buildGraph('ceil', (g) => {
    const x = g.input('x', [null, 1, 6, 6])
    const attributes = { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }
    return g.node('MaxPool', [g.node('AveragePool', [x], { kernel_shape: [1, 1] }, 'a')], attributes, 'm')
  })
  const program = compiled(graph)
  const model = exportQdq(program)
  assert.equal(program.header.values.at(-1)?.shape, [1, 3, 3])
  assert.equal(model.graph.nodes.find(({ op }) => op === 'MaxPool')?.attributes.get('ceil_mode'), {
    kind: 'int',
    value: 1,
  })
  assertSameCodes(bothWays(program, exportQdq))
})

test('signed activations, power-of-two scales: bias codes are shifted into the accumulator’s scale', () => {
  const program = handProgram(findBackend('pow2-tensor-npu'))
  const model = exportQdq(program)
  assert.is(model.graph.initialisers.get('image.zero_point')?.type, 'int8')
  const [bias] = constant(model, 'c.bias.codes')
  const [scale] = constant(model, 'c.bias.scale')
  assert.ok(Math.abs(bias * scale - 1) <= scale * 2 ** 8, `${bias} * ${scale} is not about 1`)
  assert.is(scale, constant(model, 'image.scale')[0] * constant(model, 'c.weight.scale')[0])
})

test('codes that are no ONNX type are refused', () => {
  const program = handProgram(onnx)
  const values = program.header.values.map((value) => ({ ...value, qmax: 200 }))
  assert.match(
    messageOf(UnsupportedError, () => exportQdq({ ...program, header: { ...program.header, values } })),
    /value 'image' has codes 0 \.\.\. 200; wanted the range of uint8/,
  )
})

test('codes of every value can be outputs, in the order of the steps', () => {
  const names = exportQdq(handProgram(onnx), { codes: true }).graph.outputs.map(({ name }) => name)
  assert.equal(names, ['r', 'image.codes', 'r.codes'])
})

test('an activation function is written as itself, a softmax along its axis', () => {
  const graph = buildGraph('functions', (g) => {
    const x = g.input('x', [null, 4])
    return g.softmax(g.silu(g.leakyRelu(g.sigmoid(x), { alpha: 0.25 })), { axis: 1 })
  })
  const calibration = [tensor([0, 1, 2, 3], [1, 4])]
  const model = exportQdq(compile(graph, initialise(graph, 1), findBackend('ort-x86'), { calibration }))
  const functions = model.graph.nodes.filter(({ op }) => !op.endsWith('tizeLinear') && !op.startsWith('Quantize'))
  assert.equal(
    functions.map(({ op }) => op),
    ['Sigmoid', 'LeakyRelu', 'Sigmoid', 'Mul', 'Softmax'],
  )
  assert.equal(functions[1].attributes.get('alpha'), { kind: 'float', value: 0.25 })
  assert.equal(functions[4].attributes.get('axis'), { kind: 'int', value: 1 })
})

test('the slope of a Swish is not lost', () => {
  const graph = buildGraph('swish', (g) => ({ y: g.node('Swish', [g.input('x', [null, 2, 3, 3])], { alpha: 2 }) }))
  const program = compiled(graph)
  assertSameCodes(bothWays(program, exportQdq))
})

test.run()
