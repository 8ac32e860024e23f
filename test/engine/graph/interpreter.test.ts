import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError, UsageError } from '../../../engine/base/errors.ts'
import { noGrad } from '../../../engine/core/tape.ts'
import { type FloatTensor, full, type Tensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import type { Graph, Parameters } from '../../../engine/graph/graph.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph, type Tap } from '../../../engine/graph/interpreter.ts'
import { trainableParameters } from '../../../engine/graph/parameters.ts'

const test = suite('graph interpreter')

/** Checks that `body` throws a ShapeError with exactly this message. */
function refused(body: () => unknown, message: string): void {
  assert.throws(body, (error: Error) => {
    assert.instance(error, ShapeError)
    assert.is(error.message, message)
    return true
  })
}

/** y = relu(x * w) with a parameter w = [2, -1]. */
const scaled: Graph = buildGraph('scaled', (g) => {
  const x = g.input('x', [null, 2])
  const w = g.parameter('w', [2], { kind: 'constant', value: 0 })
  return { y: g.relu(g.mul(x, w)) }
})
const scaledParameters = (): Parameters => new Map([['w', tensor([2, -1])]])

test('computes outputs by name, for any batch, also none', () => {
  const { y } = runGraph(scaled, scaledParameters(), { x: tensor([1, 2, -3, -4], [2, 2]) })
  assert.equal([...y.data], [2, 0, 0, 4])
  assert.equal(y.shape, [2, 2])
  const empty = runGraph(scaled, scaledParameters(), { x: zeros([0, 2]) })
  assert.equal(empty.y.shape, [0, 2])
})

test('several inputs and outputs, an input as output, absent optional inputs', () => {
  const graph = buildGraph('two', (g) => {
    const a = g.input('a', [2])
    const b = g.input('b', [2])
    return { sum: g.add(a, b), product: g.node('Mul', [a, b]) }
  })
  const results = runGraph(graph, new Map(), { a: tensor([1, 2]), b: tensor([3, 5]) })
  assert.equal(Object.keys(results), ['sum', 'product'])
  assert.equal([...results.sum.data], [4, 7])
  assert.equal([...results.product.data], [3, 10])
  const identity = buildGraph('same', (g) => g.input('a', [2]))
  assert.equal([...runGraph(identity, new Map(), { a: tensor([1, 2]) }).a.data], [1, 2])
  const normalised = buildGraph('ln', (g) => {
    const scale = g.parameter('scale', [2], { kind: 'constant', value: 1 })
    return { y: g.node('LayerNormalization', [g.input('x', [1, 2]), scale, null]) }
  })
  assert.equal(normalised.nodes[0].inputs, ['x', 'scale', ''])
  const { y } = runGraph(normalised, initialise(normalised, 0), { x: tensor([0, 2], [1, 2]) })
  assert.ok(Math.abs(y.data[0] + 1) < 1e-4 && Math.abs(y.data[1] - 1) < 1e-4)
})

test('gradients reach the parameters; without a trainable one, or in noGrad, nothing is recorded', () => {
  const parameters = scaledParameters()
  const x = tensor([1, 2, -3, -4], [2, 2])
  assert.is(runGraph(scaled, parameters, { x }).y.requiresGrad, false)
  const trainable = trainableParameters(scaled, parameters)
  const y = runGraph(scaled, parameters, { x }).y as FloatTensor
  y.backward(full([2, 2], 1))
  // Only products above 0 pass: 1 * 2 for w[0], -4 * -1 for w[1].
  assert.equal([...(trainable.get('w')?.grad?.data ?? [])], [1, -4])
  assert.is(noGrad(() => runGraph(scaled, parameters, { x })).y.requiresGrad, false)
})

test('the tap sees and replaces inputs, parameters and results, in order', () => {
  const seen: string[] = []
  const tap: Tap = {
    parameter(name, value, node) {
      seen.push(`${name} for ${node.op}`)
      assert.equal([...value.data], [2, -1])
      return tensor([10, 10])
    },
    value(name, value) {
      seen.push(`${name} ${[...value.data]}`)
      return name === 'x' ? tensor([1, 3], [1, 2]) : name === 'y' ? tensor([7, 8], [1, 2]) : value
    },
  }
  const { y } = runGraph(scaled, scaledParameters(), { x: tensor([5, 5], [1, 2]) }, { tap })
  assert.equal(seen, ['x 5,5', 'w for Mul', 'mul1 10,30', 'y 10,30'])
  assert.equal([...y.data], [7, 8])
})

test('a parameter that two nodes share is tapped for each; integer tensors are not tapped', () => {
  const graph = buildGraph('shared', (g) => {
    const w = g.parameter('w', [1], { kind: 'constant', value: 1 })
    const codes = g.input('codes', [2], 'int32')
    return { y: g.mul(g.add(g.input('x', [1]), w), w), copy: g.reshape(codes, { shape: [1, 2] }) }
  })
  const seen: string[] = []
  const tap: Tap = {
    parameter: (name, value, node) => {
      seen.push(`${name} ${node.name}`)
      return value
    },
    value: (name, value) => {
      seen.push(name)
      return value
    },
  }
  const feeds = { x: tensor([1]), codes: tensor([3, 4], [2], { dtype: 'int32' }) }
  const { y, copy } = runGraph(graph, initialise(graph, 0), feeds, { tap })
  assert.is(y.item(), 2)
  assert.is(copy.dtype, 'int32')
  assert.equal(seen, ['x', 'w add1', 'add1', 'w mul1', 'y'])
})

test('gradients flow through what a tap returns', () => {
  const parameters = scaledParameters()
  const inner = tensor([3, 3], [2], { requiresGrad: true })
  const tap: Tap = { parameter: () => inner }
  const y = runGraph(scaled, parameters, { x: tensor([1, 2], [1, 2]) }, { tap }).y as FloatTensor
  y.backward(full([1, 2], 1))
  assert.equal([...(inner.grad as FloatTensor).data], [1, 2])
})

test('a tap that changes the shape or dtype is refused', () => {
  const x = tensor([1, 2], [1, 2])
  const wide: Tap = { value: () => zeros([2, 2]) }
  refused(
    () => runGraph(scaled, scaledParameters(), { x }, { tap: wide }),
    "graph scaled: the tap returned float32 [2, 2] for 'x', wanted float32 [1, 2]",
  )
  const codes: Tap = { parameter: () => zeros([2], { dtype: 'int8' }) as Tensor as FloatTensor }
  refused(
    () => runGraph(scaled, scaledParameters(), { x }, { tap: codes }),
    "graph scaled: the tap returned int8 [2] for 'w', wanted float32 [2]",
  )
})

const normed: Graph = buildGraph('normed', (g) => ({ y: g.batchNorm(g.input('x', [null, 1, 1, 2])) }))

test('training updates the running statistics as PyTorch does; evaluation uses and keeps them', () => {
  const parameters = initialise(normed, 1)
  const mean = parameters.get('bn1.running_mean') as FloatTensor
  const variance = parameters.get('bn1.running_var') as FloatTensor
  const x = tensor([1, 2, 3, 4], [2, 1, 1, 2])
  const near = (value: number, expected: number) => assert.ok(Math.abs(value - expected) < 1e-6, `${value}`)

  // Batch mean 2.5, population variance 1.25, unbiased 5/3.
  const trained = runGraph(normed, parameters, { x }, { training: true })
  assert.equal(Object.keys(trained), ['y'])
  near(trained.y.data[0], -1.5 / Math.sqrt(1.25 + 1e-5))
  near(mean.item(), 0.25)
  near(variance.item(), 0.9 + 0.1 * (5 / 3))
  runGraph(normed, parameters, { x }, { training: true })
  near(mean.item(), 0.9 * 0.25 + 0.25)
  near(variance.item(), 0.9 * (0.9 + 0.5 / 3) + 0.5 / 3)
  assert.is(parameters.get('bn1.running_mean'), mean)

  const before = [mean.item(), variance.item()]
  const { y } = runGraph(normed, parameters, { x })
  near(y.data[3], (4 - before[0]) / Math.sqrt(before[1] + 1e-5))
  assert.equal([mean.item(), variance.item()], before)
})

test("the run decides on training, whatever the node's training_mode says", () => {
  const [node] = normed.nodes
  const stored: Graph = { ...normed, nodes: [{ ...node, attributes: { ...node.attributes, training_mode: 1 } }] }
  const parameters = initialise(stored, 1)
  const { y } = runGraph(stored, parameters, { x: tensor([3, 4], [1, 1, 1, 2]) })
  assert.ok(Math.abs(y.data[0] - 3) < 1e-4)
  assert.is(parameters.get('bn1.running_mean')?.item(), 0)
})

test('training needs running statistics that are parameters', () => {
  const graph = buildGraph('computed', (g) => {
    const one = (name: string) => g.parameter(name, [1], { kind: 'constant', value: 1 })
    const inputs = [g.input('x', [null, 1]), one('scale'), one('bias'), g.relu(one('mean')), one('variance')]
    return g.node('BatchNormalization', inputs)
  })
  const x = tensor([1, 2], [2, 1])
  const parameters = initialise(graph, 1)
  assert.ok(runGraph(graph, parameters, { x }))
  assert.throws(() => runGraph(graph, parameters, { x }, { training: true }), /'relu1' is computed; to train, make it/)
})

test('feeds that do not fit', () => {
  const graph = buildGraph('lenet', (g) => g.relu(g.input('image', [null, 1, 28, 28])))
  const run = (feeds: Record<string, Tensor>) => () => runGraph(graph, new Map(), feeds)
  refused(
    run({ image: zeros([32, 3, 28, 28]) }),
    "graph lenet: input 'image' is [32, 3, 28, 28], wanted [?, 1, 28, 28]",
  )
  refused(run({ image: zeros([28, 28]) }), "graph lenet: input 'image' is [28, 28], wanted [?, 1, 28, 28]")
  refused(
    run({ image: zeros([1, 1, 28, 28], { dtype: 'uint8' }) }),
    "graph lenet: input 'image' is uint8, wanted float32",
  )
  refused(run({}), "graph lenet: input 'image' was not fed; feed 'image'")
  refused(
    run({ image: zeros([1, 1, 28, 28]), img: zeros([1]) }),
    "graph lenet: there is no input 'img' to feed; feed 'image'",
  )
})

test('parameters that do not fit, and operators that fail, say where', () => {
  const x = zeros([1, 2])
  refused(
    () => runGraph(scaled, new Map([['v', zeros([1])]]), { x }),
    "graph scaled: the parameters do not fit: 'w' is missing; 'v' is not a parameter of the graph",
  )
  const sum = buildGraph('sum', (g) => g.add(g.input('a', [null]), g.input('b', [null])))
  assert.throws(
    () => runGraph(sum, new Map(), { a: zeros([2]), b: zeros([3]) }),
    (error: Error) => error instanceof ShapeError && /^graph sum: node 'add1' \(Add\): /.test(error.message),
  )
  const broken: Graph = { ...sum, outputs: ['c'] }
  assert.throws(
    () => runGraph(broken, new Map(), { a: zeros([2]), b: zeros([2]) }),
    (error: Error) => error instanceof UsageError,
  )
})

test.run()
