// Every operator's samples, and the zoo, exported and run by ONNX Runtime: the numbers agree with ours, within float error.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ours } from './exact/ours.mjs'
import { runtimes } from './exact/runtimes.mjs'

const runtime = await runtimes['ort-node']()

/** ONNX has them for training only, or not at all. */
const unwritten = ['MeanSquaredError', 'SoftmaxCrossEntropyLoss']

/** Whether a sample is one that the runtime refuses, or does not compute as the text of ONNX says. */
const isOther = {
  AveragePool: ({ pads = [], kernel_shape }) => pads.some((pad) => pad >= Math.min(...kernel_shape)),
  BatchNormalization: ({ training_mode }) => training_mode === 1,
  // Filled with 0 beyond one repetition.
  Pad: ({ mode }) => mode === 'wrap',
  // Corners are those of the rounded extent; ONNX's reference takes extent times scale.
  Resize: ({ coordinate_transformation_mode: mode, scales }) => mode === 'align_corners' && scales !== undefined,
}

/** Largest difference that is float error for numbers of this size, sums of some hundred terms included. */
const TOLERANCE = 2e-5

function assertClose(found, wanted, what) {
  assert.equal(found.length, wanted.length, `${what}: number of elements`)
  for (let i = 0; i < wanted.length; i++) {
    const close = Math.abs(found[i] - wanted[i]) <= TOLERANCE * Math.max(1, Math.abs(wanted[i]))
    assert.ok(close || Object.is(found[i], wanted[i]), `${what}: element ${i} is ${found[i]}, ours ${wanted[i]}`)
  }
}

/** A graph of one node, whose present inputs are fed. */
function oneNode(op, sample) {
  const inputs = sample.inputs.map((input, i) => (input === null ? '' : `input${i}`))
  const fed = sample.inputs.flatMap((input, i) => (input === null ? [] : [[`input${i}`, input]]))
  const outputs = op.shape(sample.inputs, sample.attributes).map((_, i) => `output${i}`)
  const graph = {
    name: 'one',
    inputs: fed.map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
    outputs,
    parameters: [],
    nodes: [{ name: 'node', op: op.name, inputs, outputs, attributes: sample.attributes }],
  }
  return { graph, feeds: Object.fromEntries(fed) }
}

async function compare(graph, parameters, feeds, what) {
  const wanted = ours.noGrad(() => ours.runGraph(graph, parameters, feeds))
  const bytes = ours.encodeModel(ours.exportGraph(graph, parameters))
  const tensors = Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
    name,
    { type: dtype, dims: shape, data },
  ])
  const found = await runtime.run(bytes, Object.fromEntries(tensors))
  for (const name of graph.outputs) assertClose(found[name], wanted[name].data, `${what}, ${name}`)
}

for (const op of Object.values(ours.ops)) {
  if (unwritten.includes(op.name)) continue
  test(`export: ${op.name}`, async () => {
    for (const sample of op.samples()) {
      if (isOther[op.name]?.(sample.attributes)) continue
      const { graph, feeds } = oneNode(op, sample)
      await compare(graph, new Map(), feeds, sample.name)
    }
  })
}

for (const name of ours.modelNames) {
  test(`export: ${name}`, async () => {
    const graph = ours.buildModel(name, { input: [3, 32, 32], classes: 10 })
    const stream = new ours.RandomStream(1, name)
    const data = Float32Array.from({ length: 2 * 3 * 32 * 32 }, () => stream.uniform())
    await compare(graph, ours.initialise(graph, 1), { image: ours.tensor(data, [2, 3, 32, 32]) }, name)
  })
}
