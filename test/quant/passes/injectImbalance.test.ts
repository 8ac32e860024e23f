import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { noGrad } from '../../../engine/core/tape.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { foldBatchNorm } from '../../../engine/graph/foldBatchNorm.ts'
import type { Graph, Parameters } from '../../../engine/graph/graph.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import { buildModel } from '../../../models/zoo/index.ts'
import { injectImbalance } from '../../../quant/passes/injectImbalance.ts'
import { throwsWith } from '../affine/throwsWith.ts'

const test = suite('injected imbalance')

const random = new RandomStream(1, 'inject imbalance')
const data = (parameters: Parameters, name: string): number[] => [...(parameters.get(name) as FloatTensor).data]
const copies = (parameters: Parameters): Parameters =>
  new Map([...parameters].map(([name, { data: values, shape }]) => [name, tensor(Float32Array.from(values), shape)]))

const options = { fraction: 0.15, least: 2, greatest: 12, seed: 5 }

const nets: Readonly<Record<string, Graph>> = {
  resnet8: buildModel('resnet', { input: [3, 12, 12], classes: 10, depth: 8, width: 16 }),
  mobilenet: buildModel('mobilenet', { input: [3, 12, 12], classes: 10, width: 0.5, relu6: false }),
  lenet: buildModel('lenet', { input: [3, 12, 12], classes: 10 }),
}

/** As after a training: batch norms, too, have values of their own. */
function trained(graph: Graph): Parameters {
  const parameters = initialise(graph, 1)
  const norms = graph.nodes.filter(({ op }) => op === 'BatchNormalization')
  for (const name of norms.flatMap(({ inputs }) => inputs.slice(1))) {
    const { data: values } = parameters.get(name) as FloatTensor
    for (let i = 0; i < values.length; i++) values[i] = 0.5 + random.uniform()
  }
  return parameters
}

function logits(graph: Graph, parameters: Parameters, training = false): Float32Array {
  const images = new RandomStream(2, 'images')
  const x = tensor(
    Float32Array.from({ length: 4 * 3 * 144 }, () => images.uniform() * 2 - 1),
    [4, 3, 12, 12],
  )
  // Training updates running statistics in place.
  const result = noGrad(() => runGraph(graph, copies(parameters), { [graph.inputs[0].name]: x }, { training }))
  return result[graph.outputs[0]].data as Float32Array
}

test('hand-computed: a linear layer and its bias, and the one that reads it', () => {
  const graph = buildGraph('net', (g) => ({
    y: g.linear(g.relu(g.linear(g.input('x', [null, 1]), { name: 'a', out: 2 })), { name: 'b', out: 1 }),
  }))
  const parameters: Parameters = new Map([
    ['a.weight', tensor([1, 3], [2, 1])],
    ['a.bias', tensor([0.5, -1])],
    ['b.weight', tensor([8, 5], [1, 2])],
    ['b.bias', tensor([7])],
  ])
  const all = injectImbalance(graph, parameters, { fraction: 1, least: 4, greatest: 4, seed: 0 })
  assert.equal(data(all.parameters, 'a.weight'), [4, 12])
  assert.equal(data(all.parameters, 'a.bias'), [2, -4])
  assert.equal(data(all.parameters, 'b.weight'), [2, 1.25])
  assert.equal(data(all.parameters, 'b.bias'), [7])
  assert.equal(all.sites, [{ first: 'a.weight', second: 'b.weight', channels: 2, scaled: 2 }])
  assert.equal(data(parameters, 'a.weight'), [1, 3], 'the model that came in is as it was')
  const chosen = new Set<number>()
  for (let seed = 0; seed < 16; seed++) {
    const half = injectImbalance(graph, parameters, { fraction: 0.5, least: 4, greatest: 4, seed }).parameters
    const first = data(half, 'a.weight')[0] === 4
    assert.equal(data(half, 'a.weight'), first ? [4, 3] : [1, 12])
    assert.equal(data(half, 'b.weight'), first ? [2, 5] : [8, 1.25])
    chosen.add(first ? 0 : 1)
  }
  assert.is(chosen.size, 2, 'the seed chooses')
})

