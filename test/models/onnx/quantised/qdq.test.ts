import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../../engine/base/random.ts'
import { noGrad } from '../../../../engine/core/tape.ts'
import type { FloatTensor } from '../../../../engine/core/tensor.ts'
import { tensor } from '../../../../engine/core/tensor.ts'
import { runGraph } from '../../../../engine/graph/interpreter.ts'
import { encodeModel } from '../../../../models/onnx/codec/encode.ts'
import { importModel } from '../../../../models/onnx/import/importModel.ts'
import type { OnnxModel, OnnxNode, OnnxTensor } from '../../../../models/onnx/model.ts'
import { programFromOnnx } from '../../../../models/onnx/quantised/programFromOnnx.ts'
import { findBackend } from '../../../../quant/backends/index.ts'
import type { IntegerProgram } from '../../../../quant/integer/program.ts'
import { IntegerSession } from '../../../../quant/integer/session.ts'
import { operators } from '../../../../quant/operators/table.ts'
import { type AttributeInput, float, info, int64, model, node } from '../import/build.ts'

const test = suite('quantised ONNX models of others')
const onnx = findBackend('onnx-spec')

const int8 = (values: readonly number[], dims: readonly number[] = [values.length]): OnnxTensor => ({
  type: 'int8',
  dims,
  data: Int8Array.from(values),
})
const uint8 = (values: readonly number[], dims: readonly number[] = [values.length]): OnnxTensor => ({
  type: 'uint8',
  dims,
  data: Uint8Array.from(values),
})
const int32 = (values: readonly number[]): OnnxTensor => ({
  type: 'int32',
  dims: [values.length],
  data: Int32Array.from(values),
})

/** Constants that most models here share: scales that are powers of two, so that f32 sums of products are exact. */
const common: Readonly<Record<string, OnnxTensor>> = {
  half: float([0.5], []),
  quarter: float([0.25], []),
  one: float([1], []),
  z0: uint8([0], []),
  z3: uint8([3], []),
  i0: int8([0], []),
  i5: int8([-5], []),
}

interface Parts {
  readonly dims?: readonly (number | string)[]
  readonly constants?: Readonly<Record<string, OnnxTensor>>
  readonly opset?: number
}

/** A model of nodes whose input is x and whose output is y. */
function net(nodes: readonly OnnxNode[], { dims = ['N', 4], constants = {}, opset = 18 }: Parts = {}): OnnxModel {
  return model({ inputs: [info('x', dims)], outputs: ['y'], initialisers: { ...common, ...constants }, nodes }, opset)
}

const programOf = (parts: OnnxModel, backend = onnx): IntegerProgram => programFromOnnx(encodeModel(parts), backend)

const opsOf = ({ header }: IntegerProgram): string[] => header.steps.map(({ op }) => op)

/** Real numbers around and beyond the codes of scale 1/2, ties among them. */
function batch(shape: readonly number[]): FloatTensor {
  const random = new RandomStream(3, 'batch')
  const size = shape.reduce((a, b) => a * b, 1)
  return tensor(
    Array.from({ length: size }, () => (random.integer(600) - 300) / 8),
    shape,
  )
}

/** Asserts that the program's result is that of the model's operators one by one, in f32, where scales are powers of two. */
function assertAsOperators(parts: OnnxModel, shape: readonly number[]): IntegerProgram {
  const program = programOf(parts)
  const x = batch(shape)
  const { graph, parameters } = importModel(parts)
  const { y } = noGrad(() => runGraph(graph, parameters, { x }, { operators }))
  const found = new IntegerSession(program).run(x)
  assert.equal(found.shape, y.shape)
  assert.equal(found.data, y.data)
  return program
}

const input = [node('QuantizeLinear', 'x half z3', 'xq'), node('DequantizeLinear', 'xq half z3', 'xd')]
const output = [node('QuantizeLinear', 'r one z3', 'rq'), node('DequantizeLinear', 'rq one z3', 'y')]
const matrix = int8([1, -2, 3, 4, 127, -128, 0, 5, 6, -7, 8, 9], [3, 4])
const weight = (axis?: number): OnnxNode =>
  node('DequantizeLinear', axis === undefined ? 'w half' : 'w ws wz', 'wd', axis === undefined ? {} : { axis })

