import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UnsupportedError } from '../../../engine/base/errors.ts'
import { applyOp } from '../../../engine/core/tape.ts'
import { type FloatTensor, type Tensor, tensor } from '../../../engine/core/tensor.ts'
import { inferShapes } from '../../../engine/graph/inferShapes.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import { GraphRecorder } from '../../../engine/graph/recorder.ts'
import type { OpName } from '../../../engine/ops/names.ts'
import type { Op } from '../../../engine/ops/op.ts'
import { ops } from '../../../engine/ops/table.ts'
import { quantisationPoints } from '../../../quant/affine/points.ts'
import type { QuantisedGraph, QuantisedOpName } from '../../../quant/operators/names.ts'
import { operators, quantisedOps } from '../../../quant/operators/table.ts'
import { messageOf } from '../../support/messageOf.ts'

const test = suite('operators on codes')

for (const [name, op] of Object.entries(quantisedOps) as [string, Op][]) {
  test(`${name}: its samples run and give what the shape rule says`, () => {
    assert.is(op.name, name)
    assert.not(Object.hasOwn(ops, name))
    for (const { inputs, attributes } of op.samples()) {
      const outputs = applyOp(op, inputs, attributes)
      const described = outputs.map(({ dtype, shape }) => ({ dtype, shape }))
      assert.equal(described, op.shape(inputs, attributes))
    }
  })
}

/** x -> QuantizeLinear -> DequantizeLinear -> Conv with a weight of int8 codes -> y. */
function qdqGraph(): QuantisedGraph {
  const g = new GraphRecorder<OpName | QuantisedOpName>('qdq', operators)
  const parameter = (name: string) => g.parameter(name, [], { kind: 'constant', value: 0 }, false)
  const q = [parameter('x_scale'), g.constant('x_zero', [], 'int8')]
  const codes = g.node('QuantizeLinear', [g.input('x', [null, 1, 1, 3]), ...q], {}, 'codes')
  const x = g.node('DequantizeLinear', [codes, ...q])
  const w = g.node('DequantizeLinear', [g.constant('w', [1, 1, 1, 2], 'int8'), parameter('w_scale')])
  const y = g.node('Conv', [x, w], { kernel_shape: [1, 2] })
  return g.finish([['y', y]])
}

const values = (): Map<string, Tensor> =>
  new Map<string, Tensor>([
    ['x_scale', tensor([0.5], [])],
    ['x_zero', tensor([3], [], { dtype: 'int8' })],
    ['w', tensor([-2, 3], [1, 1, 1, 2], { dtype: 'int8' })],
    ['w_scale', tensor([0.25], [])],
  ])

test('a graph with codes runs with the table that knows them', () => {
  const graph = qdqGraph()
  // Codes 3 + [2, 2, -128 after saturation]: 1, 1, -65.5; y = 0.25 (-2 a + 3 b).
  const { y } = runGraph(graph, values(), { x: tensor([0.75, 1, -1000], [1, 1, 1, 3]) }, { operators })
  assert.equal([...y.data], [0.25, 0.25 * (-2 + 3 * -65.5)])
  const specs = inferShapes(graph, operators)
  assert.equal(specs.get('codes'), { dtype: 'int8', shape: [null, 1, 1, 3] })
  assert.equal(specs.get('w'), { dtype: 'int8', shape: [1, 1, 1, 2] })
  assert.equal(specs.get('y'), { dtype: 'float32', shape: [null, 1, 1, 2] })
})

test('the engine alone does not know them, also after they ran', () => {
  const graph = qdqGraph()
  const x = tensor([1, 2, 3], [1, 1, 1, 3])
  runGraph(graph, values(), { x }, { operators })
  const message = messageOf(UnsupportedError, () => runGraph(graph, values(), { x }))
  assert.match(message, /^graph qdq: node 'codes' \(QuantizeLinear\): there is no such operator; there are Abs, Add/)
})

test('taps see the float tensors and never the codes', () => {
  const seen: string[] = []
  const see = (name: string, value: FloatTensor): FloatTensor => {
    seen.push(name)
    return value
  }
  const x = tensor([1, 2, 3], [1, 1, 1, 3])
  runGraph(qdqGraph(), values(), { x }, { operators, tap: { value: see, parameter: see } })
  assert.equal(seen, ['x', 'x_scale', 'x_scale', 'dequantizeLinear1', 'w_scale', 'dequantizeLinear2', 'y'])
})

test('no gradient flows: codes carry none, and asking a float result for one is an error', () => {
  const x = tensor([1, 2], [2], { requiresGrad: true })
  const scale = tensor([0.5], [], { requiresGrad: true })
  const [codes] = applyOp(quantisedOps.QuantizeLinear, [x, scale], {})
  assert.is(codes.requiresGrad, false)
  const [y] = applyOp(quantisedOps.DequantizeLinear, [codes, scale], {})
  assert.match(
    messageOf(UnsupportedError, () => y.backward(tensor([1, 1]))),
    /^DequantizeLinear: no gradient flows through it; train with fakeQuantise/,
  )
})

test('codes among the parameters of a float graph are no weights to quantise', () => {
  const g = new GraphRecorder('codes')
  const w = g.constant('w', [2, 2], 'int8')
  const y = g.node('Relu', [g.input('x', [null, 2])])
  const graph = g.finish([['y', y]])
  assert.is(w.name, 'w')
  const gemm = { name: 'm', op: 'MatMul', inputs: ['y', 'w'], outputs: ['z'], attributes: {} } as const
  assert.equal(quantisationPoints({ ...graph, nodes: [...graph.nodes, gemm], outputs: ['z'] }).weights, [])
})

test.run()
