import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UnsupportedError } from '../../../../engine/base/errors.ts'
import { RandomStream } from '../../../../engine/base/random.ts'
import { buildGraph, type GraphBuilder, type Value } from '../../../../engine/graph/builder.ts'
import type { Graph } from '../../../../engine/graph/graph.ts'
import { encodeModel } from '../../../../models/onnx/codec/encode.ts'
import { exportQdq, exportQLinear } from '../../../../models/onnx/export/exportProgram.ts'
import { programFromOnnx } from '../../../../models/onnx/quantised/programFromOnnx.ts'
import { lenet, mobilenet, resnet } from '../../../../models/zoo/index.ts'
import { backends, findBackend } from '../../../../quant/backends/index.ts'
import type { Backend } from '../../../../quant/integer/backend.ts'
import { compile } from '../../../../quant/integer/compile.ts'
import { biasStarts, weightCodes } from '../../../../quant/integer/constants.ts'
import type { IntegerProgram, Step } from '../../../../quant/integer/program.ts'
import { type CodeTensor, IntegerSession } from '../../../../quant/integer/session.ts'
import { gatedNetwork, images, randomParameters, smallNetwork } from '../../../quant/integer/models.ts'

const test = suite('programs through ONNX and back')

const forms = [exportQdq, exportQLinear]
const onnx = findBackend('onnx-spec')

/** The back ends whose programs are codes from end to end. */
const carried = [
  'dsp-asym-tensor',
  'onnx-spec',
  'ort-wasm',
  'ort-x86',
  'ort-x86-saturating',
  'pow2-tensor-npu',
  'tfl-int8-q31',
  'tflite-ref',
  'tflm',
  'tosa-double',
  'tosa-single',
  'xnnpack-x86',
].map(findBackend)

function one(name: string, shape: readonly number[], body: (g: GraphBuilder, x: Value) => Value): Graph {
  return buildGraph(name, (g) => body(g, g.input('x', [null, ...shape])))
}

const product = (g: GraphBuilder, x: Value): Value =>
  g.node('MatMul', [x, g.parameter('m.weight', [5, 4], { kind: 'uniform', bound: 1 })], {}, 'm')

/** Networks of one operator or two, in the forms that are easily mistaken for one another. */
const operators: readonly Graph[] = [
  one('rows', [3, 5], (g, x) => g.linear(g.reshape(product(g, x), { shape: [0, 12] }), { out: 2, bias: false })),
  one('rows of rows', [2, 3, 5], product),
  one('mean kept', [3, 5, 4], (g, x) => g.node('ReduceMean', [x], { axes: [2, 3], keepdims: 1 }, 'm')),
  one('mean', [3, 5, 4], (g, x) => g.node('ReduceMean', [x], { axes: [2, 3], keepdims: 0 }, 'm')),
  one('pool of the plane', [3, 5, 4], (g, x) => g.node('AveragePool', [x], { kernel_shape: [5, 4] }, 'm')),
  one('global pool', [3, 5, 4], (g, x) => g.globalAvgPool(x)),
  one('windows beyond the padding', [1, 6, 6], (g, x) =>
    g.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }, 'm'),
  ),
  one('softmax', [3, 5], (g, x) => g.softmax(x, { axis: 2 })),
  one('transpose', [3, 5, 4], (g, x) => g.node('Transpose', [x], { perm: [0, 2, 3, 1] }, 't')),
  one('functions', [4], (g, x) => g.silu(g.leakyRelu(g.sigmoid(x), { alpha: 0.1 }))),
  one('more functions', [4], (g, x) =>
    g.node('HardSwish', [g.node('HardSigmoid', [g.node('Gelu', [g.tanh(x)], {}, 'a')], { alpha: 0.3 }, 'b')], {}, 'c'),
  ),
  one('limits', [2, 6, 4], (g, x) => {
    const y = g.maxPool(x, { kernel: 3, stride: 2, pad: 1 })
    return g.flatten(g.concat([g.relu(g.add(y, g.clip(y, { min: -0.25, max: 0.5 }))), y]))
  }),
  one('limits of the input', [2, 6], (g, x) => g.clip(g.relu(x), { min: 0.1, max: 0.4 })),
  one('convolution of one pixel', [4, 1, 1], (g, x) => g.conv(g.globalAvgPool(x), { out: 3, kernel: 1 })),
  one('convolution of a reshape', [4], (g, x) => g.conv(g.reshape(x, { shape: [0, 4, 1, 1] }), { out: 3, kernel: 1 })),
  one('linear', [4], (g, x) => g.linear(g.flatten(x), { out: 3 })),
  one('twice', [4], (g, x) => g.add(x, x)),
]

/** The program, or null where the back end refuses the graph or computes some of it on real numbers. */
function compiled(graph: Graph, backend: Backend, weightBits: number): IntegerProgram | null {
  const calibration = [images(new RandomStream(4, 'calibration'), 4, graph.inputs[0].shape.slice(1) as number[])]
  try {
    const program = compile(graph, randomParameters(graph, 5), backend, { calibration, weightBits })
    return (program.header.floats ?? []).length > 0 ? null : program
  } catch (error) {
    if (error instanceof UnsupportedError) return null
    throw error
  }
}

