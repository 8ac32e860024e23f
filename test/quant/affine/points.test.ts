import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AttributeValue, Graph, GraphNode } from '../../../engine/graph/graph.ts'
import type { OpName } from '../../../engine/ops/names.ts'
import { quantisationPoints } from '../../../quant/affine/points.ts'

const test = suite('quantisationPoints')

/** A node named after its output. */
function node(
  op: OpName,
  inputs: string[],
  output: string,
  attributes: Record<string, AttributeValue> = {},
): GraphNode {
  return { name: `${output}_node`, op, inputs, outputs: [output], attributes }
}

/** A graph whose parameters are given as name: rank. */
function graph(nodes: GraphNode[], outputs: string[], ranks: Record<string, number> = {}): Graph {
  return {
    name: 'test',
    inputs: [{ name: 'x', dtype: 'float32', shape: [null, 1, 4, 4] }],
    outputs,
    nodes,
    parameters: Object.entries(ranks).map(([name, rank]) => ({
      name,
      shape: new Array<number>(rank).fill(1),
      trainable: true,
      initialiser: { kind: 'constant', value: 0 },
    })),
  }
}

const statistics = { g: 1, b: 1, m: 1, v: 1 }

test('a small network, unfolded and folded', () => {
  const tail = [
    node('MaxPool', ['r'], 'p'),
    node('Flatten', ['p'], 'f'),
    node('Gemm', ['f', 'fc', 'fb'], 'logits', { transB: 1 }),
  ]
  const unfolded = graph(
    [
      node('Conv', ['x', 'w'], 'c'),
      node('BatchNormalization', ['c', 'g', 'b', 'm', 'v'], 'n'),
      node('Relu', ['n'], 'r'),
      ...tail,
    ],
    ['logits'],
    { w: 4, fc: 2, fb: 1, ...statistics },
  )
  const folded = graph([node('Conv', ['x', 'w', 'cb'], 'n'), node('Relu', ['n'], 'r'), ...tail], ['logits'], {
    w: 4,
    cb: 1,
    fc: 2,
    fb: 1,
  })
  for (const g of [unfolded, folded]) {
    assert.equal(quantisationPoints(g).activations, ['x', 'r', 'logits'])
    assert.equal(
      quantisationPoints(g).weights.map(({ parameter, axis }) => [parameter, axis]),
      [
        ['w', 0],
        ['fc', 0],
      ],
    )
  }
  assert.is(quantisationPoints(folded).weights[0].node, 'n_node')
})

test('a residual block: the add fuses its activation, the branches are points', () => {
  const g = graph(
    [
      node('Conv', ['x', 'w1'], 'a'),
      node('Relu', ['a'], 'r'),
      node('Conv', ['r', 'w2'], 'c'),
      node('BatchNormalization', ['c', 'g', 'b', 'm', 'v'], 'n'),
      node('Add', ['n', 'r'], 's'),
      node('Relu', ['s'], 'out'),
      node('GlobalAveragePool', ['out'], 'pool'),
    ],
    ['pool'],
    { w1: 4, w2: 4, ...statistics },
  )
  assert.equal(quantisationPoints(g).activations, ['x', 'r', 'n', 'out', 'pool'])
})

test('fusion stops at a second consumer and at a graph output', () => {
  const twice = [
    node('Conv', ['x', 'w'], 'c'),
    node('Relu', ['c'], 'r'),
    node('Sub', ['c', 'r'], 'd'),
    node('Clip', ['d'], 'e', { min: 0, max: 6 }),
  ]
  assert.equal(quantisationPoints(graph(twice, ['e'], { w: 4 })).activations, ['x', 'c', 'r', 'e'])
  const output = [node('Conv', ['x', 'w'], 'c'), node('Relu', ['c'], 'r')]
  assert.equal(quantisationPoints(graph(output, ['c', 'r'], { w: 4 })).activations, ['x', 'c', 'r'])
  // The same tensor twice into one node is two uses.
  const square = [node('Conv', ['x', 'w'], 'c'), node('Mul', ['c', 'c'], 'm')]
  assert.equal(quantisationPoints(graph(square, ['m'], { w: 4 })).activations, ['x', 'c', 'm'])
})

