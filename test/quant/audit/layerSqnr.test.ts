import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { evaluateBackend, floatReference, type Job } from '../../../quant/audit/compare.ts'
import { layerSqnr } from '../../../quant/audit/layerSqnr.ts'
import { backends, findBackend } from '../../../quant/backends/index.ts'
import { lower } from '../../../quant/integer/compile.ts'
import { images, randomParameters, rangeOfScale, smallNetwork } from '../integer/models.ts'

const test = suite('SQNR by layer')
const onnx = findBackend('onnx-spec')

test('two layers by hand', () => {
  // Both layers multiply by 1, whose code is 127 of scale 1/127. Input scale 1/2, first result 1, second 1/2.
  const graph = buildGraph('two', (g) => {
    const x = g.input('x', [null, 2])
    const a = g.relu(g.linear(x, { out: 2, bias: false, name: 'a' }), { name: 'r' })
    return g.linear(a, { out: 2, bias: false, name: 'b' })
  })
  const parameters = initialise(graph, 0)
  for (const name of ['a.weight', 'b.weight']) parameters.get(name)?.data.set([1, 0, 0, 1])
  const scheme = onnx.activations
  const ranges = new Map([
    ['x', rangeOfScale(scheme, 0.5, 128)],
    ['r', rangeOfScale(scheme, 1, 0)],
    [graph.outputs[0], rangeOfScale(scheme, 0.5, 128)],
  ])
  const program = lower(graph, parameters, onnx, { ranges })
  const job: Job = { backend: onnx, weightBits: 8 }
  // 3 and 4 are exact in the first tensor. 4.5 becomes 4 (a tie, to even).
  const exact = layerSqnr({ graph, parameters }, job, program, [tensor([3, 4], [1, 2])])
  assert.is(exact.backend, 'onnx-spec')
  assert.is(exact.bits, 'W8A8')
  assert.equal(
    exact.layers.map(({ name, tensor: result, op, sqnrDb }) => [name, result, op, sqnrDb]),
    [
      ['a', 'r', 'gemm', Number.POSITIVE_INFINITY],
      ['b', graph.outputs[0], 'gemm', Number.POSITIVE_INFINITY],
    ],
  )
  const rounded = layerSqnr({ graph, parameters }, job, program, [tensor([3, 4], [1, 2]), tensor([0, 4.5], [1, 2])])
  // Signal 9 + 16 + 20.25, noise 0.25, in both: the second layer copies what the first left.
  const wanted = 10 * Math.log10(45.25 / 0.25)
  for (const { sqnrDb } of rounded.layers) assert.ok(Math.abs(sqnrDb - wanted) < 1e-9, `${sqnrDb}`)
})

test('on every back end the last layer has the SQNR of the logits', () => {
  const random = new RandomStream(1, 'layerSqnr')
  const graph = smallNetwork()
  const parameters = randomParameters(graph, 2)
  const calibration = [images(random, 16, [3, 9, 8])]
  const test = [{ images: images(random, 8, [3, 9, 8]), labels: new Uint8Array(8) }]
  const reference = floatReference({ graph, parameters }, test)
  for (const backend of backends.values()) {
    // Passes that move scales between layers leave the logits alone, those that correct biases do not.
    if (backend.passes?.some(({ pass }) => pass !== 'fold')) continue
    const job: Job = { backend, weightBits: 8 }
    const { result, prepared, program } = evaluateBackend({ graph, parameters }, job, { calibration, test }, reference)
    const batches = test.map((batch) => batch.images)
    const { layers } = layerSqnr(prepared, job, program, batches)
    // Folding batch norms rounds, so that the two references differ in their last bits.
    const last = layers.at(-1)?.sqnrDb as number
    assert.ok(Math.abs(last - result.sqnrDb) < 0.01, `${backend.name}: ${last}, ${result.sqnrDb}`)
    assert.ok(layers.length >= 9, `${backend.name}: ${layers.length} layers`)
    assert.not(layers.some(({ op }) => op === 'reshape'))
  }
})

test.run()