test('a linear layer by hand: codes, scales and zero points of the file', () => {
  const parts = net(
    [
      ...input,
      weight(),
      node('DequantizeLinear', 'b quarter', 'bd'),
      node('Gemm', 'xd wd bd', 'r', { transB: 1 }),
      ...output,
    ],
    { constants: { w: int8([1, -2, 3, 4], [1, 4]), b: int32([10]) } },
  )
  const program = programOf(parts)
  assert.equal(opsOf(program), ['gemm'])
  assert.equal(
    program.header.values.map(({ name, shape, scale, zeroPoint }) => [name, shape, scale, zeroPoint]),
    [
      ['x', [4], 0.5, 3],
      ['y', [1], 1, 3],
    ],
  )
  // x = 0.5, 1, -0.5, 20 are 1, 2, -1, 40 steps: 10 + 1 - 4 - 3 + 160 = 164, a quarter each: 41, code 44, real 41.
  const { data } = new IntegerSession(program).run(tensor([0.5, 1, -0.5, 20], [1, 4]))
  assert.equal(Array.from(data), [41])
})

test('one scale for each output channel, of Gemm and of MatMul', () => {
  const scales = { ws: float([0.5, 0.25, 2]), wz: int8([0, 0, 0]) }
  const gemm = [...input, weight(0), node('Gemm', 'xd wd', 'r', { transB: 1 }), ...output]
  assertAsOperators(net(gemm, { constants: { w: matrix, ...scales } }), [9, 4])
  const transposed = int8([1, 2, 3, 4, 5, 6, 7, 8, -9, 10, 11, -12], [4, 3])
  const matMul = [...input, weight(1), node('MatMul', 'xd wd', 'r'), ...output]
  assertAsOperators(net(matMul, { constants: { w: transposed, ...scales } }), [9, 4])
  assertAsOperators(net(matMul, { dims: ['N', 2, 4], constants: { w: transposed, ...scales } }), [3, 2, 4])
})

test('a zero point left out is uint8 0; operator sets 13 to 21', () => {
  const nodes = [node('QuantizeLinear', 'x half', 'xq'), node('DequantizeLinear', 'xq half', 'xd')]
  const rest = [weight(), node('Gemm', 'xd wd', 'r', { transB: 1 }), ...output]
  for (const opset of [13, 15, 18, 19, 21]) {
    const program = assertAsOperators(net([...nodes, ...rest], { constants: { w: matrix }, opset }), [5, 4])
    assert.is(program.header.values[0].zeroPoint, 0)
  }
})

test('int8 codes on a back end of uint8, and uint8 weights around 128', () => {
  const nodes = [
    node('QuantizeLinear', 'x half i5', 'xq'),
    node('DequantizeLinear', 'xq half i5', 'xd'),
    node('DequantizeLinear', 'w half wz', 'wd'),
    node('Gemm', 'xd wd', 'r', { transB: 1 }),
    node('QuantizeLinear', 'r one i0', 'rq'),
    node('DequantizeLinear', 'rq one i0', 'y'),
  ]
  const constants = { w: uint8([129, 0, 255, 128, 1, 2, 3, 4], [2, 4]), wz: uint8([128], []) }
  const program = assertAsOperators(net(nodes, { constants }), [7, 4])
  assert.equal(
    program.header.values.map(({ zeroPoint, qmin, qmax }) => [zeroPoint, qmin, qmax]),
    [
      [123, 0, 255],
      [128, 0, 255],
    ],
  )
  assert.equal(Array.from(program.constants.get('r.weight') ?? []), [1, -128, 127, 0, -127, -126, -125, -124])
})

test('Relu and Clip: before the quantiser, behind it, between quantisers of their own', () => {
  const constants = { w: matrix, low: float([-2], []), high: float([6], []) }
  const layer = [...input, weight(), node('Gemm', 'xd wd', 'g', { transB: 1 })]
  const folded = net([...layer, node('Relu', 'g', 'h'), node('Clip', 'h _ high', 'r'), ...output], { constants })
  assert.equal(opsOf(assertAsOperators(folded, [9, 4])), ['gemm'])
  const behind = [node('QuantizeLinear', 'g one z3', 'gq'), node('DequantizeLinear', 'gq one z3', 'gd')]
  const same = net([...layer, ...behind, node('Clip', 'gd low high', 'r'), ...output], { constants })
  assert.equal(opsOf(assertAsOperators(same, [9, 4])), ['gemm'])
  const shared = net(
    [
      ...layer,
      ...behind,
      node('Relu', 'gd', 'h'),
      node('QuantizeLinear', 'h one z3', 'hq'),
      node('DequantizeLinear', 'hq one z3', 'hd'),
      node('Add', 'hd gd', 'r'),
      ...output,
    ],
    { constants },
  )
  assert.equal(opsOf(assertAsOperators(shared, [9, 4])), ['gemm', 'clamp', 'add'])
})

