import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, UnsupportedError } from '../../../../engine/base/errors.ts'
import { checkModel } from '../../../../models/onnx/codec/check.ts'
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from '../../../../models/onnx/model.ts'
import { messageOf } from '../../../support/messageOf.ts'

const test = suite('ONNX model check')

const node = (
  op: string,
  inputs: string[],
  outputs: string[],
  attributes: [string, OnnxAttribute][] = [],
): OnnxNode => ({
  name: '',
  op,
  domain: '',
  inputs,
  outputs,
  attributes: new Map(attributes),
})
const weight: OnnxTensor = { type: 'float32', dims: [1], data: new Float32Array(1) }

function model(nodes: OnnxNode[], outputs: string[], inputs = ['x'], initialisers = ['w']): OnnxModel {
  const value = (name: string) => ({ name, type: 'float32', dims: null }) as const
  return {
    irVersion: 8,
    opsets: new Map([['', 17]]),
    producerName: '',
    producerVersion: '',
    metadata: new Map(),
    graph: {
      name: 'g',
      inputs: inputs.map(value),
      outputs: outputs.map(value),
      initialisers: new Map(initialisers.map((name) => [name, weight])),
      nodes,
    },
  }
}
const refused = (...parts: Parameters<typeof model>): string =>
  messageOf(FormatError, () => checkModel(model(...parts)))

test('models that are fine', () => {
  checkModel(model([node('Add', ['x', 'w'], ['y'])], ['y']))
  checkModel(model([node('Split', ['x', ''], ['a', '', 'b', '']), node('Add', ['a', 'b'], ['y'])], ['y', 'x', 'w']))
  checkModel(model([], ['x']))
})

test('names that are made twice', () => {
  assert.match(
    refused([node('Relu', ['x'], ['y']), node('Abs', ['x'], ['y'])], ['y']),
    /'y' is made twice: by node 0 \(Relu\) and by node 1 \(Abs\)/,
  )
  assert.match(
    refused([node('Relu', ['x'], ['w'])], ['w']),
    /'w' is made twice: by an input or initialiser and by node 0/,
  )
  assert.match(refused([node('Split', ['x'], ['y', 'y'])], ['y']), /'y' is made twice: by node 0 .* and by node 0/)
  assert.match(refused([], ['x'], ['x', 'x']), /'x' is made twice/)
})

test('names that nothing makes', () => {
  assert.is(refused([node('Add', ['x', 'q'], ['y'])], ['y']), "ONNX model: node 0 (Add) reads 'q', which nothing makes")
  assert.match(refused([], ['z']), /output 'z' is made by nothing/)
  assert.match(refused([], ['x', 'x']), /output 'x' is listed twice/)
  assert.match(refused([], []), /no outputs/)
  assert.match(refused([], ['']), /output '' is made by nothing/)
  assert.match(refused([], ['x'], ['', 'x']), /an input has no name/)
})

test('nodes out of order', () => {
  const message = refused([node('Relu', ['a'], ['y']), node('Abs', ['x'], ['a'])], ['y'])
  assert.match(
    message,
    /node 0 \(Relu\) reads from node 1 \(Abs\), which comes later: nodes must be in topological order/,
  )
})

test('cycles', () => {
  assert.match(refused([node('Add', ['x', 'y'], ['y'])], ['y']), /a cycle: node 0 \(Add\) -> node 0 \(Add\)/)
  // 2 makes c from b, 3 makes d from c, 1 makes b from d; 0 and 4 are outside.
  const nodes = [
    node('A', ['x'], ['a']),
    node('B', ['a', 'd'], ['b']),
    node('C', ['b'], ['c']),
    node('D', ['c'], ['d']),
    node('E', ['d'], ['y']),
  ]
  const message = refused(nodes, ['y'])
  assert.match(message, /a cycle: /)
  const cycle = message.slice(message.indexOf('cycle: ') + 7).split(' -> ')
  assert.is(cycle.length, 4)
  assert.is(cycle[0], cycle[3])
  const order = 'node 1 (B) node 2 (C) node 3 (D) node 1 (B) node 2 (C) node 3 (D)'
  assert.ok(order.includes(cycle.slice(0, 3).join(' ')), message)
})

test('a long chain in reverse order needs no deep recursion', () => {
  const count = 100000
  const nodes = Array.from({ length: count }, (_, i) => node('N', [i === count - 1 ? 'x' : `v${i + 1}`], [`v${i}`]))
  assert.match(refused(nodes, ['v0']), /99999 problems:.*and 99979 more$/s)
  nodes[count - 1] = node('N', ['v0'], [`v${count - 1}`])
  assert.match(refused(nodes, ['v0']), /a cycle/)
})

test('all problems at once', () => {
  const message = refused([node('Add', ['x', 'q'], ['y']), node('Add', ['r', 'y'], ['y'])], ['z'])
  assert.match(message, /^ONNX model: 4 problems:\n- 'y' is made twice.*\n- .*'q'.*\n- .*'r'.*\n- output 'z'/)
})

test('graphs in attributes are refused by node', () => {
  const graph: OnnxAttribute = { kind: 'unsupported', value: 'GRAPH' }
  const other: OnnxAttribute = { kind: 'unsupported', value: 'SPARSE_TENSOR' }
  const nodes = [
    node('If', ['x'], ['a'], [['then_branch', graph]]),
    node('Constant', [], ['c'], [['sparse_value', other]]),
    node('Loop', ['a'], ['y'], [['body', { kind: 'unsupported', value: 'GRAPHS' }]]),
  ]
  const message = messageOf(UnsupportedError, () => checkModel(model(nodes, ['y'])))
  assert.match(message, /2 problems:\n- node 0 \(If\) has a graph in attribute 'then_branch': .*\n- node 2 \(Loop\)/)
})

test.run()