/** A program without what may differ: how codes of weights and biases are packed, the order of the values. */
function essence({ header, constants }: IntegerProgram): object {
  const stepEssence = (step: Step): object => {
    if (step.op === 'table') return { ...step, codes: constants.get(step.constant) }
    if (step.op !== 'conv' && step.op !== 'gemm') return step
    const { shape, scale } = step.weight
    const bias = step.bias === null ? null : Array.from(biasStarts(step.bias, shape[0], constants))
    return { ...step, weight: { shape, scale, codes: Array.from(weightCodes(step.weight, constants)) }, bias }
  }
  const values = Object.fromEntries(header.values.map((value) => [value.name, value]))
  return { ...header, values, steps: header.steps.map(stepEssence) }
}

/** How many programs were compared, 0 where the back end has no program for the graph. */
function compareForms(graph: Graph, backend: Backend, weightBits: number): number {
  const program = compiled(graph, backend, weightBits)
  if (program === null) return 0
  for (const form of forms) {
    const found = programFromOnnx(encodeModel(form(program)), backend)
    assert.equal(essence(found), essence(program), `${backend.name}, ${graph.name}, ${form.name}`)
  }
  return 1
}

test('networks come back as they were, for every back end and width', () => {
  for (const backend of carried) {
    for (const bits of backend.weightBits) assert.is(compareForms(smallNetwork(), backend, bits), 1, backend.name)
  }
})

test('operators come back as they were, for every back end that has them', () => {
  let compared = 0
  for (const backend of carried) for (const graph of operators) compared += compareForms(graph, backend, 8)
  for (const backend of carried) compared += compareForms(gatedNetwork(), backend, 8)
  assert.ok(compared > 150, `${compared} programs`)
})

test('the zoo comes back as it was', () => {
  const small = [lenet({ input: [1, 12, 12], classes: 10 }), resnet({ input: [3, 8, 8], classes: 10, depth: 8 })]
  const large = [resnet({ input: [3, 8, 8], classes: 10, depth: 20 }), mobilenet({ input: [3, 16, 16], classes: 10 })]
  for (const name of ['onnx-spec', 'ort-x86', 'pow2-tensor-npu', 'tflite-ref']) {
    for (const graph of small) assert.is(compareForms(graph, findBackend(name), 8), 1, `${name}, ${graph.name}`)
  }
  for (const graph of large) assert.is(compareForms(graph, findBackend('ort-x86'), 8), 1, graph.name)
})

test('the codes of every value are the same', () => {
  for (const backend of carried) {
    for (const graph of [smallNetwork(), gatedNetwork()]) {
      const program = compiled(graph, backend, 8)
      if (program === null) continue
      const batch = images(new RandomStream(7, 'batch'), 2, graph.inputs[0].shape.slice(1) as number[])
      const [wanted, found] = [new Map<string, CodeTensor>(), new Map<string, CodeTensor>()]
      new IntegerSession(program).run(batch, { trace: wanted })
      new IntegerSession(programFromOnnx(encodeModel(exportQdq(program)), backend)).run(batch, { trace: found })
      assert.equal(found, wanted, `${backend.name}, ${graph.name}`)
    }
  }
})

test('another back end computes the same codes with its own arithmetic', () => {
  const bytes = encodeModel(exportQdq(compiled(smallNetwork(), onnx, 8) as IntegerProgram))
  const program = programFromOnnx(bytes, findBackend('ort-x86'))
  assert.is(program.header.backend, 'ort-x86')
  assert.equal(
    [...new Set(program.header.steps.flatMap((step) => (step.op === 'add' ? step.arithmetic.kind : [])))],
    ['fma'],
  )
})

test('every other back end: its programs come back too, or no file can hold them', () => {
  for (const backend of backends.values()) {
    if (carried.includes(backend)) continue
    const program = compile(smallNetwork(), randomParameters(smallNetwork(), 5), backend, {
      calibration: [images(new RandomStream(4, 'calibration'), 2, [3, 9, 8])],
    })
    let bytes: Uint8Array
    try {
      bytes = encodeModel(exportQdq(program))
    } catch (error) {
      assert.instance(error, UnsupportedError, `${backend.name}: ${error}`)
      continue
    }
    assert.equal(essence(programFromOnnx(bytes, backend)), essence(program), backend.name)
  }
})

test('a back end whose activations are real numbers, or partly 16 bits wide, is refused', () => {
  const bytes = encodeModel(exportQdq(compiled(operators[0], onnx, 8) as IntegerProgram))
  const real: Backend = { ...onnx, floating: { format: 'f32', layers: 'dynamic' } }
  assert.throws(() => programFromOnnx(bytes, real), /back end onnx-spec computes on real activations/)
  const { conv } = onnx.layers
  const wide: Backend = { ...onnx, islands: { layers: 'last', layer: conv, rescale: { kind: 'qdq' } } }
  assert.throws(() => programFromOnnx(bytes, wide), /back end onnx-spec has layers of 16 bits/)
})

test.run()
