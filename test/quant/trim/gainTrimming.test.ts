import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { foldBatchNorm } from '../../../engine/graph/foldBatchNorm.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { floatParameter } from '../../../engine/graph/parameters.ts'
import { GainTrimming } from '../../../quant/trim/gainTrimming.ts'
import { largestMagnitude } from '../../../quant/trim/reversePruning.ts'

const test = suite('gain trimming')

const graph = buildGraph('three channels', (g) => {
  const x = g.input('image', [null, 1, 4, 4])
  return g.relu(g.batchNorm(g.conv(x, { name: 'conv', out: 3, kernel: 1, bias: false }), { name: 'bn', eps: 0 }))
})

function parameters(variance: number[]) {
  const all = initialise(graph, 0)
  all.set('conv.weight', tensor([1, -1, 2], [3, 1, 1, 1]))
  all.set('bn.weight', tensor([1, 1, 4]))
  all.set('bn.bias', tensor([0.5, 0.5, 1]))
  all.set('bn.running_mean', tensor([0, 0, 0]))
  all.set('bn.running_var', tensor(variance))
  return all
}

test('a channel beyond the ratio loses gain and shift until its folded weight is at the limit', () => {
  const values = parameters([1, 1, 1])
  // Folded maxima 1, 1, 8; median 1; ratio 2 allows 2: the third channel is scaled by a quarter.
  const [event] = new GainTrimming(graph, { ratio: 2 }, 8).afterEpoch(3, values)
  assert.equal([...values.get('bn.weight')!.data], [1, 1, 1])
  assert.equal([...values.get('bn.bias')!.data], [0.5, 0.5, 0.25])
  assert.equal([...values.get('conv.weight')!.data], [1, -1, 2], 'the raw weight is not touched')
  const { histogram, ...line } = event
  assert.equal(line, {
    epoch: 3,
    kind: 'gains',
    parameter: 'conv.weight',
    tau: 2,
    clipped: 1,
    total: 3,
    scaleBefore: 8 / 127,
    scaleAfter: 2 / 127,
  })
  // Folded 1, 1, 8 before and 1, 1, 2 after, in 40 bins over [0, 8]: five bins a unit.
  assert.is(histogram.limit, 8)
  assert.equal(
    histogram.before.map((count, bin) => [bin, count]).filter(([, count]) => count > 0),
    [
      [5, 2],
      [39, 1],
    ],
  )
  assert.equal(
    histogram.after.map((count, bin) => [bin, count]).filter(([, count]) => count > 0),
    [
      [5, 2],
      [10, 1],
    ],
  )
  const folded = foldBatchNorm(graph, values)
  assert.is(largestMagnitude(floatParameter(folded.parameters, 'conv.weight').data), 2)
})

test('the running variance counts: dividing by its root can bring a channel inside', () => {
  const values = parameters([1, 1, 16])
  const [event] = new GainTrimming(graph, { ratio: 2 }, 8).afterEpoch(0, values)
  assert.is(event.clipped, 0)
  assert.equal([...values.get('bn.weight')!.data], [1, 1, 4])
})

test('a layer whose median channel is dead is left alone', () => {
  const values = parameters([1, 1, 1])
  values.get('bn.weight')!.data.set([0, 0, 4])
  new GainTrimming(graph, { ratio: 2 }, 8).afterEpoch(0, values)
  assert.equal([...values.get('bn.weight')!.data], [0, 0, 4])
})

test('a batch norm that does not directly and only follow a layer is none of its business', () => {
  const apart = buildGraph('apart', (g) => {
    const x = g.input('image', [null, 1, 4, 4])
    const y = g.conv(x, { out: 2, kernel: 1 })
    return [g.batchNorm(g.relu(y)), g.batchNorm(y)]
  })
  assert.equal(new GainTrimming(apart, { ratio: 2 }, 8).afterEpoch(0, initialise(apart, 0)), [])
})

test('a ratio below 1 is refused', () => {
  assert.throws(() => new GainTrimming(graph, { ratio: 0.5 }, 8), /ratio 0.5/)
})

test.run()
