import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../engine/base/errors.ts'
import { noGrad } from '../../../engine/core/tape.ts'
import { zeros } from '../../../engine/core/tensor.ts'
import { countMacs, countParameters } from '../../../engine/graph/count.ts'
import { foldBatchNorm } from '../../../engine/graph/foldBatchNorm.ts'
import type { Graph } from '../../../engine/graph/graph.ts'
import { inferShapes } from '../../../engine/graph/inferShapes.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import { buildModel, describeModel, lenet, mlp, mobilenet, modelNames, resnet } from '../../../models/zoo/index.ts'

const test = suite('model zoo')

const shapeOf = (graph: Graph, name: string) => inferShapes(graph).get(name)?.shape
const names = (graph: Graph) => graph.parameters.map(({ name }) => name)

function refused(body: () => unknown, message: RegExp): void {
  assert.throws(body, (error: Error) => {
    assert.instance(error, UsageError)
    assert.match(error.message, message)
    return true
  })
}

test('mlp: a layer of weights and biases for each width', () => {
  const graph = mlp({ input: [1, 28, 28], classes: 10 })
  assert.is(countParameters(graph), 784 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10)
  assert.is(countMacs(graph), 784 * 128 + 128 * 64 + 64 * 10)
  assert.equal(graph.outputs, ['logits'])
  assert.is(countParameters(mlp({ input: [3, 2, 2], classes: 4, hidden: [] })), 12 * 4 + 4)
})

test('lenet: 61,706 parameters and 416,520 multiply-accumulates for MNIST', () => {
  const graph = lenet({ input: [1, 28, 28], classes: 10 })
  assert.is(countParameters(graph), 61_706)
  // LeCun's counts without the sparse connections: 784 * 6 * 25 + 100 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10.
  assert.is(countMacs(graph), 117_600 + 240_000 + 48_000 + 10_080 + 840)
  assert.equal(names(graph).slice(0, 5), ['conv1.weight', 'conv1.bias', 'conv2.weight', 'conv2.bias', 'fc1.weight'])
  assert.equal(shapeOf(graph, 'logits'), [null, 10])
  const colour = lenet({ input: [3, 32, 32], classes: 100 })
  assert.equal(shapeOf(colour, 'fc1.weight'), [120, 16 * 6 * 6])
  assert.equal(shapeOf(lenet({ input: [1, 12, 12], classes: 2 }), 'fc1.weight'), [120, 16])
  refused(() => lenet({ input: [1, 11, 12], classes: 2 }), /lenet: input \[1, 11, 12\] is too small; it takes 12x12/)
})

/** He et al.'s network by its formula: 3x3 layers of w, 2w, 4w channels, two projections, batch norms, linear. */
function resnetParameters(channels: number, classes: number, n: number, w: number): number {
  const layer = (k: number, from: number, to: number) => k * k * from * to + 2 * to
  const stage = (from: number, to: number) => layer(3, from, to) + (2 * n - 1) * layer(3, to, to)
  const projections = layer(1, w, 2 * w) + layer(1, 2 * w, 4 * w)
  const body = layer(3, channels, w) + stage(w, w) + stage(w, 2 * w) + stage(2 * w, 4 * w)
  return body + projections + 4 * w * classes + classes
}

test('resnet: depth 20 has the 272,474 parameters of the usual implementation with projections', () => {
  const graph = resnet({ input: [3, 32, 32], classes: 10 })
  assert.is(countParameters(graph), 272_474)
  assert.is(countParameters(graph), resnetParameters(3, 10, 3, 16))
  assert.is(
    countParameters(resnet({ input: [1, 20, 20], classes: 7, depth: 8, width: 4 })),
    resnetParameters(1, 7, 1, 4),
  )
  assert.is(graph.nodes.filter(({ op }) => op === 'Conv').length, 19 + 2)
  assert.equal(shapeOf(graph, 'stages.2.0.conv1.weight'), [64, 32, 3, 3])
  assert.equal(shapeOf(graph, 'stages.2.2.add1'), [null, 64, 8, 8])
  const expected = ['conv1.weight', 'bn1.running_var', 'stages.0.0.conv1.weight', 'stages.0.0.bn2.running_mean']
  for (const name of [...expected, 'stages.1.0.downsample.0.weight', 'stages.1.0.downsample.1.bias', 'fc.weight']) {
    assert.ok(names(graph).includes(name), name)
  }
  assert.not(names(graph).includes('stages.0.0.downsample.0.weight'))
  for (const depth of [2, 9, 20.5]) {
    refused(() => resnet({ input: [3, 32, 32], classes: 10, depth }), /depth is .*; wanted 6n \+ 2/)
  }
})

