import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../engine/base/errors.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import type { Parameters } from '../../../engine/graph/graph.ts'
import { type ClipWeightsOptions, clipWeights } from '../../../quant/passes/clipWeights.ts'
import { throwsWith } from '../affine/throwsWith.ts'

const test = suite('weight clipping')

const graph = buildGraph('net', (g) => ({ y: g.linear(g.input('x', [null, 3]), { name: 'fc', out: 2 }) }))
const model = (): Parameters =>
  new Map([
    ['fc.weight', tensor([1, -2, 4, 0.5, -8, 1], [2, 3])],
    ['fc.bias', tensor([100, -100])],
  ])
const clipped = (options: ClipWeightsOptions): number[] => [
  ...(clipWeights(graph, model(), options).parameters.get('fc.weight') as FloatTensor).data,
]

test('at a percentile, per tensor and per channel', () => {
  // Magnitudes 0.5, 1, 1, 2, 4, 8: Q_0.8 = 4. Channels 1, 2, 4 and 0.5, 1, 8: medians 2 and 1.
  assert.equal(clipped({ method: { kind: 'percentile', p: 0.8 }, granularity: 'tensor' }), [1, -2, 4, 0.5, -4, 1])
  assert.equal(clipped({ method: { kind: 'percentile', p: 0.5 }, granularity: 'channel' }), [1, -2, 2, 0.5, -1, 1])
  assert.equal(clipped({ method: { kind: 'percentile', p: 1 }, granularity: 'channel' }), [1, -2, 4, 0.5, -8, 1])
})

test('at the least squared error', () => {
  // 2 bits, codes -1, 0, 1, step t; per channel. [1, -2, 4] at t = 4: 1 and 2 (a tie) go to 0, 1 + 4 = 5. For t in (2, 4)
  // 2 goes to t: 1 + (t - 2)^2 + (4 - t)^2, least at t = 3: 3.
  // [0.5, -8, 1]: t = 8 clips nothing and costs 0.25 + 1; a lower t only adds (8 - t)^2.
  const options = { method: { kind: 'mse', bits: 2 }, granularity: 'channel' } as const
  assert.equal(clipped(options), [1, -2, 3, 0.5, -8, 1])
})

test('biases stay, and so does the model that came in', () => {
  const before = model()
  const { parameters } = clipWeights(graph, before, { method: { kind: 'percentile', p: 0.5 }, granularity: 'tensor' })
  assert.is(parameters.get('fc.bias'), before.get('fc.bias'))
  assert.equal([...(before.get('fc.weight') as FloatTensor).data], [1, -2, 4, 0.5, -8, 1])
})

test('a weight whose output channels are its columns', () => {
  const columns = {
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, attributes: {} })),
    parameters: graph.parameters.map((p) => (p.name === 'fc.weight' ? { ...p, shape: [3, 2] } : p)),
  }
  const parameters = model().set('fc.weight', tensor([1, 0.5, -2, -8, 4, 1], [3, 2]))
  const result = clipWeights(columns, parameters, { method: { kind: 'percentile', p: 0.5 }, granularity: 'channel' })
  assert.equal([...(result.parameters.get('fc.weight') as FloatTensor).data], [1, 0.5, -2, -1, 2, 1])
})

test('options', () => {
  throwsWith(() => clipped({ method: { kind: 'percentile', p: 0 }, granularity: 'tensor' }), UsageError, /percentile 0/)
  throwsWith(() => clipped({ method: { kind: 'mse', bits: 1 }, granularity: 'tensor' }), UsageError, /1 bits/)
  const candidates = { method: { kind: 'mse', bits: 4, candidates: 0 }, granularity: 'tensor' } as const
  throwsWith(() => clipped(candidates), UsageError, /0 candidates/)
})

test.run()
