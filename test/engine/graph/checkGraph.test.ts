import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError, UnsupportedError, UsageError } from '../../../engine/base/errors.ts'
import { checkGraph } from '../../../engine/graph/checkGraph.ts'
import type { Graph, GraphNode } from '../../../engine/graph/graph.ts'
import { inferShapes } from '../../../engine/graph/inferShapes.ts'

const test = suite('graph checks and shape inference')

const node = (name: string, inputs: string[], outputs: string[], op: GraphNode['op'] = 'Relu'): GraphNode => ({
  name,
  op,
  inputs,
  outputs,
  attributes: {},
})

const valid: Graph = {
  name: 'net',
  inputs: [{ name: 'x', dtype: 'float32', shape: [null, 3, 4, 4] }],
  outputs: ['b'],
  nodes: [node('first', ['x'], ['a']), node('second', ['a'], ['b'])],
  parameters: [{ name: 'w', shape: [2], trainable: true, initialiser: { kind: 'constant', value: 0 } }],
}

function refused(change: Partial<Graph>, message: RegExp, kind: new (message: string) => Error = UsageError): void {
  assert.throws(
    () => checkGraph({ ...valid, ...change }),
    (error: Error) => {
      assert.instance(error, kind)
      assert.match(error.message, message)
      return true
    },
  )
}

test('a valid graph passes', () => checkGraph(valid))

test('inputs from nowhere, from later, and from the node itself', () => {
  const [first, second] = valid.nodes
  refused({ nodes: [node('first', ['y'], ['a']), second] }, /node 'first' \(Relu\): its input 'y' is no input/)
  refused({ nodes: [second, first] }, /node 'second' \(Relu\): its input 'a' is only made later, by 'first'/)
  refused({ nodes: [node('first', ['b'], ['a']), second] }, /its input 'b' is only made later, by 'second'/)
  refused({ nodes: [node('first', ['a'], ['a']), second] }, /its input 'a' is only made later, by 'first'/)
})

test('names given twice, or empty', () => {
  const [first, second] = valid.nodes
  refused({ nodes: [first, node('first', ['a'], ['b'])] }, /two nodes are named 'first'/)
  refused({ nodes: [first, node('second', ['a'], ['a'])] }, /'a' is given by node 'first' and by node 'second'/)
  refused({ nodes: [node('first', ['x'], ['w']), second] }, /'w' is given by a parameter and by node 'first'/)
  refused({ inputs: [...valid.inputs, ...valid.inputs] }, /'x' is given by an input and by an input/)
  refused({ nodes: [node('first', ['x'], ['']), second] }, /node 'first' has an empty name/)
})

test('outputs that are missing, doubled or parameters', () => {
  refused({ outputs: [] }, /has no outputs/)
  refused({ outputs: ['c'] }, /its output 'c' is made by no node/)
  refused({ outputs: ['b', 'b'] }, /listed twice in b, b/)
  refused({ outputs: ['w'] }, /its output 'w' is a parameter/)
  refused({ nodes: [node('first', ['x'], [])] }, /node 'first' \(Relu\): it has no output/)
})

test('unknown operators', () => {
  refused(
    { nodes: [node('n', ['x'], ['b'], 'Foo' as GraphNode['op'])] },
    /'n' \(Foo\): there is no such/,
    UnsupportedError,
  )
})

test('inferShapes gives inputs, parameters and every tensor; null stays null', () => {
  const pool: GraphNode = { ...node('pool', ['b'], ['c'], 'GlobalAveragePool') }
  const graph: Graph = {
    ...valid,
    nodes: [...valid.nodes, pool, node('flat', ['c'], ['d'], 'Flatten')],
    outputs: ['d'],
  }
  const specs = inferShapes(graph)
  assert.equal([...specs.keys()], ['x', 'w', 'a', 'b', 'c', 'd'])
  assert.equal(specs.get('w'), { dtype: 'float32', shape: [2] })
  assert.equal(specs.get('b')?.shape, [null, 3, 4, 4])
  assert.equal(specs.get('c')?.shape, [null, 3, 1, 1])
  assert.equal(specs.get('d'), { dtype: 'float32', shape: [null, 3] })
})

test('inferShapes names the node that does not fit, and the one with too many outputs', () => {
  const flat: Graph = { ...valid, inputs: [{ name: 'x', dtype: 'float32', shape: [3] }] }
  const pool = node('pool', ['a'], ['b'], 'GlobalAveragePool')
  const shape = (message: RegExp) => (error: Error) => error instanceof ShapeError && message.test(error.message)
  assert.throws(
    () => inferShapes({ ...flat, nodes: [valid.nodes[0], pool] }),
    shape(/^graph net: node 'pool' \(GlobalAveragePool\): /),
  )
  assert.throws(
    () => inferShapes({ ...valid, nodes: [node('first', ['x'], ['b', 'c'])] }),
    shape(/node 'first' \(Relu\): 2 outputs are named, the operator has 1/),
  )
  assert.throws(
    () => inferShapes({ ...valid, inputs: [{ name: 'x', dtype: 'int32', shape: [3] }] }),
    shape(/node 'first' \(Relu\): .*float32.*int32/),
  )
})

test.run()
