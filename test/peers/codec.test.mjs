// The protobuf codec against protobufjs with the schema of onnx-proto: what one writes, the other reads.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import onnxProto from 'onnx-proto'
import { ours } from './exact/ours.mjs'

const { ModelProto, TensorProto } = onnxProto.onnx
const { buildModel, decodeModel, decodeTensor, encodeModel, encodeTensor, exportGraph, initialise } = ours

const zoo = {
  mlp: { input: [1, 8, 8], classes: 10 },
  lenet: { input: [1, 16, 16], classes: 10 },
  resnet: { input: [3, 16, 16], classes: 10, depth: 8 },
  mobilenet: { input: [3, 16, 16], classes: 10, width: 0.25 },
}

for (const [name, options] of Object.entries(zoo)) {
  test(`${name}: protobufjs reads what we write, and we read what it writes`, () => {
    const graph = buildModel(name, options)
    const model = exportGraph(graph, initialise(graph, 1))
    const bytes = encodeModel(model)
    const read = ModelProto.decode(bytes)
    assert.equal(ModelProto.verify(read), null)
    assert.deepEqual(
      read.graph.node.map(({ name, opType, input, output }) => ({ name, op: opType, input, output })),
      model.graph.nodes.map(({ name, op, inputs, outputs }) => ({
        name,
        op,
        input: [...inputs],
        output: [...outputs],
      })),
    )
    const stored = new Map(read.graph.initializer.map((tensor) => [tensor.name, tensor]))
    assert.deepEqual([...stored.keys()], [...model.graph.initialisers.keys()])
    for (const [name, { dims, data }] of model.graph.initialisers) {
      const { dims: extents, rawData } = stored.get(name)
      assert.deepEqual(extents.map(Number), [...dims])
      assert.deepEqual(Buffer.from(rawData), Buffer.from(data.buffer, data.byteOffset, data.byteLength))
    }
    assert.deepEqual(decodeModel(ModelProto.encode(read).finish()), decodeModel(bytes))
  })
}

const types = [
  ['float32', 1, 'floatData', Float32Array.of(1.5, -0, Number.MAX_VALUE, 1e-45)],
  ['int32', 6, 'int32Data', Int32Array.of(0, -1, 2 ** 31 - 1, -(2 ** 31))],
  ['int8', 3, 'int32Data', Int8Array.of(0, -1, 127, -128)],
  ['uint8', 2, 'int32Data', Uint8Array.of(0, 1, 127, 255)],
  ['uint16', 4, 'int32Data', Uint16Array.of(0, 1, 2 ** 15, 2 ** 16 - 1)],
  ['float64', 11, 'doubleData', Float64Array.of(0.1, -0, 1e300, 5e-324)],
]

test('typed fields as protobufjs writes them are read element by element', () => {
  for (const [type, dataType, field, data] of types) {
    const bytes = TensorProto.encode({ name: 't', dims: [2, 2], dataType, [field]: [...data] }).finish()
    const { name, tensor } = decodeTensor(bytes)
    assert.equal(name, 't')
    assert.deepEqual(tensor, { type, dims: [2, 2], data })
    const back = TensorProto.decode(encodeTensor('t', tensor))
    assert.equal(back.dataType, dataType)
    assert.deepEqual(Buffer.from(back.rawData), Buffer.from(data.buffer))
  }
})

test('the files of the ONNX project mean the same to both', (context) => {
  const folder = fileURLToPath(new URL('../../../shared/conformance/onnx-node', import.meta.url))
  if (!existsSync(folder)) return context.skip(`no ${folder}`)
  let compared = 0
  for (const name of readdirSync(folder)) {
    const file = join(folder, name, 'model.onnx')
    if (!existsSync(file)) continue
    const bytes = readFileSync(file)
    const theirs = ModelProto.decode(bytes)
    const mine = decodeModel(bytes)
    assert.equal(mine.irVersion, Number(theirs.irVersion), name)
    assert.deepEqual(
      mine.graph.nodes.map(({ op, inputs, outputs, attributes }) => [
        op,
        [...inputs],
        [...outputs],
        [...attributes.keys()],
      ]),
      theirs.graph.node.map((node) => [node.opType, node.input, node.output, node.attribute.map(({ name }) => name)]),
      name,
    )
    compared++
  }
  assert.ok(compared > 200, `${compared} files`)
})
