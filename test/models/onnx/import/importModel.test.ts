import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, ShapeError, UnsupportedError, UsageError } from '../../../../engine/base/errors.ts'
import { tensor } from '../../../../engine/core/tensor.ts'
import { inferShapes } from '../../../../engine/graph/inferShapes.ts'
import { runGraph } from '../../../../engine/graph/interpreter.ts'
import {
  floatGraph,
  type ImportedModel,
  type ImportOptions,
  importModel,
} from '../../../../models/onnx/import/importModel.ts'
import type { OnnxModel } from '../../../../models/onnx/model.ts'
import { operators } from '../../../../quant/operators/table.ts'
import { assertClose } from '../../../support/close.ts'
import { messageOf } from '../../../support/messageOf.ts'
import { float, info, int64, model, node } from './build.ts'

const test = suite('ONNX import')

/** The one output of an imported model, for float32 inputs by name. */
function run({ graph, parameters }: ImportedModel, feeds: Readonly<Record<string, ReturnType<typeof tensor>>>) {
  return runGraph(graph, parameters, feeds, { operators })[graph.outputs[0]]
}

const opsOf = ({ graph }: ImportedModel): string[] => graph.nodes.map((each) => each.op)
const refused = (m: OnnxModel, options: ImportOptions = {}): string =>
  messageOf(UnsupportedError, () => importModel(m, options))

/** A 1x1 convolution, batch norm, relu and a linear layer after a flatten that PyTorch spelt out for a dynamic batch. */
const classifier = model({
  inputs: [info('image', ['N', 1, 2, 2])],
  outputs: ['logits'],
  initialisers: {
    'conv.weight': float([2, -1], [2, 1, 1, 1]),
    'conv.bias': float([0.5, 3]),
    'bn.weight': float([1, 2]),
    'bn.bias': float([0, 1]),
    'bn.running_mean': float([0.5, 0]),
    'bn.running_var': float([3, 15]),
    'fc.weight': float([1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1], [2, 8]),
    'fc.bias': float([10, 20]),
    zero: int64([0], []),
    axes: int64([0]),
    rest: int64([-1]),
    unused: float([1, 2, 3]),
  },
  nodes: [
    node('Conv', 'image conv.weight conv.bias', 'c', { kernel_shape: [1, 1] }, { name: '/conv/Conv' }),
    node('BatchNormalization', 'c bn.weight bn.bias bn.running_mean bn.running_var', 'b', {
      epsilon: { float: 1 },
      momentum: 0.9,
    }),
    node('Relu', 'b', 'r'),
    node('Dropout', 'r', 'd'),
    node('Shape', 'd', 's'),
    node('Gather', 's zero', 'batch', { axis: 0 }),
    node('Unsqueeze', 'batch axes', 'batch1'),
    node('Concat', 'batch1 rest', 'flat', { axis: 0 }),
    node('Reshape', 'd flat', 'f'),
    node('Gemm', 'f fc.weight fc.bias', 'g', { transB: 1 }),
    node('Identity', 'g', 'logits'),
  ],
})

test('a classifier as PyTorch exports it', () => {
  const imported = importModel(classifier)
  const { graph, parameters } = imported
  assert.equal(graph.inputs, [{ name: 'image', dtype: 'float32', shape: [null, 1, 2, 2] }])
  assert.equal(graph.outputs, ['logits'])
  assert.equal(opsOf(imported), ['Conv', 'BatchNormalization', 'Relu', 'Reshape', 'Gemm'])
  assert.equal(graph.nodes[0].name, '/conv/Conv')
  assert.equal(graph.nodes[0].outputs, ['c'])
  assert.equal(graph.nodes[1].attributes, { epsilon: 1, momentum: 0.9 })
  assert.equal(graph.nodes[3].attributes, { shape: [0, -1] })
  assert.equal(
    graph.parameters.map(({ name, trainable }) => [name, trainable]),
    [
      ['conv.weight', true],
      ['conv.bias', true],
      ['bn.weight', true],
      ['bn.bias', true],
      ['bn.running_mean', false],
      ['bn.running_var', false],
      ['fc.weight', true],
      ['fc.bias', true],
    ],
  )
  assert.equal(
    [...parameters.keys()],
    graph.parameters.map(({ name }) => name),
  )
  assert.equal(inferShapes(floatGraph(graph)).get('logits')?.shape, [null, 2])

  // Channel 0: (2x + 0.5 - 0.5) / 2 = x; channel 1: (3 - x) / 4 * 2 + 1 = 2.5 - x / 2; both then cut off at 0.
  const image = tensor([1, 2, 3, -4, 0, 0, 9, 1], [2, 1, 2, 2])
  const out = run(imported, { image })
  assert.equal(out.shape, [2, 2])
  assertClose(out.data, [1 + (2 + 1.5 + 1 + 4.5) + 10, 4.5 + 20, 0 + (2.5 + 2.5 + 0 + 2) + 10, 2 + 20])
})