test('hand-computed: behind a batch norm its gain and shift, of a depthwise layer the filter', () => {
  const graph = buildGraph('net', (g) => {
    const x = g.relu(g.batchNorm(g.conv(g.input('x', [null, 1, 3, 3]), { name: 'a', out: 2, kernel: 1, bias: false })))
    const d = g.relu(g.batchNorm(g.conv(x, { name: 'd', out: 2, kernel: 2, groups: 2, bias: false })))
    return { y: d }
  })
  const norms = graph.nodes.filter(({ op }) => op === 'BatchNormalization').map(({ inputs }) => inputs)
  const parameters: Parameters = new Map([
    ['a.weight', tensor([3, -5], [2, 1, 1, 1])],
    ['d.weight', tensor([8, 16, -8, 4, 1, 2, 3, 4], [2, 1, 2, 2])],
  ])
  for (const [, gain, shift, mean, variance] of norms) {
    parameters.set(gain, tensor([1.5, -2]))
    parameters.set(shift, tensor([0.25, 1]))
    parameters.set(mean, tensor([0.125, 3]))
    parameters.set(variance, tensor([2, 0.5]))
  }
  const { parameters: result } = injectImbalance(graph, parameters, { fraction: 1, least: 8, greatest: 8, seed: 0 })
  const [gain, shift] = norms[0].slice(1)
  assert.equal(data(result, gain), [12, -16])
  assert.equal(data(result, shift), [2, 8])
  assert.equal(data(result, 'd.weight'), [1, 2, -1, 0.5, 0.125, 0.25, 0.375, 0.5])
  for (const name of ['a.weight', ...norms[0].slice(3), ...norms[1].slice(1)]) {
    assert.is(result.get(name), parameters.get(name), `${name} stays`)
  }
})

for (const [name, graph] of Object.entries(nets)) {
  test(`${name}: the same function, in inference and in training`, () => {
    const parameters = trained(graph)
    for (const training of [false, true]) {
      const wanted = logits(graph, parameters, training)
      const scale = wanted.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
      assert.ok(scale > 0.01)
      const near = logits(graph, injectImbalance(graph, parameters, options).parameters, training)
      for (let i = 0; i < wanted.length; i++) {
        assert.ok(Math.abs(near[i] - wanted[i]) <= 2e-5 * scale, `${i}: ${near[i]}, was ${wanted[i]}, largest ${scale}`)
      }
      const exact = injectImbalance(graph, parameters, { ...options, fraction: 0.5, least: 4, greatest: 4 })
      assert.equal(logits(graph, exact.parameters, training), wanted, 'powers of two: bit for bit')
    }
  })
}

/** The factors other than 1 of a batch norm's gains, or of anything by channel. */
function factorsOf(before: Parameters, after: Parameters, name: string): number[] {
  const old = data(before, name)
  return data(after, name)
    .map((value, i) => value / old[i])
    .filter((factor) => factor !== 1)
}

test('the stated share of the channels, factors in the range, by the seed', () => {
  const graph = nets.resnet8
  const parameters = trained(graph)
  const { parameters: result, sites } = injectImbalance(graph, parameters, options)
  // 15 % of 16, 32 and 64 channels are 2.4, 4.8 and 9.6.
  for (const [stage, count] of [2, 5, 10].entries()) {
    for (const name of ['weight', 'bias']) {
      const factors = factorsOf(parameters, result, `stages.${stage}.0.bn1.${name}`)
      assert.is(factors.length, count)
      for (const factor of factors) assert.ok(factor >= 2 - 1e-6 && factor <= 12 + 1e-5, String(factor))
    }
  }
  assert.equal(
    sites.map(({ channels, scaled }) => [channels, scaled]),
    [
      [16, 2],
      [32, 5],
      [64, 10],
    ],
  )
  const changed = [...parameters.keys()].filter((name) => factorsOf(parameters, result, name).length > 0)
  assert.equal(
    changed.sort(),
    [0, 1, 2].flatMap((stage) => ['bn1.bias', 'bn1.weight', 'conv2.weight'].map((name) => `stages.${stage}.0.${name}`)),
  )
  const gains = (seed: number): number[] =>
    data(injectImbalance(graph, parameters, { ...options, seed }).parameters, 'stages.2.0.bn1.weight')
  assert.equal(gains(5), data(result, 'stages.2.0.bn1.weight'))
  assert.not.equal(gains(6), gains(5))
})

