import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { type FloatTensor, type Tensor, zeros } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import type { Parameters } from '../../../engine/graph/graph.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { checkParameters, trainableParameters } from '../../../engine/graph/parameters.ts'

const test = suite('parameters')

const net = buildGraph('net', (g) => {
  const x = g.input('x', [null, 30])
  return g.batchNorm(g.linear(x, { name: 'fc', out: 200 }), { name: 'bn' })
})

test('draws are uniform in the bound, from the stream that the name selects', () => {
  const parameters = initialise(net, 7)
  const { data } = parameters.get('fc.weight') as FloatTensor
  const bound = Math.sqrt(6 / 30)
  const stream = new RandomStream(7, 'fc.weight')
  for (let i = 0; i < 100; i++) assert.is(data[i], Math.fround(bound * (2 * stream.uniform() - 1)))
  let sum = 0
  let squares = 0
  for (const value of data) {
    assert.ok(Math.abs(value) <= Math.fround(bound))
    sum += value
    squares += value * value
  }
  // 6,000 draws of variance bound^2 / 3 = 2 / 30: four standard errors.
  assert.ok(Math.abs(sum / 6000) < 4 * Math.sqrt(2 / 30 / 6000))
  assert.ok(Math.abs(squares / 6000 / (2 / 30) - 1) < 4 * Math.sqrt(0.8 / 6000))
  const bias = (parameters.get('fc.bias') as FloatTensor).data
  assert.ok(bias.every((value) => Math.abs(value) <= Math.fround(1 / Math.sqrt(30))))
  assert.is.not(bias[0], data[0])
})

test('constants, and nothing requires a gradient yet', () => {
  const parameters = initialise(net, 7)
  const values = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (name) => parameters.get(`bn.${name}`)?.data[199],
  )
  assert.equal(values, [1, 0, 0, 1])
  assert.ok([...parameters.values()].every((value) => !value.requiresGrad))
  assert.equal(
    [...parameters.keys()],
    net.parameters.map(({ name }) => name),
  )
})

test('the same seed gives the same values, in another graph and order too; another seed others', () => {
  const other = buildGraph('other', (g) => {
    const x = g.input('x', [null, 30])
    return g.add(g.linear(x, { name: 'first', out: 200 }), g.linear(x, { name: 'fc', out: 200 }))
  })
  const weight = (values: Parameters) => [...(values.get('fc.weight') as FloatTensor).data]
  assert.equal(weight(initialise(net, 7)), weight(initialise(other, 7)))
  assert.not.equal(weight(initialise(net, 7)), weight(initialise(net, 8)))
  assert.throws(() => initialise(net, -1), /a seed is an integer/)
})

test('trainableParameters marks all but the running statistics', () => {
  const parameters = initialise(net, 7)
  const trainable = trainableParameters(net, parameters)
  assert.equal([...trainable.keys()], ['fc.weight', 'fc.bias', 'bn.weight', 'bn.bias'])
  for (const [name, value] of parameters) assert.is(value.requiresGrad, trainable.has(name))
  assert.is(trainable.get('fc.bias'), parameters.get('fc.bias'))
})

test('checkParameters lists everything that is wrong at once', () => {
  checkParameters(net, initialise(net, 7))
  const tensors = new Map<string, Tensor>(initialise(net, 7))
  tensors.set('fc.weight', zeros([30, 200]))
  tensors.set('bn.bias', zeros([200], { dtype: 'int32' }))
  tensors.delete('bn.weight')
  tensors.set('fc.wieght', zeros([1]))
  assert.throws(
    () => checkParameters(net, tensors),
    (error: Error) => {
      assert.instance(error, ShapeError)
      assert.is(
        error.message,
        "graph net: the parameters do not fit: 'fc.weight' is [30, 200], wanted [200, 30]; 'bn.weight' is missing; 'bn.bias' is int32, wanted float32; 'fc.wieght' is not a parameter of the graph",
      )
      return true
    },
  )
})

test.run()