test('a Relu with a quantiser of its own needs a back end that rescales', () => {
  const nodes = [
    ...input,
    node('Relu', 'xd', 'r'),
    node('QuantizeLinear', 'r one z0', 'rq'),
    node('DequantizeLinear', 'rq one z0', 'y'),
  ]
  const program = programOf(net(nodes), findBackend('ort-x86'))
  assert.equal(opsOf(program), ['requantise', 'clamp'])
  // -0.5, 0.5, 1.5 and 3 are -1, 1, 3 and 6 steps of a half; in steps of 1, to even: 0, 0, 2, 3.
  assert.equal(Array.from(new IntegerSession(program).run(tensor([-0.5, 0.5, 1.5, 3], [1, 4])).data), [0, 0, 2, 3])
  assert.throws(() => programOf(net(nodes)), /back end onnx-spec has no rule to change a quantiser/)
})

test('a quantiser read by several, an alias, constants in nodes, a batch of 1', () => {
  const nodes = [
    node('Constant', '', 'two', { value: float([2], []) }),
    node('Constant', '', 'shape', { value: int64([1, -1]) }),
    node('QuantizeLinear', 'x half z3', 'xq'),
    node('DequantizeLinear', 'xq half z3', 'a'),
    node('DequantizeLinear', 'xq half z3', 'b'),
    node('Identity', 'b', 'c'),
    node('Add', 'a c', 's'),
    node('QuantizeLinear', 's two z3', 'sq'),
    node('DequantizeLinear', 'sq two z3', 'sd'),
    node('Reshape', 'sd shape', 'r'),
    node('QuantizeLinear', 'r two z3', 'rq'),
    node('DequantizeLinear', 'rq two z3', 'y'),
  ]
  const program = assertAsOperators(net(nodes, { dims: [1, 2, 3] }), [1, 2, 3])
  assert.equal(opsOf(program), ['add', 'reshape'])
})

test('operators that move codes need no quantisers of their own, and take codes', () => {
  const constants = { w: int8([1, 2, -3, 4, 5, -6, 7, 8], [2, 4]), rows: int64([0, -1]) }
  const layer = [weight(), node('Gemm', 'f wd', 'r', { transB: 1 }), ...output]
  const pool = { kernel_shape: [2, 2], strides: [2, 2] }
  const real = [
    ...input,
    node('MaxPool', 'xd', 'p', pool),
    node('Transpose', 'p', 't', { perm: [0, 2, 3, 1] }),
    node('Flatten', 't', 'f'),
  ]
  const dims = ['N', 1, 4, 4]
  const program = assertAsOperators(net([...real, ...layer], { dims, constants }), [3, 1, 4, 4])
  assert.equal(opsOf(program), ['maxPool', 'transpose', 'reshape', 'gemm'])
  const codes = [
    node('QuantizeLinear', 'x half z3', 'xq'),
    node('MaxPool', 'xq', 'p', pool),
    node('Concat', 'p p', 'c', { axis: 1 }),
    node('Reshape', 'c rows', 'q'),
    node('DequantizeLinear', 'q half z3', 'f'),
  ]
  const wide = {
    ...constants,
    w: int8(
      Array.from({ length: 16 }, (_, i) => i - 8),
      [2, 8],
    ),
  }
  assert.equal(opsOf(assertAsOperators(net([...codes, ...layer], { dims, constants: wide }), [3, 1, 4, 4])), [
    'maxPool',
    'concat',
    'reshape',
    'gemm',
  ])
})

test('convolutions: groups, strides, dilations, auto_pad', () => {
  const w = int8(
    Array.from({ length: 36 }, (_, i) => ((i * 37) % 41) - 20),
    [4, 1, 3, 3],
  )
  const convolution = (attributes: Record<string, AttributeInput>): OnnxModel =>
    net([...input, weight(), node('Conv', 'xd wd', 'r', attributes), ...output], {
      dims: ['N', 2, 7, 6],
      constants: { w },
    })
  const cases: readonly Record<string, AttributeInput>[] = [
    { group: 2 },
    { group: 2, strides: [2, 1], pads: [1, 0, 2, 1] },
    { group: 2, dilations: [2, 2], pads: [2, 2, 2, 2] },
    { group: 2, auto_pad: 'SAME_UPPER', strides: [2, 2] },
    { group: 2, auto_pad: 'SAME_LOWER', strides: [2, 2] },
    { group: 2, auto_pad: 'VALID' },
  ]
  for (const attributes of cases) assertAsOperators(convolution(attributes), [2, 2, 7, 6])
})

