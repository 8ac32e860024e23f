import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError } from '../../../engine/base/errors.ts'
import { context, scope, useKernels } from '../../../engine/core/context.ts'
import { noGrad } from '../../../engine/core/tape.ts'
import { type Tensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import { type PreparedGraph, prepareGraph } from '../../../engine/graph/prepare.ts'
import { conv2d } from '../../../engine/ops/conv.ts'

const test = suite('prepared graphs')

/** Convolutions with even and odd numbers of channels, groups, a weight that two nodes read, and a depthwise one. */
const graph = buildGraph('network', (g) => {
  let x = g.input('image', [null, 2, 7, 6])
  x = g.relu(g.conv(x, { out: 8, kernel: 3, pad: 1 }))
  x = g.conv(x, { out: 12, kernel: 3, groups: 2, stride: 2 })
  x = g.conv(x, { out: 12, kernel: 3, groups: 12, pad: 1, bias: false })
  const shared = g.parameter('shared', [12, 12, 1, 1], { kind: 'constant', value: 0.25 })
  x = g.node('Conv', [g.node('Conv', [x, shared]), shared])
  x = g.conv(x, { out: 5, kernel: 1 })
  return { y: g.linear(g.globalAvgPool(x), { out: 3 }) }
})
const parameters = initialise(graph, 1)
const image = (batch: number): Tensor =>
  tensor(
    Float32Array.from({ length: batch * 84 }, (_, i) => ((i * 37) % 19) / 7 - 1),
    [batch, 2, 7, 6],
  )
const wanted = (feed: Tensor): number[] => [...noGrad(() => runGraph(graph, parameters, { image: feed })).y.data]

for (const kernels of ['plain', 'simd'] as const) {
  test(`${kernels} kernels: the bits of runGraph, in a scope and outside, at every run`, () => {
    useKernels({ kernels })
    try {
      const outside = prepareGraph(graph, parameters)
      assert.equal([...outside({ image: image(2) }).y.data], wanted(image(2)))
      scope(() => {
        const run = prepareGraph(graph, parameters)
        for (const batch of [1, 3, 0, 1]) {
          const found = scope(() => run({ image: image(batch) }))
          assert.equal([...found.y.data], wanted(image(batch)), `batch ${batch}`)
          assert.is(found.y.requiresGrad, false)
        }
      })
    } finally {
      useKernels({ kernels: 'simd' })
    }
  })
}

test('parameters are those of the time of preparing', () => {
  const changing = new Map([...parameters].map(([name, value]) => [name, value.clone()]))
  const result = (run: PreparedGraph): number[] => [...scope(() => run({ image: image(1) })).y.data]
  scope(() => {
    const before = prepareGraph(graph, changing)
    const first = result(before)
    for (const value of changing.values()) for (let i = 0; i < value.size; i++) value.data[i] *= 1.5
    const after = noGrad(() => runGraph(graph, changing, { image: image(1) }).y)
    assert.not.equal([...after.data], first)
    assert.equal(result(before), first)
    assert.equal(result(prepareGraph(graph, changing)), [...after.data])
  })
})

test('memory of a scope that has ended is not taken for the constants that it held', () => {
  const weight = (value: number): Tensor<'float32'> => {
    const placed = context.empty([2, 1, 1, 1])
    placed.data.fill(value)
    return placed
  }
  const x = tensor([1, 2, 3, 4], [1, 1, 2, 2])
  const one = buildGraph('one', (g) => ({
    y: g.node('Conv', [g.input('x', [1, 1, 2, 2]), g.parameter('w', [2, 1, 1, 1], { kind: 'constant', value: 1 })]),
  }))
  const product = (value: number): number[] => [...scope(() => conv2d(x, weight(value))).data]
  scope(() => {
    const run = prepareGraph(one, new Map([['w', tensor([3, 3], [2, 1, 1, 1])]]))
    assert.equal([...scope(() => run({ x })).y.data], [3, 6, 9, 12, 3, 6, 9, 12])
  })
  // These weights lie where the constants lay.
  for (const value of [5, 7])
    assert.equal(
      product(value),
      [5, 10, 15, 20, 5, 10, 15, 20].map((y) => (y / 5) * value),
    )
})

test('outlives kernels that it was prepared with, but not its scope', () => {
  const outside = prepareGraph(graph, parameters)
  const first = [...outside({ image: image(1) }).y.data]
  useKernels({ kernels: 'simd' })
  assert.equal([...outside({ image: image(1) }).y.data], first)

  let kept: PreparedGraph = outside
  scope(() => {
    kept = prepareGraph(graph, parameters)
  })
  assert.throws(
    () => kept({ image: image(1) }),
    (error: Error) => error instanceof ShapeError && /was made in a scope that has ended/.test(error.message),
  )
})

test('says when parameters do not fit', () => {
  assert.throws(
    () => prepareGraph(graph, new Map()),
    (error: Error) => error instanceof ShapeError && /network/.test(error.message),
  )
})

test.run()