test('everything that is not read is named in one error', () => {
  const message = refused(
    model({
      inputs: [info('x', ['N', 4]), info('words', [3], null), info('wide', [2], 'float64')],
      outputs: ['y'],
      nodes: [
        node('Einsum', 'x', 'e', { equation: 'ij->i' }, { name: 'sum' }),
        node('Gelu', 'e', 'g'),
        node('Attention', 'x', 'a', {}, { domain: 'com.microsoft' }),
        node('Relu', 'a', 'b', { slope: 0.5 }),
        node('Resize', 'x _ _ sizes', 'r', { mode: 'cubic' }),
        node('Add', 'b r', 'y'),
      ],
      initialisers: { sizes: int64([1, 8]) },
    }),
  )
  for (const part of [
    "node 'sum' (Einsum): the operator",
    "node 'g' (Gelu): the operator of set 18; it is read from 20 on",
    "node 'a' (Attention): the operator of domain 'com.microsoft'",
    "node 'b' (Relu): attribute 'slope'",
    "input 'words' is no tensor",
    "input 'wide' is float64",
    "node 'r' (Resize): mode 'cubic'",
  ]) {
    assert.ok(message.includes(part), `${part} in ${message}`)
  }
  assert.ok(message.includes('7 problems'), message)
})

test('operator sets 13 to 25 are read', () => {
  const relu = (opset: number) =>
    model({ inputs: [info('x', [2])], outputs: ['y'], nodes: [node('Relu', 'x', 'y')] }, opset)
  for (const opset of [13, 18, 23, 25]) assert.equal(opsOf(importModel(relu(opset))), ['Relu'])
  for (const opset of [12, 26]) {
    assert.ok(refused(relu(opset)).includes(`operator set ${opset}; wanted 13 to 25`))
  }
  assert.equal(opsOf(importModel(relu(9), { opsets: { least: 9, most: 13 } })), ['Relu'])
})

test('an attribute of another kind than the operator has', () => {
  const m = model({ inputs: [info('x', [2])], outputs: ['y'], nodes: [node('LeakyRelu', 'x', 'y', { alpha: 1 })] })
  assert.ok(refused(m).includes("attribute 'alpha' of kind int; wanted float"))
})

test('axes, shapes and bounds that are inputs become attributes', () => {
  const m = model({
    inputs: [info('x', [2, 3, 4])],
    outputs: ['y'],
    initialisers: {
      axes: int64([1]),
      low: float([-1], []),
      starts: int64([0]),
      ends: int64([2 ** 40]),
      steps: int64([2]),
      pads: int64([1, 2]),
      last: int64([-1]),
      five: float([5], []),
    },
    nodes: [
      node('ReduceMean', 'x axes', 'm', { keepdims: 0 }),
      node('Clip', 'm low', 'c'),
      node('Slice', 'c starts ends last steps', 's'),
      node('Pad', 's pads five last', 'p'),
      node('Unsqueeze', 'p axes', 'u'),
      node('Squeeze', 'u axes', 'y'),
    ],
  })
  const imported = importModel(m)
  assert.equal(
    imported.graph.nodes.map(({ op, attributes }) => [op, attributes]),
    [
      ['ReduceMean', { axes: [1], keepdims: 0 }],
      ['Clip', { min: -1 }],
      ['Slice', { starts: [0], ends: [2 ** 40], axes: [-1], steps: [2] }],
      ['Pad', { pads: [0, 1, 0, 2], value: 5 }],
      ['Unsqueeze', { axes: [1] }],
      ['Squeeze', { axes: [1] }],
    ],
  )
  assert.equal(imported.graph.parameters, [])
  const x = tensor(
    Array.from({ length: 24 }, (_, i) => (i < 12 ? i - 8 : i)),
    [2, 3, 4],
  )
  // Means over the middle axis: -4 -3 -2 -1 and 16 17 18 19.
  assert.equal(Array.from(run(imported, { x }).data), [5, -1, -1, 5, 5, 5, 16, 18, 5, 5])
})

