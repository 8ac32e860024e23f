import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { countMacs, countParameters } from '../../../engine/graph/count.ts'

const test = suite('counting parameters and multiply-accumulates')

test('convolution, grouped: pixels * outputs * products', () => {
  const graph = buildGraph('net', (g) =>
    g.conv(g.input('x', [null, 4, 8, 6]), { out: 6, kernel: 3, stride: 2, groups: 2 }),
  )
  assert.is(countMacs(graph), 3 * 2 * 6 * (2 * 9))
  assert.is(countParameters(graph), 6 * 2 * 9 + 6)
})

test('transposed convolution: each input pixel meets every tap', () => {
  const graph = buildGraph('net', (g) =>
    g.convTranspose(g.input('x', [null, 4, 5, 5]), { out: 6, kernel: 2, groups: 2 }),
  )
  assert.is(countMacs(graph), 4 * 25 * (3 * 4))
  assert.is(countParameters(graph), 4 * 3 * 4 + 6)
})

test('linear layers and matrix products; batch norm counts its two trained vectors', () => {
  const linear = buildGraph('net', (g) => g.batchNorm(g.linear(g.input('x', [null, 7]), { out: 3, bias: false })))
  assert.is(countMacs(linear), 21)
  assert.is(countParameters(linear), 21 + 6)
  const product = buildGraph('net', (g) => g.node('MatMul', [g.input('a', [null, 5, 7]), g.input('b', [7, 3])]))
  assert.is(countMacs(product), 5 * 7 * 3)
  const turned = buildGraph('net', (g) => g.node('Gemm', [g.input('a', [7, 5]), g.input('b', [7, 3])], { transA: 1 }))
  assert.is(countMacs(turned), 5 * 7 * 3)
})

test('a known batch multiplies', () => {
  const graph = buildGraph('net', (g) => g.relu(g.linear(g.input('x', [10, 7]), { out: 3 })))
  assert.is(countMacs(graph), 210)
})

test.run()