test('a chain of clamps fuses, other activations are points of their own', () => {
  const clamps = [node('Conv', ['x', 'w'], 'c'), node('Relu', ['c'], 'r'), node('Clip', ['r'], 'l')]
  assert.equal(quantisationPoints(graph(clamps, ['l'], { w: 4 })).activations, ['x', 'l'])
  const sigmoid = [node('Conv', ['x', 'w'], 'c'), node('Sigmoid', ['c'], 's'), node('Softmax', ['s'], 'o')]
  assert.equal(quantisationPoints(graph(sigmoid, ['o'], { w: 4 })).activations, ['x', 'c', 's', 'o'])
  // A batch norm behind an activation is not the convolution's; it takes its own clamp with it.
  const late = [
    node('Conv', ['x', 'w'], 'c'),
    node('Relu', ['c'], 'r'),
    node('BatchNormalization', ['r', 'g', 'b', 'm', 'v'], 'n'),
    node('Relu', ['n'], 'o'),
  ]
  assert.equal(quantisationPoints(graph(late, ['o'], { w: 4, ...statistics })).activations, ['x', 'r', 'o'])
})

test('a clamp by itself is a point; what only moves values is none', () => {
  const g = graph(
    [
      node('Relu', ['x'], 'r'),
      node('Transpose', ['r'], 't'),
      node('Reshape', ['t'], 's'),
      node('Slice', ['s'], 'part'),
      node('Pad', ['part'], 'padded'),
      node('AveragePool', ['padded'], 'a'),
      node('GlobalMaxPool', ['a'], 'm'),
      node('Concat', ['m', 'm'], 'k'),
    ],
    ['k'],
  )
  assert.equal(quantisationPoints(g).activations, ['x', 'r', 'a', 'k'])
  // A pool between a convolution and its activation ends the fusion.
  const pooled = [node('Conv', ['x', 'w'], 'c'), node('MaxPool', ['c'], 'p'), node('Relu', ['p'], 'r')]
  assert.equal(quantisationPoints(graph(pooled, ['r'], { w: 4 })).activations, ['x', 'c', 'r'])
})

test('weight axes', () => {
  const g = graph(
    [
      node('ConvTranspose', ['x', 'wt'], 't'),
      node('Gemm', ['t', 'g0'], 'a'),
      node('Gemm', ['a', 'g1'], 'b', { transB: 1 }),
      node('MatMul', ['b', 'm2'], 'c'),
      node('MatMul', ['c', 'm3'], 'd'),
      node('MatMul', ['left', 'd'], 'e'),
      node('MatMul', ['d', 'e'], 'f'),
      node('Gemm', ['gl', 'f'], 'o', { transA: 1 }),
    ],
    ['o'],
    { wt: 4, g0: 2, g1: 2, m2: 2, m3: 3, left: 2, gl: 2 },
  )
  assert.equal(
    quantisationPoints(g).weights.map(({ parameter, axis }) => `${parameter}:${axis}`),
    ['wt:1', 'g0:1', 'g1:0', 'm2:1', 'm3:2', 'left:0', 'gl:1'],
  )
})

test('a shared weight is listed for each node; element-wise parameters are not weights', () => {
  const g = graph(
    [node('Conv', ['x', 'w'], 'a'), node('Conv', ['a', 'w'], 'b'), node('Add', ['b', 'shift'], 'c')],
    ['c'],
    { w: 4, shift: 1 },
  )
  assert.equal(
    quantisationPoints(g).weights.map(({ parameter, node }) => `${parameter} ${node}`),
    ['w a_node', 'w b_node'],
  )
  assert.equal(quantisationPoints(g).activations, ['x', 'a', 'b', 'c'])
})

test('labels and losses are not quantised', () => {
  const g: Graph = {
    ...graph([node('Gemm', ['x', 'w'], 'logits'), node('SoftmaxCrossEntropyLoss', ['logits', 'y'], 'loss')], ['loss'], {
      w: 2,
    }),
    inputs: [
      { name: 'x', dtype: 'float32', shape: [null, 4] },
      { name: 'y', dtype: 'int32', shape: [null] },
    ],
  }
  assert.equal(quantisationPoints(g).activations, ['x', 'logits'])
})

test.run()
