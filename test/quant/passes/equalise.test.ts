import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { noGrad } from '../../../engine/core/tape.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph, type GraphBuilder, type Value } from '../../../engine/graph/builder.ts'
import { foldBatchNorm } from '../../../engine/graph/foldBatchNorm.ts'
import type { Graph, Parameters } from '../../../engine/graph/graph.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import { buildModel } from '../../../models/zoo/index.ts'
import { equalise } from '../../../quant/passes/equalise.ts'
import { throwsWith } from '../affine/throwsWith.ts'

const test = suite('cross-layer equalisation')

const random = new RandomStream(1, 'equalise')
const noise = (shape: number[]): FloatTensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform() * 2 - 1),
    shape,
  )
const data = (parameters: Parameters, name: string): number[] => [...(parameters.get(name) as FloatTensor).data]
const run = (graph: Graph, parameters: Parameters, x: FloatTensor): Float32Array =>
  noGrad(() => runGraph(graph, parameters, { x }))[graph.outputs[0]].data as Float32Array

/** Every channel of every first dimension times a factor between 1/20 and 20. */
function unbalance(parameters: Parameters): void {
  for (const { data, shape } of parameters.values()) {
    const inner = data.length / (shape[0] ?? 1)
    for (let c = 0; c < (shape[0] ?? 1); c++) {
      const factor = 20 ** (random.uniform() * 2 - 1)
      for (let i = c * inner; i < (c + 1) * inner; i++) data[i] *= factor
    }
  }
}

/** Asserts that outputs agree within 2e-5 of their largest. */
function sameFunction(graph: Graph, before: Parameters, after: Parameters, x: FloatTensor): void {
  const wanted = run(graph, before, x)
  const got = run(graph, after, x)
  const scale = wanted.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  assert.ok(scale > 0)
  for (let i = 0; i < wanted.length; i++) {
    assert.ok(Math.abs(got[i] - wanted[i]) <= 2e-5 * scale, `${i}: ${got[i]}, was ${wanted[i]}, largest ${scale}`)
  }
}

const net = (body: (g: GraphBuilder, x: Value) => Value, shape: (number | null)[]): Graph =>
  buildGraph('net', (g) => ({ y: body(g, g.input('x', shape)) }))

test('hand-computed: two channels', () => {
  const graph = net((g, x) => g.linear(g.relu(g.linear(x, { name: 'a', out: 2 })), { name: 'b', out: 1 }), [null, 1])
  const parameters: Parameters = new Map([
    ['a.weight', tensor([4, 1], [2, 1])],
    ['a.bias', tensor([2, 2])],
    ['b.weight', tensor([1, 4], [1, 2])],
    ['b.bias', tensor([7])],
  ])
  const result = equalise(graph, parameters)
  assert.equal(data(result.parameters, 'a.weight'), [2, 2])
  assert.equal(data(result.parameters, 'a.bias'), [1, 4])
  assert.equal(data(result.parameters, 'b.weight'), [2, 2])
  assert.equal(data(parameters, 'a.weight'), [4, 1], 'the model that came in is as it was')
  assert.is(result.parameters.get('b.bias')?.data[0], 7)
})

/** The ranges that a pair of layers shares must agree, channel by channel. */
function assertEqual(first: number[], second: number[]): void {
  for (const [i, r] of first.entries()) assert.ok(Math.abs(r / second[i] - 1) < 0.02, `${i}: ${r} and ${second[i]}`)
}

const largestBy = (values: number[], channels: number, channelOf: (i: number) => number): number[] => {
  const found = new Array<number>(channels).fill(0)
  for (const [i, v] of values.entries()) found[channelOf(i)] = Math.max(found[channelOf(i)], Math.abs(v))
  return found
}

test('convolutions with a depthwise one in the middle: the same function, all ranges equal', () => {
  const graph = net(
    (g, x) => {
      const a = g.relu(g.conv(x, { name: 'a', out: 6, kernel: 1 }))
      const d = g.relu(g.conv(a, { name: 'd', out: 6, kernel: 3, pad: 1, groups: 6 }))
      return g.conv(d, { name: 'p', out: 4, kernel: 1 })
    },
    [null, 3, 5, 5],
  )
  const parameters = initialise(graph, 1)
  unbalance(parameters)
  const result = equalise(graph, parameters)
  sameFunction(graph, parameters, result.parameters, noise([2, 3, 5, 5]))
  const a = largestBy(data(result.parameters, 'a.weight'), 6, (i) => Math.floor(i / 3))
  const d = largestBy(data(result.parameters, 'd.weight'), 6, (i) => Math.floor(i / 9))
  const p = largestBy(data(result.parameters, 'p.weight'), 6, (i) => i % 6)
  assertEqual(a, d)
  assertEqual(d, p)
})

