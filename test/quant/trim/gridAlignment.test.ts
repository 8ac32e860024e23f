import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { foldBatchNorm } from '../../../engine/graph/foldBatchNorm.ts'
import type { Parameters } from '../../../engine/graph/graph.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import { floatParameter } from '../../../engine/graph/parameters.ts'
import { quantise } from '../../../quant/affine/quantise.ts'
import type { Scheme } from '../../../quant/affine/scheme.ts'
import { weightQuantiser } from '../../../quant/affine/weightQuantiser.ts'
import { snapWeights } from '../../../quant/trim/exportStep.ts'
import { GridAlignment } from '../../../quant/trim/gridAlignment.ts'
import { largestMagnitude } from '../../../quant/trim/reversePruning.ts'

const test = suite('grid alignment')

const graph = buildGraph('two layers', (g) => {
  const x = g.input('image', [null, 3, 4, 4])
  const conv = g.batchNorm(g.conv(x, { name: 'conv', out: 5, kernel: 3, bias: false }), { name: 'bn' })
  return g.linear(g.globalAvgPool(g.relu(conv)), { name: 'fc', out: 4 })
})

function network(): Parameters {
  const parameters = initialise(graph, 4)
  parameters.set('bn.weight', tensor([0.5, -2, 1, 0.8, 3]))
  parameters.set('bn.bias', tensor([1, 1, 1, 1, 1]))
  parameters.set('bn.running_var', tensor([4, 0.25, 1, 2, 9]))
  return parameters
}

const values = (parameters: Parameters, name: string): Float32Array => floatParameter(parameters, name).data

const rowsOf = ({ data, shape }: FloatTensor): Float32Array[] =>
  Array.from({ length: shape[0] }, (_, c) => {
    const length = data.length / shape[0]
    return data.subarray(c * length, (c + 1) * length)
  })

test('the example of the docstring: three channels come to one power of two', () => {
  const three = buildGraph('three channels', (g) => {
    const x = g.input('image', [null, 1, 1, 1])
    return g.batchNorm(g.conv(x, { name: 'conv', out: 3, kernel: 1, bias: false }), { name: 'bn', eps: 0 })
  })
  const parameters = initialise(three, 0)
  parameters.set('conv.weight', tensor([1, -1, 2], [3, 1, 1, 1]))
  parameters.set('bn.weight', tensor([0.5, 1, -1.75]))
  parameters.set('bn.bias', tensor([1, 1, 1]))
  const alignment = new GridAlignment(three, { from: 0.5 }, 4)
  alignment.afterStep(0.49, parameters)
  assert.equal([...values(parameters, 'bn.weight')], [0.5, 1, -1.75], 'not yet')
  alignment.afterStep(0.5, parameters)
  const near = 1 - 2 ** -12
  const close = (found: Float32Array, wanted: number[]): boolean =>
    found.every((value, i) => Math.abs(value - wanted[i]) < 1e-6)
  assert.ok(close(values(parameters, 'bn.weight'), [0.875 * near, 0.875 * near, -0.4375 * near]))
  assert.ok(close(values(parameters, 'bn.bias'), [1.75 * near, 0.875 * near, 0.25 * near]))
  const shift = [...values(parameters, 'bn.bias')]
  values(parameters, 'conv.weight')[0] = 2
  alignment.afterStep(0.6, parameters)
  assert.ok(close(values(parameters, 'bn.weight'), [0.4375 * near, 0.875 * near, -0.4375 * near]))
  assert.equal([...values(parameters, 'bn.bias')], shift, 'the shift is scaled once')
})