test('mobilenet: parameters by formula, depthwise groups, residuals where shapes agree', () => {
  const graph = mobilenet({ input: [3, 32, 32], classes: 10 })
  const layer = (k: number, from: number, to: number) => k * k * from * to + 2 * to
  const block = (from: number, expand: number, to: number) =>
    (expand === 1 ? 0 : layer(1, from, from * expand)) + layer(3, 1, from * expand) + layer(1, from * expand, to)
  const blocks = [
    [16, 1, 16],
    [16, 6, 24],
    [24, 6, 24],
    [24, 6, 32],
    [32, 6, 32],
    [32, 6, 32],
    [32, 6, 64],
    [64, 6, 64],
  ]
  const body = blocks.reduce((sum, [from, expand, to]) => sum + block(from, expand, to), 0)
  assert.is(countParameters(graph), layer(3, 3, 16) + body + layer(1, 64, 256) + 256 * 10 + 10)
  const depthwise = graph.nodes.filter(({ attributes }) => Number(attributes.group) > 1)
  assert.equal(
    depthwise.map(({ attributes }) => attributes.group),
    [16, 96, 144, 144, 192, 192, 192, 384],
  )
  assert.equal(
    graph.nodes.filter(({ op }) => op === 'Add').map(({ name }) => name),
    ['stages.0.0.add1', 'stages.1.1.add1', 'stages.2.1.add1', 'stages.2.2.add1', 'stages.3.1.add1'],
  )
  assert.equal(shapeOf(graph, 'stages.3.1.add1'), [null, 64, 8, 8])
  assert.ok(graph.nodes.some(({ op, attributes }) => op === 'Clip' && attributes.max === 6))
  const plain = mobilenet({ input: [3, 32, 32], classes: 10, relu6: false })
  assert.not(plain.nodes.some(({ op }) => op === 'Clip'))
})

test('mobilenet: channels are multiples of 8 that lose at most a tenth', () => {
  const channels = (width: number) =>
    [0, 1, 2, 3].map((stage) => {
      const graph = mobilenet({ input: [3, 32, 32], classes: 10, width })
      const index = stage === 0 ? 2 : 3
      return shapeOf(graph, `stages.${stage}.0.conv${index}.weight`)?.[0]
    })
  assert.equal(channels(0.5), [8, 16, 16, 32])
  assert.equal(channels(0.75), [16, 24, 24, 48])
  assert.equal(channels(0.05), [8, 8, 8, 8])
  for (const width of [0, -1, 9, Number.NaN]) {
    refused(() => mobilenet({ input: [3, 32, 32], classes: 10, width }), /width is .*; wanted a factor/)
  }
})

test('every model runs on a batch, folds, and has unique names', () => {
  for (const name of modelNames) {
    const graph = buildModel(name, { input: [1, 16, 16], classes: 5, ...(name === 'resnet' ? { depth: 8 } : {}) })
    assert.is(graph.name, name)
    assert.equal(
      graph.inputs.map((input) => input.name),
      ['image'],
    )
    const parameters = initialise(graph, 1)
    const image = zeros([2, 1, 16, 16])
    for (let i = 0; i < image.size; i++) image.data[i] = (i % 7) / 7
    const { logits } = noGrad(() => runGraph(graph, parameters, { image }))
    assert.equal(logits.shape, [2, 5])
    assert.ok(logits.data.every((value) => Number.isFinite(value)))
    const folded = foldBatchNorm(graph, parameters)
    assert.not(folded.graph.nodes.some(({ op }) => op === 'BatchNormalization'))
    const after = noGrad(() => runGraph(folded.graph, folded.parameters, { image })).logits
    for (let i = 0; i < 10; i++) assert.ok(Math.abs(after.data[i] - logits.data[i]) < 1e-4, name)
    const trained = runGraph(graph, parameters, { image }, { training: true }).logits
    assert.equal(trained.shape, [2, 5])
  }
})

test('descriptions agree with the models: defaults change nothing', () => {
  for (const name of modelNames) {
    const { title, options } = describeModel(name)
    assert.ok(title.length > 0)
    const basic = { input: [3, 32, 32] as const, classes: 10 }
    const defaults = Object.fromEntries(options.map((option) => [option.name, option.default]))
    assert.equal(buildModel(name, { ...basic, ...defaults }), buildModel(name, basic))
  }
})

test('unknown models and options, and values that make no sense', () => {
  const basic = { input: [3, 32, 32] as const, classes: 10 }
  refused(() => buildModel('alexnet', basic), /there is no model 'alexnet'; there are mlp, lenet, resnet, mobilenet/)
  refused(() => describeModel('toString'), /there is no model 'toString'/)
  refused(
    () => buildModel('lenet', { ...basic, depth: 3 }),
    /model lenet: there is no option 'depth'; there are input, classes/,
  )
  refused(() => buildModel('resnet', { ...basic, width: 'wide' }), /resnet: width is wide; wanted an integer/)
  refused(() => buildModel('mlp', { ...basic, hidden: 5 }), /mlp: hidden is 5; wanted an array/)
  refused(() => buildModel('mlp', { ...basic, hidden: [5, 0] }), /mlp: a width in hidden is 0; wanted an integer/)
  refused(() => buildModel('mobilenet', { ...basic, relu6: 'no' }), /mobilenet: relu6 is no; wanted true or false/)
  refused(() => mlp({ ...basic, classes: 0 }), /mlp: classes is 0; wanted an integer of at least 1/)
  refused(() => mlp({ input: [3, 0, 32], classes: 2 }), /mlp: an extent of input \[3, 0, 32\] is 0/)
  refused(
    () => mlp({ input: 28 as unknown as [1, 1, 1], classes: 2 }),
    /mlp: input is 28; wanted \[channels, height, width\]/,
  )
})

test.run()