test('grouped convolutions, pooling, and a flatten that turns channels into runs of features', () => {
  const graph = net(
    (g, x) => {
      const a = g.maxPool(g.relu(g.conv(x, { name: 'a', out: 4, kernel: 3 })), { kernel: 2 })
      const b = g.conv(a, { name: 'b', out: 6, kernel: 1, groups: 2 })
      return g.linear(g.relu(b), { name: 'c', out: 3 })
    },
    [null, 2, 6, 6],
  )
  const parameters = initialise(graph, 2)
  unbalance(parameters)
  const result = equalise(graph, parameters)
  sameFunction(graph, parameters, result.parameters, noise([3, 2, 6, 6]))
  // b is [6, 2, 1, 1]: outputs 0 ... 2 read channels 0 and 1, the others 2 and 3. c reads 6 channels of 4 features.
  const a = largestBy(data(result.parameters, 'a.weight'), 4, (i) => Math.floor(i / 18))
  const bIn = largestBy(data(result.parameters, 'b.weight'), 4, (i) => Math.floor(i / 6) * 2 + (i % 2))
  assertEqual(a, bIn)
  const bOut = largestBy(data(result.parameters, 'b.weight'), 6, (i) => Math.floor(i / 2))
  const c = largestBy(data(result.parameters, 'c.weight'), 6, (i) => Math.floor((i % 24) / 4))
  assertEqual(bOut, c)
})

test('a Gemm whose weight is [in, out]', () => {
  const parameters: Parameters = new Map([
    ['a', tensor([8, 1, 2, 0.5], [2, 2])],
    ['b', tensor([1, 1, 2, 8], [2, 2])],
  ])
  const node = (name: string, inputs: string[], output: string) =>
    ({ name, op: 'Gemm', inputs, outputs: [output], attributes: {} }) as const
  const graph: Graph = {
    name: 'gemms',
    inputs: [{ name: 'x', dtype: 'float32', shape: [null, 2] }],
    outputs: ['y'],
    nodes: [node('a', ['x', 'a'], 'h'), node('b', ['h', 'b'], 'y')],
    parameters: ['a', 'b'].map((name) => ({ name, shape: [2, 2], trainable: true })),
  }
  const result = equalise(graph, parameters)
  // Output ranges of a: 8 and 1; input ranges of b: 1 and 8; s = sqrt 8 and 1 / sqrt 8.
  const s = Math.sqrt(8)
  assert.equal(data(result.parameters, 'a'), [...Float32Array.of(8 / s, s, 2 / s, 0.5 * s)])
  assert.equal(data(result.parameters, 'b'), [...Float32Array.of(s, s, 2 / s, 8 / s)])
})

test('what cannot be scaled stays: Clip, a second use, an output, dead channels', () => {
  const clipped = net((g, x) => g.linear(g.relu6(g.linear(x, { out: 2 })), { out: 1 }), [null, 1])
  const residual = net(
    (g, x) => {
      const h = g.linear(x, { out: 2 })
      return g.add(g.linear(g.relu(h), { out: 2 }), h)
    },
    [null, 1],
  )
  const outputs = buildGraph('two outputs', (g) => {
    const h = g.linear(g.input('x', [null, 1]), { out: 2 })
    return { h, y: g.linear(h, { out: 1 }) }
  })
  for (const graph of [clipped, residual, outputs]) {
    const parameters = initialise(graph, 3)
    unbalance(parameters)
    const result = equalise(graph, parameters)
    for (const [name, value] of parameters) assert.is(result.parameters.get(name), value, `${graph.name} ${name}`)
  }
  const graph = net((g, x) => g.linear(g.linear(x, { name: 'a', out: 2 }), { name: 'b', out: 1 }), [null, 1])
  const parameters: Parameters = new Map([
    ['a.weight', tensor([0, 4], [2, 1])],
    ['a.bias', tensor([2, 2])],
    ['b.weight', tensor([3, 1], [1, 2])],
    ['b.bias', tensor([0])],
  ])
  const { parameters: result } = equalise(graph, parameters)
  assert.equal(data(result, 'a.weight'), [0, 2])
  assert.equal(data(result, 'a.bias'), [2, 1])
  assert.equal(data(result, 'b.weight'), [3, 2])
})

test('a zoo network with its batch norms folded', () => {
  const graph = buildModel('mobilenet', { input: [1, 28, 28], classes: 10, width: 0.25, relu6: false })
  const parameters = initialise(graph, 4)
  const folded = foldBatchNorm(graph, parameters)
  const result = equalise(folded.graph, folded.parameters)
  const changed = [...folded.parameters].filter(([name, value]) => result.parameters.get(name) !== value)
  assert.ok(changed.length > 10, String(changed.length))
  const [{ name }] = folded.graph.inputs
  const x = noise([1, 1, 28, 28])
  const output = (p: Parameters) => noGrad(() => runGraph(folded.graph, p, { [name]: x }))[folded.graph.outputs[0]].data
  const wanted = output(folded.parameters)
  const got = output(result.parameters)
  for (let i = 0; i < wanted.length; i++)
    assert.ok(Math.abs(got[i] - wanted[i]) < 1e-4 * Math.max(1, Math.abs(wanted[i])))
})

test('options', () => {
  const graph = net((g, x) => g.linear(x, { out: 1 }), [null, 1])
  const parameters = initialise(graph, 1)
  throwsWith(() => equalise(graph, parameters, { iterations: 0 }), UsageError, /0 iterations/)
  throwsWith(() => equalise(graph, parameters, { tolerance: -1 }), UsageError, /tolerance -1/)
})

test.run()
