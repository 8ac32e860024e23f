import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { usesOf } from '../../../engine/graph/uses.ts'

const test = suite('uses')

test('reads are counted one by one, a graph output as one more', () => {
  const graph = buildGraph('net', (g) => {
    const x = g.input('x', [null, 2])
    const r = g.relu(x, { name: 'r' })
    return { r, y: g.add(g.add(x, x), r) }
  })
  const uses = usesOf(graph)
  assert.is(uses.get('x'), 3)
  assert.is(uses.get(graph.nodes[0].outputs[0]), 2)
  assert.is(uses.get(graph.outputs[1]), 1)
  assert.is(uses.get('z'), undefined)
})

test.run()
