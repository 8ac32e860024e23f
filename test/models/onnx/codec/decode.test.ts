import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, UnsupportedError, UsageError } from '../../../../engine/base/errors.ts'
import { decodeModel } from '../../../../models/onnx/codec/decode.ts'
import { encodeModel } from '../../../../models/onnx/codec/encode.ts'
import type { OnnxAttribute, OnnxModel } from '../../../../models/onnx/model.ts'
import { messageOf } from '../../../support/messageOf.ts'
import { block, int, model, node, valueInfo } from './wire.ts'

const test = suite('ONNX models')

const refused = (bytes: Uint8Array): string => messageOf(FormatError, () => decodeModel(bytes))
const unsupported = (
  bytes: Uint8Array,
  ...limits: Parameters<typeof decodeModel> extends [unknown, ...infer L] ? L : never
) => messageOf(UnsupportedError, () => decodeModel(bytes, ...limits))

const input = block(11, valueInfo('x', 1, ['batch', 2]))
const output = block(12, valueInfo('y', 1, ['batch', 2]))
const relu = block(1, node('Relu', ['x'], ['y']))
const weights = block(5, [...int(1, 2), ...int(2, 1), ...block(8, 'w'), ...block(9, [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40])])

/** Every field that is read, in the order of the field numbers, so that it is what is written, too. */
const everything = (): Uint8Array =>
  Uint8Array.from([
    ...int(1, 8),
    ...block(2, 'maker'),
    ...block(3, '1.2'),
    ...block(7, [
      ...block(
        1,
        node(
          'Op',
          ['x', '', 'w'],
          ['y', ''],
          block(5, [...block(1, 'f'), 0x15, 0, 0, 0xc0, 0x3f, ...int(20, 1)]),
          block(5, [...block(1, 'i'), ...int(3, -5), ...int(20, 2)]),
          block(5, [...block(1, 's'), ...block(4, 'SAME'), ...int(20, 3)]),
          block(5, [
            ...block(1, 't'),
            ...block(5, [...int(2, 7), ...block(9, [1, 0, 0, 0, 0, 0, 0, 0])]),
            ...int(20, 4),
          ]),
          block(5, [...block(1, 'fs'), 0x3d, 0, 0, 0x80, 0x3f, 0x3d, 0, 0, 0, 0x40, ...int(20, 6)]),
          block(5, [...block(1, 'is'), ...int(8, 1), ...int(8, -1), ...int(20, 7)]),
          block(5, [...block(1, 'ss'), ...block(9, 'a'), ...block(9, ''), ...int(20, 8)]),
          block(7, 'my.domain'),
        ),
      ),
      ...block(2, 'graph'),
      ...weights,
      ...input,
      ...block(12, valueInfo('y', 10, [0])),
      ...block(12, [...block(1, 'w'), ...block(2, block(1, int(1, 1)))]),
      ...block(12, block(1, 'x')),
    ]),
    ...block(8, [...block(1, ''), ...int(2, 17)]),
    ...block(8, [...block(1, 'my.domain'), ...int(2, 3)]),
    ...block(14, [...block(1, 'author'), ...block(2, 'me')]),
  ])

const model17: OnnxModel = {
  irVersion: 8,
  opsets: new Map([
    ['', 17],
    ['my.domain', 3],
  ]),
  producerName: 'maker',
  producerVersion: '1.2',
  metadata: new Map([['author', 'me']]),
  graph: {
    name: 'graph',
    inputs: [{ name: 'x', type: 'float32', dims: ['batch', 2] }],
    outputs: [
      { name: 'y', type: 'float16', dims: [0] },
      { name: 'w', type: 'float32', dims: null },
      { name: 'x', type: null, dims: null },
    ],
    initialisers: new Map([['w', { type: 'float32', dims: [2], data: Float32Array.of(1, 2) }]]),
    nodes: [
      {
        name: '',
        op: 'Op',
        domain: 'my.domain',
        inputs: ['x', '', 'w'],
        outputs: ['y', ''],
        attributes: new Map<string, OnnxAttribute>([
          ['f', { kind: 'float', value: 1.5 }],
          ['i', { kind: 'int', value: -5 }],
          ['s', { kind: 'string', value: 'SAME' }],
          ['t', { kind: 'tensor', value: { type: 'int64', dims: [], data: BigInt64Array.of(1n) } }],
          ['fs', { kind: 'floats', value: [1, 2] }],
          ['is', { kind: 'ints', value: [1, -1] }],
          ['ss', { kind: 'strings', value: ['a', ''] }],
        ]),
      },
    ],
  },
}

test('a model with every field, both ways', () => {
  assert.equal(decodeModel(everything()), model17)
  assert.equal(encodeModel(model17), everything())
})

