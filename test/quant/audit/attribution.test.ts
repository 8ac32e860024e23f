import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { attribute } from '../../../quant/audit/attribution.ts'
import { evaluateBackend, floatReference, type Job } from '../../../quant/audit/compare.ts'
import { findCulprits, remedies } from '../../../quant/audit/culprits.ts'
import { backends, findBackend } from '../../../quant/backends/index.ts'
import type { Backend } from '../../../quant/integer/backend.ts'
import { layersWithLoudChannel, randomData } from './networks.ts'

const test = suite('attribution')
const data = randomData()
const knobs = 'weights granularity activations scale form calibration passes fallback rounding accumulator'
  .replace('scale form', 'scale_form')
  .split(' ')

/** onnx-spec with weights per tensor. */
const perTensor: Backend = {
  ...findBackend('onnx-spec'),
  name: 'per-tensor',
  weights: { bits: 8, signed: true, symmetric: true, granularity: 'tensor' },
}

test('a waterfall ends at what the back end gives by itself, and its changes add up', () => {
  const model = layersWithLoudChannel(null)
  const reference = floatReference(model, data.test)
  for (const backend of backends.values()) {
    const job: Job = { backend, weightBits: 4 }
    const { result } = evaluateBackend(model, job, data, reference)
    const { from, to, steps, bits } = attribute(model, job, data, reference)
    assert.is(from, reference.quality.top1, backend.name)
    assert.is(to, result.top1, backend.name)
    assert.is(bits, result.bits)
    assert.is(steps.at(-1)?.sqnrDb, result.sqnrDb, backend.name)
    const sum = steps.reduce((total, { change }) => total + change, from)
    assert.ok(Math.abs(sum - to) < 1e-12)
    const wanted = backend.floating === undefined ? knobs : knobs.slice(0, 3)
    const named = steps.flatMap(({ knob }) => knob.replace('scale form', 'scale_form').split(' + '))
    assert.equal(named, wanted, backend.name)
  }
})

test('the loss of a loud channel is put down to granularity, and only there', () => {
  const model = layersWithLoudChannel('second')
  const reference = floatReference(model, data.test)
  const { steps } = attribute(model, { backend: perTensor, weightBits: 8 }, data, reference)
  const fall = (knob: string): number => {
    const at = steps.findIndex((step) => step.knob === knob)
    return steps[at - 1].sqnrDb - steps[at].sqnrDb
  }
  assert.ok(fall('granularity') > 10, `granularity ${fall('granularity')}`)
  for (const { knob } of steps.slice(2)) assert.ok(fall(knob) < 5, `${knob} ${fall(knob)}`)
})

test('a knob that the back end leaves at its ideal costs exactly nothing', () => {
  const model = layersWithLoudChannel(null)
  const reference = floatReference(model, data.test)
  const { steps } = attribute(model, { backend: findBackend('onnx-spec'), weightBits: 8 }, data, reference)
  for (const knob of ['passes', 'rounding', 'accumulator']) {
    const at = steps.findIndex((step) => step.knob === knob)
    assert.is(steps[at].change, 0)
    assert.is(steps[at].sqnrDb, steps[at - 1].sqnrDb)
  }
})

test('the culprit is the layer with the loud channel, and scales per channel heal it', () => {
  for (const loud of ['first', 'second'] as const) {
    const model = layersWithLoudChannel(loud)
    const reference = floatReference(model, data.test)
    const job: Job = { backend: perTensor, weightBits: 8 }
    const { layers, sqnrDb, top1 } = findCulprits(model, job, data, reference)
    const { result } = evaluateBackend(model, job, data, reference)
    assert.is(sqnrDb, result.sqnrDb)
    assert.is(top1, result.top1)
    assert.equal(layers.length, 3)
    assert.is(layers[0].name, loud)
    const gains = new Map(layers[0].remedies.map(({ remedy, gainDb }) => [remedy, gainDb]))
    assert.equal([...gains.keys()].sort(), Object.keys(remedies).sort())
    assert.ok((gains.get('per channel') as number) > 8, `per channel ${gains.get('per channel')}`)
    assert.ok((gains.get('16-bit') as number) > 8, `16-bit ${gains.get('16-bit')}`)
    for (const { remedies: others } of layers.slice(1)) assert.ok(others[0].gainDb < 5)
  }
})

test('per-channel scales are no remedy where a back end has them; 16 bits never harm much', () => {
  const model = layersWithLoudChannel(null)
  const reference = floatReference(model, data.test)
  for (const backend of backends.values()) {
    const { layers } = findCulprits(model, { backend, weightBits: 8 }, data, reference)
    const names = layers.flatMap((layer) => layer.remedies.map(({ remedy }) => remedy))
    if (backend.weights.granularity === 'channel') assert.not(names.includes('per channel'), backend.name)
    assert.is(layers.length > 0, backend.floating === undefined, backend.name)
    for (const { name, remedies: found } of layers) {
      const wide = found.find(({ remedy }) => remedy === '16-bit')
      assert.ok((wide?.gainDb ?? 0) > -3, `${backend.name} ${name} ${wide?.gainDb}`)
    }
  }
})

test.run()