test('aligned and snapped, the folded weights have the same codes under every symmetric 4-bit scheme, and lie on them', () => {
  const parameters = network()
  new GridAlignment(graph, { from: 0 }, 4).afterStep(0, parameters)
  const trained: Scheme = { bits: 4, signed: true, symmetric: true, narrow: true, granularity: 'channel' }
  snapWeights(graph, parameters, trained)
  const folded = foldBatchNorm(graph, parameters)
  for (const name of [folded.graph.nodes[0].inputs[1], 'fc.weight']) {
    const weight = floatParameter(folded.parameters, name)
    const codes = (granularity: 'tensor' | 'channel', scaleForm: 'float' | 'pow2', narrow: boolean): number[] => {
      const scheme: Scheme = { ...trained, granularity, scaleForm, narrow }
      return [...quantise(weight.data, weight.shape, weightQuantiser(weight.data, weight.shape, scheme))]
    }
    const wanted = codes('channel', 'float', true)
    assert.ok(wanted.some((code) => Math.abs(code) === 7))
    for (const granularity of ['tensor', 'channel'] as const) {
      for (const scaleForm of ['float', 'pow2'] as const) {
        for (const narrow of [false, true]) assert.equal(codes(granularity, scaleForm, narrow), wanted, name)
      }
    }
    const scale = weightQuantiser(weight.data, weight.shape, { ...trained, granularity: 'tensor' }).scale[0]
    weight.data.forEach((value, i) => {
      assert.ok(Math.abs(value - wanted[i] * scale) < 1e-5 * scale, `${value} is not ${wanted[i]} * ${scale}`)
    })
  }
})

test('where one layer alone reads a channel, beginning changes no function', () => {
  const chain = buildGraph('chain', (g) => {
    const x = g.input('image', [null, 3, 6, 6])
    const wide = g.relu(g.batchNorm(g.conv(x, { name: 'wide', out: 8, kernel: 1, bias: false }), { name: 'n1' }))
    const deep = g.relu(g.conv(wide, { name: 'deep', out: 8, kernel: 3, pad: 1, groups: 8, bias: true }))
    return g.batchNorm(g.conv(deep, { name: 'last', out: 4, kernel: 3, bias: false }), { name: 'n2' })
  })
  const parameters = initialise(chain, 9)
  const random = new RandomStream(5, 'chain')
  for (const name of ['n1.weight', 'n1.bias', 'deep.bias', 'n2.weight', 'n2.bias']) {
    values(parameters, name).forEach((_, i, data) => {
      data[i] = 0.5 + 3 * random.uniform()
    })
  }
  const image = tensor(
    Float32Array.from({ length: 216 }, () => random.uniform() - 0.5),
    [2, 3, 6, 6],
  )
  const run = (): Float32Array =>
    (Object.values(runGraph(chain, parameters, { [chain.inputs[0].name]: image }))[0] as FloatTensor).data.slice()
  const before = run()
  const gains = values(parameters, 'n2.weight').slice()
  new GridAlignment(chain, { from: 0 }, 4).afterStep(0, parameters)
  const after = run()
  // Nobody reads the last layer, whose channels are scaled themselves.
  const factors = values(parameters, 'n2.weight').map((gain, c) => gain / gains[c])
  assert.ok(new Set(factors).size === 4)
  after.forEach((value, i) => {
    const wanted = before[i] * factors[Math.floor(i / 16) % 4]
    assert.ok(Math.abs(value - wanted) < 1e-4 * (1 + Math.abs(wanted)), `${value}, not ${wanted}`)
  })
})

test('a dead channel is left as it is, and so is a layer without life', () => {
  const parameters = network()
  values(parameters, 'bn.weight')[2] = 1e-6
  values(parameters, 'fc.weight').fill(0)
  new GridAlignment(graph, { from: 0 }, 4).afterStep(0, parameters)
  assert.is(values(parameters, 'bn.weight')[2], Math.fround(1e-6))
  assert.ok(values(parameters, 'fc.weight').every((w) => w === 0))
})

test('resumed, it keeps the grid that it began with', () => {
  const parameters = network()
  const first = new GridAlignment(graph, { from: 0 }, 4)
  first.afterStep(0, parameters)
  const before = largestMagnitude(rowsOf(floatParameter(parameters, 'fc.weight'))[0])
  for (const name of ['fc.weight', 'bn.weight']) {
    const data = values(parameters, name)
    data.forEach((value, i) => {
      data[i] = 8 * value
    })
  }
  const resumed = new GridAlignment(graph, { from: 0 }, 4)
  resumed.loadState(first.state())
  resumed.afterStep(0.1, parameters)
  assert.ok(Math.abs(largestMagnitude(rowsOf(floatParameter(parameters, 'fc.weight'))[0]) - before) < 1e-6)
  assert.throws(() => resumed.loadState(new Map([['fc9.weight', tensor([1])]])), /grid of 'fc9.weight'/)
  assert.throws(() => new GridAlignment(graph, { from: 2 }, 4), /from 2; wanted a fraction/)
})

test.run()