test('a bound that is computed from the data is refused with what to do', () => {
  const m = model({
    inputs: [info('x', ['N', 4]), info('shape', [2], 'int64')],
    outputs: ['y'],
    nodes: [node('Reshape', 'x shape', 'y')],
  })
  assert.ok(refused(m).includes("its input 'shape' is known only at run time; bind it in the option inputs"))
  assert.equal(importModel(m, { inputs: { shape: int64([2, -1]) } }).graph.nodes[0].attributes, { shape: [2, -1] })
  assert.ok(messageOf(UsageError, () => importModel(m, { inputs: { other: int64([1]) } })).length > 30)
})

test('dimensions can be bound by name', () => {
  const m = model({
    inputs: [info('x', ['N', 'L', 1])],
    outputs: ['y'],
    initialisers: { two: int64([2]) },
    nodes: [
      node('Shape', 'x', 's', { start: 0, end: 2 }),
      node('Mul', 's two', 'doubled'),
      node('ConstantOfShape', 's', 'zeros'),
      node('Shape', 'zeros', 'again'),
      node('Add', 'doubled again', 'sum'),
      node('Expand', 'x sum', 'y'),
    ],
  })
  assert.ok(refused(m).includes('known only at run time'))
  assert.equal(importModel(m, { dims: { N: 1, L: 3 } }).graph.nodes.at(-1)?.attributes, { shape: [3, 9] })
  assert.ok(messageOf(UsageError, () => importModel(m, { dims: { N: 1.5 } })).length > 30)
})

test('what depends on constants alone is computed at import', () => {
  const m = model({
    inputs: [info('x', [1, 2])],
    outputs: ['y'],
    initialisers: { w: float([1, 2, 3, 4, 5, 6], [3, 2]), b: float([1, 1, 1]) },
    nodes: [
      node('Transpose', 'w', 'wt', { perm: [1, 0] }),
      node('Constant', '', 'k', { value: float([2], []) }),
      node('Mul', 'b k', 'b2'),
      node('MatMul', 'x wt', 'p'),
      node('Add', 'p b2', 'q'),
      node('Add', 'q b', 'y'),
    ],
  })
  const imported = importModel(m)
  assert.equal(opsOf(imported), ['MatMul', 'Add', 'Add'])
  assert.equal(
    imported.graph.parameters.map(({ name, shape, trainable }) => [name, shape, trainable]),
    [
      ['wt', [2, 3], true],
      ['b2', [3], false],
      ['b', [3], true],
    ],
  )
  assert.equal(Array.from(run(imported, { x: tensor([10, 1], [1, 2]) }).data), [12 + 3, 34 + 3, 56 + 3])
})

test('outputs that are other names of something', () => {
  const m = model({
    inputs: [info('x', [2])],
    outputs: ['copy', 'first', 'second', 'w', 'x'],
    initialisers: { w: float([5, 6]) },
    nodes: [
      node('Identity', 'x', 'copy'),
      node('Add', 'x w', 'sum'),
      node('Identity', 'sum', 'first'),
      node('Identity', 'first', 'second'),
    ],
  })
  const { graph, parameters } = importModel(m)
  assert.equal(graph.outputs, ['copy', 'first', 'second', 'w', 'x'])
  const results = runGraph(graph, parameters, { x: tensor([1, 2]) }, { operators })
  const values = Object.fromEntries(Object.entries(results).map(([name, value]) => [name, Array.from(value.data)]))
  assert.equal(values, { copy: [1, 2], first: [6, 8], second: [6, 8], w: [5, 6], x: [1, 2] })
})

