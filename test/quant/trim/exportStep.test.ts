import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph, type GraphBuilder } from '../../../engine/graph/builder.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import { centreLogits, checkLogits, clipLogits } from '../../../quant/trim/centreLogits.ts'
import { insertClips, reestimateBatchNorm } from '../../../quant/trim/exportStep.ts'

const test = suite('export step')

const graph = buildGraph('two layers', (g) => {
  const x = g.input('x', [null, 2])
  const hidden = g.relu(g.linear(x, { name: 'fc1', out: 2 }), { name: 'relu1' })
  return g.linear(hidden, { name: 'fc2', out: 1 })
})

function identity() {
  const parameters = initialise(graph, 0)
  parameters.set('fc1.weight', tensor([1, 0, 0, 1], [2, 2]))
  parameters.set('fc1.bias', tensor([0, 0]))
  parameters.set('fc2.weight', tensor([1, 1], [1, 2]))
  parameters.set('fc2.bias', tensor([0]))
  return parameters
}

test('a learned range becomes an ordinary Clip that the next layer reads', () => {
  const hidden = graph.nodes.find(({ op }) => op === 'Relu')!.outputs[0]
  const clipped = insertClips(graph, new Map([[hidden, { lo: 0, hi: 1.5 }]]))
  const clip = clipped.nodes.find(({ op }) => op === 'Clip')!
  assert.equal({ ...clip.attributes }, { min: 0, max: 1.5 })
  const run = (g: typeof graph): number => runGraph(g, identity(), { x: tensor([1, 5], [1, 2]) })[g.outputs[0]].data[0]
  assert.is(run(graph), 6)
  assert.is(run(clipped), 2.5)
})

test('graph inputs, graph outputs and unknown names are left alone', () => {
  const ranges = new Map([
    ['x', { lo: -1, hi: 1 }],
    [graph.outputs[0], { lo: -1, hi: 1 }],
    ['nothing', { lo: -1, hi: 1 }],
  ])
  assert.equal(insertClips(graph, ranges).nodes, graph.nodes)
})

test('re-estimated batch-norm statistics are the plain average over the batches', () => {
  const normed = buildGraph('normed', (g) => g.batchNorm(g.input('x', [null, 1]), { name: 'bn' }))
  const parameters = initialise(normed, 0)
  parameters.get('bn.running_mean')!.data[0] = 1000
  const batches: FloatTensor[] = [tensor([1, 3], [2, 1]), tensor([2, 6], [2, 1]), tensor([5, 5], [2, 1])]
  reestimateBatchNorm(normed, parameters, batches)
  // Means 2, 4, 5; unbiased variances 2, 8, 0.
  assert.ok(Math.abs(parameters.get('bn.running_mean')!.data[0] - 11 / 3) < 1e-5)
  assert.ok(Math.abs(parameters.get('bn.running_var')!.data[0] - 10 / 3) < 1e-5)
})

test('no batch leaves the statistics as they were', () => {
  const normed = buildGraph('normed', (g) => g.batchNorm(g.input('x', [null, 1]), { name: 'bn' }))
  const parameters = initialise(normed, 0)
  reestimateBatchNorm(normed, parameters, [])
  assert.equal([...parameters.get('bn.running_var')!.data], [1])
})

test('logits are shifted to the middle of their upper half, which is all that a Clip leaves', () => {
  const classes = buildGraph('classes', (g) => ({ logits: g.linear(g.input('x', [null, 1]), { name: 'fc', out: 4 }) }))
  const parameters = initialise(classes, 0)
  parameters.set('fc.weight', tensor([0, 0, 0, 1], [4, 1]))
  parameters.set('fc.bias', tensor([-10, -4, -2, 0]))
  const x = tensor([4], [1, 1])
  // Logits [-10, -4, -2, 4]: median -3, maximum 4, centre 0.5.
  const range = centreLogits(classes, parameters, [x])
  assert.equal(range, { lo: -3.5, hi: 3.5 })
  assert.equal([...parameters.get('fc.bias')!.data], [-10.5, -4.5, -2.5, -0.5])
  const clipped = clipLogits(classes, range)
  assert.equal(clipped.outputs, ['logits'])
  assert.equal([...runGraph(clipped, parameters, { x }).logits.data], [-3.5, -3.5, -2.5, 3.5])
  assert.throws(() => centreLogits(classes, parameters, []), /no images/)
})

test('logits that no layer with a bias makes cannot be centred', () => {
  for (const build of [
    (g: GraphBuilder) => g.relu(g.linear(g.input('x', [null, 1]), { name: 'fc', out: 2 })),
    (g: GraphBuilder) => g.input('x', [null, 1]),
  ]) {
    const net = buildGraph('net', build)
    assert.throws(
      () => checkLogits(net),
      (error: Error) =>
        error.name === 'UnsupportedError' && /comes from (Relu|an input); wanted a Gemm/.test(error.message),
    )
  }
})

test.run()
