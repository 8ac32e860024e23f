import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError, UsageError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { noGrad } from '../../../engine/core/tape.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import type { Graph, Parameters } from '../../../engine/graph/graph.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph, type Tap } from '../../../engine/graph/interpreter.ts'
import type { Scheme } from '../../../quant/affine/scheme.ts'
import { correctBias } from '../../../quant/passes/correctBias.ts'
import { quantisedTap } from '../../../quant/passes/quantisedTap.ts'
import { throwsWith } from '../affine/throwsWith.ts'

const test = suite('bias correction')

const bits = (n: number): Scheme => ({ bits: n, signed: true, symmetric: true, narrow: true, granularity: 'tensor' })
const data = (parameters: Parameters, name: string): number[] => [...(parameters.get(name) as FloatTensor).data]

/** The mean of each channel of a tensor, in double. */
function means(graph: Graph, parameters: Parameters, batches: FloatTensor[], tap: Tap, watched: string): number[] {
  const sums: number[] = []
  let count = 0
  for (const x of batches) {
    const value = (name: string, t: FloatTensor): FloatTensor => {
      if (name === watched) {
        const [n, channels] = t.shape
        const inner = t.size / n / channels
        for (let i = 0; i < t.size; i++) {
          const c = Math.floor(i / inner) % channels
          sums[c] = (sums[c] ?? 0) + t.data[i]
        }
        count += n * inner
      }
      return tap.value?.(name, t) ?? t
    }
    noGrad(() => runGraph(graph, parameters, { x }, { tap: { ...tap, value } }))
  }
  return sums.map((sum) => sum / count)
}

test('the quantised model: weights and activations at their points', () => {
  const graph = buildGraph('net', (g) => ({ y: g.linear(g.input('x', [null, 3]), { name: 'fc', out: 1 }) }))
  const ranges = new Map([['x', { lo: -1, hi: 1 }]])
  const tap = quantisedTap(graph, { weights: bits(2), activations: { scheme: bits(2), ranges } })
  const weight = tensor([1, 0.3, -0.6], [1, 3])
  const seen = tap.parameter?.('fc.weight', weight, graph.nodes[0]) as FloatTensor
  assert.equal([...seen.data], [1, 0, -1])
  assert.is(tap.parameter?.('fc.weight', weight, graph.nodes[0]), seen, 'quantised once')
  const bias = tensor([0.3])
  assert.is(tap.parameter?.('fc.bias', bias, graph.nodes[0]), bias)
  const x = tensor([0.4, 0.7, -3], [1, 3])
  const activation = tap.value?.('x', x) as FloatTensor
  assert.equal([...activation.data], [0, 1, -1])
  assert.is(tap.value?.('y', x), x, 'a tensor without a range stays float')
})

test('hand-computed: one layer', () => {
  const graph = buildGraph('net', (g) => ({ y: g.linear(g.input('x', [null, 2]), { name: 'fc', out: 2 }) }))
  const parameters: Parameters = new Map([
    ['fc.weight', tensor([1, 0.75, -0.75, 0.25], [2, 2])],
    ['fc.bias', tensor([5, 6])],
  ])
  // Weights become [1, 1] and [-1, 0]. The inputs have means 2 and 4: outputs shift by 0.25 * 4 = 1 and by
  // -0.25 * 2 - 0.25 * 4 = -1.5.
  const batches = [tensor([1, 3, 3, 5], [2, 2]), tensor([2, 4], [1, 2])]
  const result = correctBias(graph, parameters, { batches, tap: quantisedTap(graph, { weights: bits(2) }) })
  assert.equal(data(result.parameters, 'fc.bias'), [4, 7.5])
  assert.equal(data(parameters, 'fc.bias'), [5, 6], 'the model that came in is as it was')
  assert.is(result.parameters.get('fc.weight'), parameters.get('fc.weight'))
})

const net = buildGraph('net', (g) => {
  let x = g.input('x', [null, 2, 6, 6])
  x = g.relu(g.conv(x, { name: 'a', out: 4, kernel: 3, pad: 1 }))
  const skip = g.conv(x, { name: 'b', out: 4, kernel: 1, bias: false })
  x = g.relu(g.add(g.conv(x, { name: 'd', out: 4, kernel: 3, pad: 1, groups: 4 }), skip))
  return { y: g.linear(g.globalAvgPool(x), { name: 'fc', out: 3 }) }
})
const random = new RandomStream(5, 'bias correction')
const images = [5, 3].map((n) =>
  tensor(
    Float32Array.from({ length: n * 72 }, () => random.uniform() * 2 - 0.5),
    [n, 2, 6, 6],
  ),
)

test('in order: every layer then has its float mean, earlier layers quantised and corrected', () => {
  const parameters = initialise(net, 6)
  const tap = quantisedTap(net, { weights: bits(3) })
  const result = correctBias(net, parameters, { batches: images, tap })
  const moved: number[] = []
  for (const layer of ['a', 'd', 'fc']) {
    const name = net.nodes.find((node) => node.name === layer)?.outputs[0] as string
    const wanted = means(net, parameters, images, {}, name)
    const before = means(net, parameters, images, tap, name)
    const after = means(net, result.parameters, images, tap, name)
    for (const [c, mean] of wanted.entries()) {
      assert.ok(Math.abs(after[c] - mean) < 1e-5, `${layer} ${c}: ${after[c]}, float ${mean}`)
      moved.push(Math.abs(before[c] - mean))
    }
  }
  assert.ok(Math.max(...moved) > 0.02, 'there was something to correct')
  assert.is(result.graph, net)
})

test('with quantised activations too', () => {
  const parameters = initialise(net, 7)
  const ranges = new Map(net.nodes.map(({ outputs }) => [outputs[0], { lo: -2, hi: 2 }]))
  const tap = quantisedTap(net, { weights: bits(3), activations: { scheme: bits(3), ranges } })
  const once = correctBias(net, parameters, { batches: images, tap })
  const twice = correctBias(net, parameters, { batches: images, tap, iterations: 2 })
  const wanted = means(net, parameters, images, {}, net.outputs[0])
  for (const { parameters: corrected } of [once, twice]) {
    const after = means(net, corrected, images, tap, net.outputs[0])
    for (const [c, mean] of wanted.entries()) assert.ok(Math.abs(after[c] - mean) < 1e-5)
  }
})

test('a model that quantisation does not change keeps its biases', () => {
  const parameters = initialise(net, 8)
  const { parameters: result } = correctBias(net, parameters, { batches: images, tap: {} })
  for (const name of ['a.bias', 'd.bias', 'fc.bias']) assert.equal(data(result, name), data(parameters, name))
})

test('images and options', () => {
  const parameters = initialise(net, 9)
  throwsWith(() => correctBias(net, parameters, { batches: [], tap: {} }), UsageError, /no calibration images/)
  throwsWith(
    () => correctBias(net, parameters, { batches: images, tap: {}, iterations: 0 }),
    UsageError,
    /0 iterations/,
  )
  throwsWith(() => correctBias(net, parameters, { batches: [tensor([1], [1, 1])], tap: {} }), ShapeError, /'x'/)
})

test.run()