test('weights and biases in float: QuantizeLinear of a constant, a bias rounded by the back end', () => {
  const constants = { wf: float([0.5, -0.75, 1.25, 63.9, -70, 0.26, 0.24, 1], [2, 4]), b: float([3.3, -1.125]) }
  const nodes = [
    ...input,
    node('QuantizeLinear', 'wf half i0', 'w'),
    node('DequantizeLinear', 'w half i0', 'wd'),
    node('Gemm', 'xd wd b', 'r', { transB: 1 }),
    ...output,
  ]
  const program = programOf(net(nodes, { constants }))
  // Steps of a half, to even: 1, -1.5, 2.5, 127.8, -140, 0.52, 0.48, 2.
  assert.equal(Array.from(program.constants.get('r.weight') ?? []), [1, -2, 2, 127, -128, 1, 0, 2])
  // Steps of a quarter, to even: 13.2 and -4.5.
  assert.equal(Array.from(program.constants.get('r.bias') ?? []), [13, -4])
})

test('QLinearConv and QLinearMatMul', () => {
  const end = node('DequantizeLinear', 'rq one z3', 'y')
  const begin = node('QuantizeLinear', 'x half z3', 'xq')
  const conv = net([begin, node('QLinearConv', 'xq half z3 w ws wz one z3 b', 'rq', { pads: [1, 1, 1, 1] }), end], {
    dims: ['N', 1, 4, 4],
    constants: {
      w: int8(
        Array.from({ length: 18 }, (_, i) => i - 8),
        [2, 1, 3, 3],
      ),
      ws: float([0.5, 0.25]),
      wz: int8([0, 0]),
      b: int32([100, -7]),
    },
  })
  assertAsOperators(conv, [2, 1, 4, 4])
  const product = net([begin, node('QLinearMatMul', 'xq half z3 w half i0 one z3', 'rq'), end], {
    constants: { w: int8([1, 2, 3, 4, 5, 6, 7, -8], [4, 2]) },
  })
  assert.equal(opsOf(assertAsOperators(product, [5, 4])), ['gemm'])
})

test('inputs of different quantisers are rescaled into a Concat where the back end has a rule', () => {
  const nodes = [
    ...input,
    node('Sigmoid', 'xd', 's'),
    node('QuantizeLinear', 's quarter z0', 'sq'),
    node('DequantizeLinear', 'sq quarter z0', 'sd'),
    node('Concat', 'xd sd', 'r', { axis: 1 }),
    ...output,
  ]
  assert.equal(opsOf(programOf(net(nodes), findBackend('ort-x86'))), ['table', 'requantise', 'requantise', 'concat'])
  assert.throws(() => programOf(net(nodes)), /node 'r' \(Concat\): .*no rule to rescale/)
})

test('a product with its own Sigmoid is Swish; an activation on either side', () => {
  for (const product of ['xd s', 's xd']) {
    const program = programOf(net([...input, node('Sigmoid', 'xd', 's'), node('Mul', product, 'r'), ...output]))
    assert.equal(
      program.header.steps.map((step) => step.op === 'table' && step.function),
      ['Swish'],
    )
  }
})

test('bias codes for a back end of 8 bits and a shift', () => {
  const pow2 = findBackend('pow2-tensor-npu')
  const symmetric = [
    node('QuantizeLinear', 'x half i0', 'xq'),
    node('DequantizeLinear', 'xq half i0', 'xd'),
    weight(),
    node('DequantizeLinear', 'b quarter', 'bd'),
    node('Gemm', 'xd wd bd', 'r', { transB: 1 }),
    node('QuantizeLinear', 'r one i0', 'rq'),
    node('DequantizeLinear', 'rq one i0', 'y'),
  ]
  const w = int8([1, -2, 3, 4, 5, 6, 7, 8], [2, 4])
  const program = programOf(net(symmetric, { constants: { w, b: int32([4096, -832]) } }), pow2)
  assert.equal(Array.from(program.constants.get('r.bias') ?? []), [64, -13])
  const [step] = program.header.steps
  assert.equal(step.op === 'gemm' && step.bias, { constant: 'r.bias', bits: 8, shift: 6, scale: [16] })
  assert.throws(
    () => programOf(net(symmetric, { constants: { w, b: int32([4097, 0]) } }), pow2),
    /int32 bias is not 8 bits shifted left by at most 15/,
  )
})

test.run()