test('the model does not share the file', () => {
  const bytes = everything()
  const decoded = decodeModel(bytes)
  bytes.fill(0)
  assert.equal(decoded, model17)
})

test('cut short at every byte', () => {
  const bytes = everything()
  // Without the metadata, and without the second operator set and the metadata, it is a whole model again.
  const whole = [bytes.length - 14, bytes.length - 14 - 15]
  for (let end = 0; end < bytes.length; end++) {
    if (whole.includes(end)) assert.is(decodeModel(bytes.subarray(0, end)).metadata.size, 0)
    else assert.is.not(refused(bytes.subarray(0, end)), 'nothing was thrown', `cut at ${end}`)
  }
})

test('any byte changed to anything gives a model or an error that says what is wrong', () => {
  const bytes = everything()
  for (let at = 0; at < bytes.length; at++) {
    for (const byte of [0, 1, 0x7f, 0x80, 0xff, bytes[at] ^ 1, bytes[at] ^ 8]) {
      const changed = bytes.slice()
      changed[at] = byte
      try {
        decodeModel(changed)
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof UnsupportedError, `${at}, ${byte}: ${error}`)
      }
    }
  }
})

test('what is no model', () => {
  assert.match(refused(new Uint8Array(0)), /0 bytes without a graph.*cut short, damaged or no ONNX model/)
  assert.match(refused(new TextEncoder().encode('<!DOCTYPE html><html>')), /damaged or of another kind/)
  assert.match(refused(Uint8Array.from([...block(7, []), ...block(8, int(2, 17))])), /without an IR version/)
  assert.match(refused(Uint8Array.from([...int(1, 8), ...block(7, [...relu, ...input, ...output])])), /no operator set/)
  assert.match(refused(Uint8Array.from([...model(relu, input, output), ...block(8, int(2, 18))])), /two versions/)
  assert.match(
    refused(Uint8Array.from([...int(1, 8), ...block(7, relu), ...block(8, block(1, 'my.domain'))])),
    /operator set 'my\.domain' has no version/,
  )
})

test('before IR version 3 the operator set is 1', () => {
  const bytes = Uint8Array.from([...int(1, 2), ...block(7, [...relu, ...input, ...output])])
  assert.equal(decodeModel(bytes).opsets, new Map([['', 1]]))
})

test("'ai.onnx' is the standard set", () => {
  const bytes = Uint8Array.from([
    ...int(1, 8),
    ...block(7, [...block(1, node('Relu', ['x'], ['y'], block(7, 'ai.onnx'))), ...input, ...output]),
    ...block(8, [...block(1, 'ai.onnx'), ...int(2, 17)]),
  ])
  assert.equal(decodeModel(bytes).opsets, new Map([['', 17]]))
  assert.is(decodeModel(bytes).graph.nodes[0].domain, '')
})

test('initialisers that are listed among the inputs', () => {
  const listed = block(11, valueInfo('w', 1, [2]))
  const decoded = decodeModel(model(block(1, node('Add', ['x', 'w'], ['y'])), weights, listed, input, output))
  assert.equal(
    decoded.graph.inputs.map(({ name }) => name),
    ['x'],
  )
})

test('extents that say nothing, and types that are no tensors', () => {
  const odd = block(11, valueInfo('x', 8, [-1, '', 3]))
  const sequence = block(11, [...block(1, 's'), ...block(2, block(4, block(1, block(1, int(1, 1)))))])
  assert.equal(decodeModel(model(relu, odd, sequence, output)).graph.inputs, [
    { name: 'x', type: null, dims: [null, null, 3] },
    { name: 's', type: null, dims: null },
  ])
})

/** The attribute of a one-node model, from the fields of an AttributeProto beyond the name. */
const attribute = (...fields: number[][]): OnnxAttribute | undefined =>
  decodeModel(
    model(block(1, node('Op', ['x'], ['y'], block(5, [...block(1, 'a'), ...fields.flat()]))), input, output),
  ).graph.nodes[0].attributes.get('a')

test('attributes whose value is the default, which protobuf omits', () => {
  assert.equal(attribute(int(20, 1)), { kind: 'float', value: 0 })
  assert.equal(attribute(int(20, 2)), { kind: 'int', value: 0 })
  assert.equal(attribute(int(20, 3)), { kind: 'string', value: '' })
  assert.equal(attribute(int(20, 7)), { kind: 'ints', value: [] })
  assert.equal(attribute(block(8, [1, 2]), int(20, 7)), { kind: 'ints', value: [1, 2] })
})

