import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import { findBackend } from '../../../quant/backends/index.ts'
import type { Backend } from '../../../quant/integer/backend.ts'
import { firstImages, type PassSpec, runPasses } from '../../../quant/integer/runPasses.ts'
import { messageOf } from '../../support/messageOf.ts'
import { images, randomParameters } from './models.ts'

const test = suite('runPasses')

const withPasses = (passes?: readonly PassSpec[]): Backend => ({ ...findBackend('onnx-spec'), passes })

test('the first images of some batches', () => {
  const batches = [tensor([1, 2, 3, 4], [2, 2]), tensor([], [0, 2]), tensor([5, 6, 7, 8], [2, 2])]
  assert.equal(
    firstImages(batches, 3).map(({ shape, data }) => [shape, [...data]]),
    [
      [
        [2, 2],
        [1, 2, 3, 4],
      ],
      [
        [1, 2],
        [5, 6],
      ],
    ],
  )
  assert.is(firstImages(batches, 2)[0], batches[0])
  assert.is(firstImages(batches, 9).length, 2)
})

test('passes run in order; none leaves the model as it is; the default folds', () => {
  const graph = buildGraph('bn', (g) =>
    g.conv(g.relu(g.batchNorm(g.conv(g.input('x', [null, 2, 5, 5]), { out: 3, kernel: 3, name: 'a' }))), {
      out: 2,
      kernel: 3,
      name: 'b',
    }),
  )
  const parameters = randomParameters(graph, 1)
  const before = new Map([...parameters].map(([name, { data }]) => [name, data.slice()]))
  const batch = images(new RandomStream(1, 'passes'), 6, [2, 5, 5])
  const opsAfter = (passes?: readonly PassSpec[]) =>
    runPasses(graph, parameters, withPasses(passes), 8, [batch]).graph.nodes.map(({ op }) => op)
  assert.equal(opsAfter([]), ['Conv', 'BatchNormalization', 'Relu', 'Conv'])
  assert.equal(opsAfter(), ['Conv', 'Relu', 'Conv'])
  const equalised = runPasses(graph, parameters, withPasses([{ pass: 'fold' }, { pass: 'equalise' }]), 8, [batch])
  const wanted = runGraph(graph, parameters, { x: batch })[graph.outputs[0]] as FloatTensor
  const found = runGraph(equalised.graph, equalised.parameters, { x: batch })[graph.outputs[0]] as FloatTensor
  assert.not.equal(equalised.parameters.get('b.weight')?.data, before.get('b.weight'))
  for (let i = 0; i < found.size; i++) assert.ok(Math.abs(found.data[i] - wanted.data[i]) < 1e-4)
  for (const [name, { data }] of parameters) assert.equal(data, before.get(name), name)
})

test('weights are clipped for the width that they get; biases corrected with the weight scheme', () => {
  const graph = buildGraph('one', (g) => g.linear(g.input('x', [null, 2]), { out: 1, name: 'c' }))
  const parameters = initialise(graph, 0)
  parameters.get('c.weight')?.data.set([1, 0.7])
  parameters.get('c.bias')?.data.set([0])
  const run = (pass: PassSpec, bits: number) =>
    runPasses(graph, parameters, withPasses([pass]), bits, [tensor([2, 2, 4, 4], [2, 2])]).parameters
  const clip: PassSpec = { pass: 'clipWeights', method: { kind: 'mse' }, granularity: 'tensor' }
  // One level each way at 2 bits: 0.85 is nearer to both; at 8 bits clipping does not pay.
  assert.equal(run(clip, 8).get('c.weight')?.data, Float32Array.of(1, 0.7))
  assert.ok((run(clip, 2).get('c.weight')?.data[0] as number) < 1)
  // At 2 bits 0.7 becomes 1 (codes -2 ... 1 of scale 1): on inputs of mean 3 the output is 0.9 too high.
  const bias = run({ pass: 'correctBias', images: 2 }, 2).get('c.bias')?.data[0] as number
  assert.ok(Math.abs(bias + 0.9) < 1e-6, `${bias}`)
  // The first image alone has mean 2.
  const first = run({ pass: 'correctBias', images: 1 }, 2).get('c.bias')?.data[0] as number
  assert.ok(Math.abs(first + 0.6) < 1e-6, `${first}`)
  assert.match(
    messageOf(UsageError, () => run({ pass: 'correctBias', images: 0 }, 2)),
    /bias correction on 0 images; wanted 1 or more/,
  )
})

test.run()
