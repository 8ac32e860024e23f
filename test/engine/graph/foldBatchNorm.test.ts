import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NumericError, ShapeError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { type FloatTensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import { buildGraph, type GraphBuilder, type Value } from '../../../engine/graph/builder.ts'
import { checkGraph } from '../../../engine/graph/checkGraph.ts'
import { foldBatchNorm } from '../../../engine/graph/foldBatchNorm.ts'
import type { Graph, Parameters } from '../../../engine/graph/graph.ts'
import { inferShapes } from '../../../engine/graph/inferShapes.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'

const test = suite('folding batch norm')

/** Parameters with every batch norm away from the identity. */
function trained(graph: Graph): Parameters {
  const parameters = initialise(graph, 3)
  for (const [name, value] of parameters) {
    const stream = new RandomStream(5, name)
    const [low, high] = name.endsWith('running_var') ? [0.2, 3] : [-1.5, 1.5]
    if (/bn\d*\./.test(name)) for (let i = 0; i < value.size; i++) value.data[i] = low + (high - low) * stream.uniform()
  }
  return parameters
}

/** A tensor of draws in [-1, 1). */
function noise(shape: number[]): FloatTensor {
  const result = zeros(shape)
  const stream = new RandomStream(9, 'noise')
  for (let i = 0; i < result.size; i++) result.data[i] = 2 * stream.uniform() - 1
  return result
}

/** Builds, folds, and checks that both graphs compute the same. Returns the folded graph. */
function checkFolded(shape: number[], body: (g: GraphBuilder, x: Value) => Value): Graph {
  const graph = buildGraph('net', (g) => ({ y: body(g, g.input('x', [null, ...shape.slice(1)])) }))
  const parameters = trained(graph)
  const copies = [...parameters].map(([name, value]) => [name, [...value.data]])
  const text = JSON.stringify(graph)
  const folded = foldBatchNorm(graph, parameters)
  checkGraph(folded.graph)
  const x = noise(shape)
  const { y } = runGraph(graph, parameters, { x })
  const after = runGraph(folded.graph, folded.parameters, { x }).y
  assert.equal(after.shape, y.shape)
  for (let i = 0; i < y.size; i++) {
    assert.ok(Math.abs(after.data[i] - y.data[i]) <= 1e-5 * Math.max(1, Math.abs(y.data[i])), `element ${i}`)
  }
  // The arguments are as they were.
  assert.is(JSON.stringify(graph), text)
  assert.equal(
    [...parameters].map(([name, value]) => [name, [...value.data]]),
    copies,
  )
  return folded.graph
}

const opsOf = (graph: Graph) => graph.nodes.map(({ op }) => op)

test('values by hand: a 1x1 convolution, with and without bias', () => {
  for (const bias of [true, false]) {
    const graph = buildGraph('net', (g) => {
      const x = g.input('x', [null, 1, 2, 2])
      return g.batchNorm(g.conv(x, { name: 'conv', out: 2, kernel: 1, bias }), { name: 'bn', eps: 0.25 })
    })
    const parameters: Parameters = new Map([
      ['conv.weight', tensor([3, -5], [2, 1, 1, 1])],
      ['bn.weight', tensor([2, 4])],
      ['bn.bias', tensor([10, 20])],
      ['bn.running_mean', tensor([1, -1])],
      ['bn.running_var', tensor([3.75, 0])],
    ])
    if (bias) parameters.set('conv.bias', tensor([0.5, 7]))
    const folded = foldBatchNorm(graph, parameters)
    // Factors 2 / sqrt(4) = 1 and 4 / sqrt(0.25) = 8.
    assert.equal([...(folded.parameters.get('conv.weight') as FloatTensor).data], [3, -40])
    const expected = bias ? [10 + (0.5 - 1), 20 + (7 + 1) * 8] : [10 - 1, 20 + 8]
    assert.equal([...(folded.parameters.get('conv.bias') as FloatTensor).data], expected)
    assert.equal([...folded.parameters.keys()].sort(), ['conv.bias', 'conv.weight'])
    assert.equal(
      folded.graph.parameters.map(({ name, shape }) => [name, shape]),
      [
        ['conv.weight', [2, 1, 1, 1]],
        ['conv.bias', [2]],
      ],
    )
    assert.equal(
      folded.graph.nodes.map(({ name, inputs, outputs }) => ({ name, inputs, outputs })),
      [{ name: 'conv', inputs: ['x', 'conv.weight', 'conv.bias'], outputs: ['bn'] }],
    )
    assert.equal(folded.graph.outputs, ['bn'])
  }
})

test('one rounding: computed in double', () => {
  const graph = buildGraph('net', (g) => g.batchNorm(g.linear(g.input('x', [null, 1]), { name: 'fc', out: 1 })))
  const [w, b, scale, offset, mean, variance] = [0.1, 0.7, 1.3, -0.2, 0.33, 1.7].map(Math.fround)
  const parameters: Parameters = new Map([
    ['fc.weight', tensor([w], [1, 1])],
    ['fc.bias', tensor([b])],
    ['bn1.weight', tensor([scale])],
    ['bn1.bias', tensor([offset])],
    ['bn1.running_mean', tensor([mean])],
    ['bn1.running_var', tensor([variance])],
  ])
  const folded = foldBatchNorm(graph, parameters).parameters
  const factor = scale / Math.sqrt(variance + 1e-5)
  assert.is(folded.get('fc.weight')?.item(), Math.fround(w * factor))
  assert.is(folded.get('fc.bias')?.item(), Math.fround(offset + (b - mean) * factor))
})

test('convolutions, grouped and transposed ones, linear layers compute the same after folding', () => {
  const conv = checkFolded([2, 3, 7, 6], (g, x) =>
    g.relu(g.batchNorm(g.conv(x, { out: 5, kernel: 3, pad: 1, stride: 2, bias: false }))),
  )
  assert.equal(opsOf(conv), ['Conv', 'Relu'])
  const grouped = checkFolded([2, 4, 5, 5], (g, x) => g.batchNorm(g.conv(x, { out: 6, kernel: 3, groups: 2 })))
  assert.equal(opsOf(grouped), ['Conv'])
  const transposed = checkFolded([2, 4, 3, 3], (g, x) =>
    g.batchNorm(g.convTranspose(x, { out: 6, kernel: [2, 3], stride: 2, groups: 2 })),
  )
  assert.equal(opsOf(transposed), ['ConvTranspose'])
  const linear = checkFolded([3, 4], (g, x) => g.batchNorm(g.linear(x, { out: 5 })))
  assert.equal(opsOf(linear), ['Gemm'])
  const upright = checkFolded([3, 4], (g, x) => {
    const weight = g.parameter('w.weight', [4, 5], { kind: 'uniform', bound: 1 })
    return g.batchNorm(g.node('Gemm', [x, weight], { alpha: 0.5 }))
  })
  assert.equal(opsOf(upright), ['Gemm'])
})

test('two batch norms in a row fold one after the other, and blocks around a shortcut each by itself', () => {
  const chain = checkFolded([2, 2, 4, 4], (g, x) => g.batchNorm(g.batchNorm(g.conv(x, { out: 3, kernel: 3 }))))
  assert.equal(opsOf(chain), ['Conv'])
  const block = checkFolded([2, 4, 4, 4], (g, x) => {
    const y = g.relu(g.batchNorm(g.conv(x, { out: 4, kernel: 3, pad: 1 })))
    return g.relu(g.add(g.batchNorm(g.conv(y, { out: 4, kernel: 3, pad: 1 })), x))
  })
  assert.equal(opsOf(block), ['Conv', 'Relu', 'Conv', 'Add', 'Relu'])
  inferShapes(block)
})

test('batch norms that cannot be folded stay, with their parameters', () => {
  const alone = checkFolded([2, 2, 4, 4], (g, x) => g.batchNorm(g.maxPool(x, { kernel: 2 })))
  assert.equal(opsOf(alone), ['MaxPool', 'BatchNormalization'])
  assert.is(alone.parameters.length, 4)
  const input = checkFolded([2, 2, 4, 4], (g, x) => g.conv(g.batchNorm(x), { out: 1, kernel: 1 }))
  assert.equal(opsOf(input), ['BatchNormalization', 'Conv'])
  const twice = checkFolded([2, 2, 4, 4], (g, x) => {
    const y = g.conv(x, { out: 3, kernel: 3 })
    return g.add(g.batchNorm(y), y)
  })
  assert.equal(opsOf(twice), ['Conv', 'BatchNormalization', 'Add'])
  const sharedWeight = checkFolded([2, 3], (g, x) => {
    const weight = g.parameter('shared', [3, 3], { kind: 'uniform', bound: 1 })
    return g.batchNorm(g.node('Gemm', [g.node('Gemm', [x, weight]), weight]))
  })
  assert.equal(opsOf(sharedWeight), ['Gemm', 'Gemm', 'BatchNormalization'])
  const beta = checkFolded([2, 3], (g, x) => {
    const weight = g.parameter('w', [3, 3], { kind: 'uniform', bound: 1 })
    const bias = g.parameter('b', [3], { kind: 'uniform', bound: 1 })
    return g.batchNorm(g.node('Gemm', [x, weight, bias], { beta: 2 }))
  })
  assert.equal(opsOf(beta), ['Gemm', 'BatchNormalization'])
  const wide = checkFolded([2, 3], (g, x) => {
    const weight = g.parameter('w', [3, 3], { kind: 'uniform', bound: 1 })
    return g.batchNorm(g.node('Gemm', [x, weight, g.parameter('b', [1], { kind: 'uniform', bound: 1 })]))
  })
  assert.equal(opsOf(wide), ['Gemm', 'BatchNormalization'])
  const computed = checkFolded([2, 3], (g, x) => {
    const weight = g.parameter('w', [3, 3], { kind: 'uniform', bound: 1 })
    return g.batchNorm(g.node('Gemm', [x, g.relu(weight)]))
  })
  assert.equal(opsOf(computed), ['Relu', 'Gemm', 'BatchNormalization'])
})

test("a layer whose output is also the graph's stays", () => {
  const graph = buildGraph('net', (g) => {
    const y = g.conv(g.input('x', [null, 1, 2, 2]), { out: 1, kernel: 1 })
    return [y, g.batchNorm(y)]
  })
  assert.equal(opsOf(foldBatchNorm(graph, trained(graph)).graph), ['Conv', 'BatchNormalization'])
})

test('parameters that two batch norms share leave only with the last', () => {
  const graph = buildGraph('net', (g) => {
    const x = g.input('x', [null, 2])
    const shared = ['weight', 'bias', 'mean', 'var'].map((name) =>
      g.parameter(`bn.${name}`, [2], { kind: 'constant', value: 1 }),
    )
    const folded = g.node('BatchNormalization', [g.linear(x, { out: 2 }), ...shared])
    return g.node('BatchNormalization', [g.relu(folded), ...shared])
  })
  const { graph: after, parameters } = foldBatchNorm(graph, initialise(graph, 1))
  assert.equal(opsOf(after), ['Gemm', 'Relu', 'BatchNormalization'])
  assert.equal([...parameters.keys()].sort(), ['bn.bias', 'bn.mean', 'bn.var', 'bn.weight', 'fc1.bias', 'fc1.weight'])
})

test('a new bias avoids names that are taken', () => {
  const graph = buildGraph('net', (g) => {
    const x = g.input('fc1.bias', [null, 2])
    return g.batchNorm(g.linear(x, { out: 2, bias: false }))
  })
  const { graph: after } = foldBatchNorm(graph, initialise(graph, 1))
  assert.equal(after.nodes[0].inputs, ['fc1.bias', 'fc1.weight', 'fc1.bias1'])
})

test('impossible variances and wrong parameters are refused', () => {
  const graph = buildGraph('net', (g) => g.batchNorm(g.linear(g.input('x', [null, 1]), { out: 2 })))
  for (const variance of [-1, Number.NaN]) {
    const parameters = initialise(graph, 1)
    parameters.set('bn1.running_var', tensor([1, variance]))
    assert.throws(
      () => foldBatchNorm(graph, parameters),
      (error: Error) =>
        error instanceof NumericError && /'bn1' \(Batch.*: folding channel 1: variance (-1|NaN)/.test(error.message),
    )
  }
  assert.throws(
    () => foldBatchNorm(graph, new Map()),
    (error: Error) => error instanceof ShapeError && /'fc1.weight' is missing/.test(error.message),
  )
})

test.run()