test('nodes that nothing needs are left out, also when they have no named output', () => {
  const m = model({
    inputs: [info('x', [2])],
    outputs: ['y'],
    nodes: [node('Exp', 'x', 'e'), node('Log', 'e', 'l'), node('Relu', 'x', 'y'), node('Relu', 'x', '_')],
  })
  assert.equal(opsOf(importModel(m)), ['Relu'])
})

test('a resize to a size that holds the unknown batch', () => {
  const m = model({
    inputs: [info('x', ['N', 1, 2, 2])],
    outputs: ['y'],
    initialisers: { size: int64([4, 6]) },
    nodes: [
      node('Shape', 'x', 's', { start: 0, end: 2 }),
      node('Concat', 's size', 'sizes', { axis: 0 }),
      node('Resize', 'x _ _ sizes', 'y', { mode: 'linear' }),
    ],
  })
  const { graph } = importModel(m)
  assert.equal(graph.nodes[0].attributes, { mode: 'linear', axes: [1, 2, 3], sizes: [1, 4, 6] })
  assert.equal(inferShapes(floatGraph(graph)).get('y')?.shape, [null, 1, 4, 6])
})

test('automatic padding becomes pads', () => {
  const conv = (op: string, attributes: Parameters<typeof node>[3], weight: number[]) =>
    model({
      inputs: [info('x', ['N', 1, 5, 6])],
      outputs: ['y'],
      initialisers: { w: float(new Array(weight.reduce((a, b) => a * b)).fill(1), weight) },
      nodes: [node(op, 'x w', 'y', attributes)],
    })
  const padsOf = (m: OnnxModel) => importModel(m).graph.nodes[0].attributes.pads
  // Height 5, stride 2: 3 rows need 2 * 2 + 3 - 5 = 2 more; width 6: 3 columns need 2 * 2 + 3 - 6 = 1 more.
  assert.equal(padsOf(conv('Conv', { auto_pad: 'SAME_UPPER', strides: [2, 2] }, [1, 1, 3, 3])), [1, 0, 1, 1])
  assert.equal(padsOf(conv('Conv', { auto_pad: 'SAME_LOWER', strides: [2, 2] }, [1, 1, 3, 3])), [1, 1, 1, 0])
  assert.equal(padsOf(conv('Conv', { auto_pad: 'VALID', pads: [1, 1, 1, 1] }, [1, 1, 3, 3])), [0, 0, 0, 0])
  // 2 * 4 + 3 = 11 rows for 10, 2 * 5 + 3 = 13 columns for 12.
  assert.equal(padsOf(conv('ConvTranspose', { auto_pad: 'SAME_UPPER', strides: [2, 2] }, [1, 1, 3, 3])), [0, 0, 1, 1])
  // 11 rows wanted 12: one more row; 13 columns wanted 11: one off each side.
  const transposed = importModel(conv('ConvTranspose', { strides: [2, 2], output_shape: [12, 11] }, [1, 1, 3, 3]))
  assert.equal(transposed.graph.nodes[0].attributes.pads, [0, 1, 0, 1])
  assert.equal(transposed.graph.nodes[0].attributes.output_padding, [1, 0])
  assert.equal(inferShapes(floatGraph(transposed.graph)).get('y')?.shape, [null, 1, 12, 11])
  const wrong = conv('Conv', { auto_pad: 'SOMEHOW' }, [1, 1, 3, 3])
  assert.ok(messageOf(FormatError, () => importModel(wrong)).includes("auto_pad is 'SOMEHOW'"))
  const unknown = model({
    inputs: [info('x', ['N', 1, 'H', 6])],
    outputs: ['y'],
    initialisers: { w: float(new Array(9).fill(1), [1, 1, 3, 3]) },
    nodes: [node('Conv', 'x w', 'y', { auto_pad: 'SAME_UPPER' })],
  })
  assert.ok(refused(unknown).includes('extents that are known only at run time'))
})