test('factors are log-uniform', () => {
  const graph = buildGraph('wide', (g) => ({
    y: g.linear(g.relu(g.linear(g.input('x', [null, 1]), { name: 'a', out: 4000 })), { out: 1 }),
  }))
  const parameters = initialise(graph, 1)
  parameters.set('a.weight', tensor(new Float32Array(4000).fill(1), [4000, 1]))
  const result = injectImbalance(graph, parameters, { fraction: 1, least: 2, greatest: 12, seed: 3 })
  const places = data(result.parameters, 'a.weight')
    .map((factor) => Math.log(factor / 2) / Math.log(6))
    .sort((a, b) => a - b)
  // Kolmogorov-Smirnov: a distance above 1.95 / sqrt(4000) has a probability of 0.001.
  const distance = Math.max(...places.map((place, i) => Math.abs(place - (i + 0.5) / 4000)))
  assert.ok(distance < 1.95 / Math.sqrt(4000), String(distance))
})

test('a compiler sees it: folded weights and activations grow by the factor', () => {
  const graph = nets.resnet8
  const parameters = trained(graph)
  const { parameters: result } = injectImbalance(graph, parameters, {
    ...options,
    fraction: 0.5,
    least: 8,
    greatest: 8,
  })
  const rows = (model: Parameters): number[] => {
    const folded = foldBatchNorm(graph, model).parameters
    const values = data(folded, 'stages.0.0.conv1.weight')
    return Array.from({ length: 16 }, (_, c) => Math.max(...values.slice(c * 144, (c + 1) * 144).map(Math.abs)))
  }
  const before = rows(parameters)
  const ratios = rows(result).map((largest, c) => largest / before[c])
  assert.equal(ratios.sort(), [...new Array(8).fill(1), ...new Array(8).fill(8)])
})

test('a fraction of 0 changes nothing', () => {
  const graph = nets.lenet
  const parameters = trained(graph)
  const { parameters: result } = injectImbalance(graph, parameters, { ...options, fraction: 0 })
  for (const name of parameters.keys()) assert.equal(data(result, name), data(parameters, name))
})

test('refused: options out of range, nothing to scale', () => {
  const inject = (graph: Graph, changes: object) => () =>
    injectImbalance(graph, initialise(graph, 1), { ...options, ...changes })
  throwsWith(inject(nets.lenet, { fraction: 1.5 }), UsageError, /fraction 1\.5; wanted a number from 0 to 1/)
  throwsWith(inject(nets.lenet, { fraction: Number.NaN }), UsageError, /fraction NaN/)
  throwsWith(inject(nets.lenet, { least: 0 }), UsageError, /factors from 0 to 12; wanted two positive numbers/)
  throwsWith(inject(nets.lenet, { least: 13 }), UsageError, /factors from 13 to 12/)
  throwsWith(inject(nets.lenet, { greatest: Number.POSITIVE_INFINITY }), UsageError, /to Infinity/)
  throwsWith(
    inject(nets.resnet8, { fraction: 0.005 }),
    UsageError,
    /0\.005 is no whole channel of any layer of resnet, the widest of which has 64; wanted 0\.0078125 or more/,
  )
  const clipped = buildModel('mobilenet', { input: [3, 12, 12], classes: 10 })
  throwsWith(inject(clipped, {}), UsageError, /graph mobilenet has no two layers .* \(a Clip, as ReLU6 is one/)
})

test.run()