test('attributes that are legal and not held', () => {
  const kept = (value: string): OnnxAttribute => ({ kind: 'unsupported', value })
  assert.equal(attribute(int(3, 2n ** 63n - 1n), int(20, 2)), kept('INT 9223372036854775807, beyond 2^53'))
  assert.equal(
    attribute(int(8, 1), int(8, -(2n ** 63n)), int(20, 7)),
    kept('INTS with -9223372036854775808, beyond 2^53'),
  )
  assert.equal(attribute(block(4, [0xff]), int(20, 3)), kept('STRING that is no UTF-8'))
  assert.equal(attribute(block(9, [0xff]), int(20, 8)), kept('STRINGS that are no UTF-8'))
  assert.equal(attribute(block(22, []), int(20, 11)), kept('SPARSE_TENSOR'))
  assert.equal(attribute(block(14, []), int(20, 13)), kept('TYPE_PROTO'))
  const strings = attribute(block(5, [...int(1, 1), ...int(2, 8), ...block(6, 'x')]), int(20, 4))
  assert.is(strings?.kind, 'unsupported')
  assert.match(`${strings?.value}`, /^TENSOR: .*string/)
  assert.equal(attribute(block(21, 'outer'), int(20, 2)), kept("a reference to attribute 'outer' of a function"))
  const { graph } = model17
  const nodes = [{ ...graph.nodes[0], attributes: new Map([['a', kept('SPARSE_TENSOR')]]) }]
  assert.match(
    messageOf(UnsupportedError, () => encodeModel({ ...model17, graph: { ...graph, nodes } })),
    /node 0 \(Op\): attribute 'a' is SPARSE_TENSOR, which is not kept and cannot be written/,
  )
  const half = [{ ...graph.nodes[0], attributes: new Map([['a', { kind: 'ints', value: [1, 0.5] } as const]]) }]
  assert.match(
    messageOf(UsageError, () => encodeModel({ ...model17, graph: { ...graph, nodes: half } })),
    /attribute 'a': 0\.5 came/,
  )
})

test('attributes and nodes that are malformed', () => {
  const one = (...fields: number[][]): string => messageOf(FormatError, () => attribute(...fields))
  assert.match(one(int(3, 1)), /node 0 \(Op\): attribute 'a' has type 0, which onnx\.proto does not have/)
  assert.match(one(int(20, 4)), /has type TENSOR and no tensor/)
  assert.match(one(block(5, [...int(1, 9), ...int(2, 1)]), int(20, 4)), /float32\[9\] takes 9 numbers, 0/)
  const twice = block(5, [...block(1, 'a'), ...int(20, 2)])
  assert.match(refused(model(block(1, node('Op', ['x'], ['y'], twice, twice)), input, output)), /attribute 'a' twice/)
  assert.match(
    refused(model(block(1, node('Op', ['x'], ['y'], block(5, int(20, 2)))), input, output)),
    /without a name/,
  )
  assert.match(refused(model(block(1, node('', ['x'], ['y'])), input, output)), /has no op_type/)
})

test('initialisers that are malformed or not supported', () => {
  assert.match(refused(model(relu, weights, weights, input, output)), /initialiser 'w' occurs twice/)
  assert.match(refused(model(relu, block(5, [...int(1, 0), ...int(2, 1)]), input, output)), /has no name/)
  const hostile = block(5, [...int(1, 1e9), ...int(2, 1), ...block(8, 'w')])
  assert.match(refused(model(relu, hostile, input, output)), /takes 1000000000 numbers, 0 are there/)
  const text = (name: string): number[] => block(5, [...int(2, 8), ...block(8, name)])
  assert.match(
    unsupported(model(relu, text('a'), text('b'), block(15, []), input, output)),
    /3 problems:.*sparse.*'a'.*'b'/s,
  )
})

test('functions', () => {
  const bytes = Uint8Array.from([...model(relu, input, output), ...block(25, [])])
  assert.match(unsupported(bytes), /1 functions of its own; inline them first/)
})

test('limits', () => {
  const bytes = model(relu, block(1, node('Relu', ['y'], ['z'])), input, output)
  assert.is(decodeModel(bytes, { nodes: 2, bytes: bytes.length }).graph.nodes.length, 2)
  assert.match(unsupported(bytes, { nodes: 1 }), /2 nodes; the limit is 1 \(limits\.nodes\)/)
  assert.match(unsupported(bytes, { bytes: bytes.length - 1 }), /limits\.bytes/)
  assert.match(unsupported(bytes, { fields: 5 }), /limits\.fields/)
  assert.match(
    unsupported(bytes, { stringBytes: 4 }),
    /TensorShapeProto\.Dimension\.dim_param has 5 bytes; the limit is 4/,
  )
})

test.run()