test('quantised operators keep their codes', () => {
  const m = model(
    {
      inputs: [info('x', ['N', 2])],
      outputs: ['y'],
      initialisers: {
        scale: float([0.5], []),
        zero: { type: 'uint8', dims: [], data: Uint8Array.of(3) },
        codes: { type: 'int4', dims: [2, 2], data: Int8Array.of(-8, 7, 1, 2) },
        scales: float([0.5, 0.25]),
      },
      nodes: [
        node('QuantizeLinear', 'x scale zero', 'q'),
        node('DequantizeLinear', 'q scale zero', 'dq'),
        node('DequantizeLinear', 'codes scales', 'w', { axis: 1 }),
        node('MatMul', 'dq w', 'p'),
        node('QuantizeLinear', 'p scale', 'y', { output_dtype: 22 }),
      ],
    },
    21,
  )
  const imported = importModel(m)
  const { graph, parameters } = imported
  assert.equal(opsOf(imported), ['QuantizeLinear', 'DequantizeLinear', 'DequantizeLinear', 'MatMul', 'QuantizeLinear'])
  assert.is(graph.nodes[0].attributes.output_dtype, 'uint8')
  assert.is(graph.nodes[4].attributes.output_dtype, 'int4')
  const codes = graph.parameters.find(({ name }) => name === 'codes')
  assert.equal([codes?.dtype, codes?.trainable], ['int8', false])
  assert.equal(Array.from(parameters.get('codes')?.data ?? []), [-8, 7, 1, 2])
  // x rounds to 1.5 and -1 (0.75 and -0.25 to even); w is [-4, 1.75], [0.5, 0.5]: -6.5 and 2.125 in halves, saturated.
  const y = run(imported, { x: tensor([1.4, -1.1], [1, 2]) })
  assert.is(y.dtype, 'int8')
  assert.equal(Array.from(y.data), [-8, 4])
  const message = messageOf(UnsupportedError, () => floatGraph(graph))
  assert.ok(message.includes("node 'q' (QuantizeLinear)"), message)
})

test('operators that select work on codes as on floats', () => {
  const m = model({
    inputs: [info('x', [1, 1, 1, 6], 'int8')],
    outputs: ['y'],
    initialisers: {
      low: { type: 'int8', dims: [], data: Int8Array.of(-3) },
      high: { type: 'int8', dims: [], data: Int8Array.of(100) },
    },
    nodes: [
      node('Clip', 'x low high', 'c'),
      node('MaxPool', 'c', 'c.one', { kernel_shape: [1, 2], strides: [1, 2] }),
      node('Relu', 'c.one', 'y'),
    ],
  })
  const imported = importModel(m)
  const around = ['DequantizeLinear', 'Clip', 'QuantizeLinear']
  assert.equal(opsOf(imported).slice(0, 3), around)
  assert.is(opsOf(imported).length, 9)
  const y = run(imported, { x: tensor([-128, -5, 127, 3, -2, -1], [1, 1, 1, 6], { dtype: 'int8' }) })
  assert.equal([y.dtype, Array.from(y.data)], ['int8', [0, 100, 0]])
})

test('integer indices are fed as int32, and an embedding is a weight', () => {
  const m = model({
    inputs: [info('ids', ['N', 3], 'int64')],
    outputs: ['y'],
    initialisers: { table: float([0, 1, 10, 11, 20, 21], [3, 2]) },
    nodes: [node('Gather', 'table ids', 'y')],
  })
  const imported = importModel(m)
  assert.equal(imported.graph.inputs, [{ name: 'ids', dtype: 'int32', shape: [null, 3] }])
  assert.is(imported.graph.parameters[0].trainable, true)
  const y = run(imported, { ids: tensor([2, 0, -1], [1, 3], { dtype: 'int32' }) })
  assert.equal(
    [y.shape, Array.from(y.data)],
    [
      [1, 3, 2],
      [20, 21, 0, 1, 20, 21],
    ],
  )
})

test('casts that change nothing that a graph holds vanish, others are refused', () => {
  const cast = (from: 'float32' | 'int64', to: number) =>
    model({
      inputs: [info('x', [2], from)],
      outputs: ['y'],
      nodes: [node('Cast', 'x', 'c', { to }), node('Transpose', 'c', 'y')],
    })
  assert.equal(opsOf(importModel(cast('float32', 1))), ['Transpose'])
  assert.equal(opsOf(importModel(cast('int64', 6))), ['Transpose'])
  assert.ok(refused(cast('float32', 6)).includes('from float32 to int32'))
  assert.ok(refused(cast('float32', 10)).includes('from float32 to float16'))
})

test('several outputs: Split and LayerNormalization', () => {
  const m = model({
    inputs: [info('x', ['N', 5])],
    outputs: ['a', 'c', 'mean'],
    initialisers: { sizes: int64([2, 1, 2]), scale: float([1, 1]) },
    nodes: [
      node('Split', 'x sizes', 'a b c', { axis: 1 }),
      node('LayerNormalization', 'b1 scale', 'n mean', { axis: -1, epsilon: 0.00001 }),
    ].toSpliced(1, 0, node('Concat', 'b b', 'b1', { axis: -1 })),
  })
  const { graph, parameters } = importModel(m)
  const results = runGraph(graph, parameters, { x: tensor([1, 2, 3, 4, 5], [1, 5]) })
  assert.equal(Array.from(results.a.data), [1, 2])
  assert.equal(Array.from(results.c.data), [4, 5])
  assert.equal([results.mean.shape, Array.from(results.mean.data)], [[1, 1], [3]])
})

test('a float attribute is the decimal that it was', () => {
  const m = model({ inputs: [info('x', [2])], outputs: ['y'], nodes: [node('LeakyRelu', 'x', 'y', { alpha: 0.1 })] })
  assert.equal(importModel(m).graph.nodes[0].attributes, { alpha: 0.1 })
})

test('training outputs and random draws are refused', () => {
  const m = model({
    inputs: [info('x', [2, 2])],
    outputs: ['z'],
    initialisers: {
      one: float([1, 1]),
      half: float([0.5], []),
      yes: { type: 'bool', dims: [], data: Uint8Array.of(1) },
    },
    nodes: [
      node('BatchNormalization', 'x one one one one', 'y m v', { training_mode: 1 }),
      node('Dropout', 'x half yes', 'z'),
    ],
  })
  const message = refused(m)
  assert.ok(message.includes('its running statistics are outputs'), message)
  assert.ok(message.includes('training_mode; export the model for inference'), message)
})

test('hostile sizes end before memory is taken', () => {
  const m = (dims: number[]) =>
    model({
      outputs: ['y'],
      initialisers: { dims: int64(dims) },
      nodes: [node('ConstantOfShape', 'dims', 'z'), node('Relu', 'z', 'y')],
    })
  for (const dims of [[1e9, 1e9], [-1], [2 ** 31, 0, 2 ** 52, 2 ** 52].toSpliced(1, 1)]) {
    assert.ok(messageOf(FormatError, () => importModel(m(dims))).length > 30)
  }
  assert.ok(messageOf(FormatError, () => importModel(m([11]), { maxElements: 10 })).length > 30)
  const expand = model({
    outputs: ['y'],
    initialisers: { x: float([1]), shape: int64([2 ** 20, 2 ** 20]) },
    nodes: [node('Expand', 'x shape', 'y')],
  })
  assert.ok(messageOf(FormatError, () => importModel(expand)).length > 30)
})

test('inputs and attributes that are missing', () => {
  const m = (each: ReturnType<typeof node>) =>
    model({ inputs: [info('x', [1, 1, 4, 4])], outputs: ['y'], nodes: [each] })
  const message = (each: ReturnType<typeof node>) => messageOf(FormatError, () => importModel(m(each)))
  assert.ok(message(node('Conv', 'x', 'y')).includes('Conv: its input 1 is missing; wanted at least 2'))
  assert.ok(message(node('MaxPool', 'x', 'y')).includes('kernel_shape is missing'))
  assert.ok(message(node('Slice', 'x', 'y')).includes('it has no starts'))
  assert.ok(message(node('Relu', '', 'y')).includes('its input 0 is missing'))
})

test('a model that contradicts itself names the node', () => {
  const m = model({
    inputs: [info('x', [1, 3, 8, 8])],
    outputs: ['y'],
    initialisers: { w: float(new Array(36).fill(0), [1, 4, 3, 3]) },
    nodes: [node('Conv', 'x w', 'y', {}, { name: 'stem' })],
  })
  assert.ok(messageOf(ShapeError, () => importModel(m)).includes("node 'stem' (Conv)"))
  const missing = model({ inputs: [info('x', [1])], outputs: ['y'], nodes: [node('Relu', 'nothing', 'y')] })
  assert.ok(messageOf(FormatError, () => importModel(missing)).length > 30)
})

test.run()
