import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../engine/base/errors.ts'
import { codeRange } from '../../../quant/affine/scheme.ts'
import { backendNames, backends, comparedNames, findBackend } from '../../../quant/backends/index.ts'
import { messageOf } from '../../support/messageOf.ts'

const test = suite('backends')

test('a back end is data: it survives JSON, and is found by its name', () => {
  assert.equal(
    [...backendNames],
    [
      'academic-fakequant',
      'bf16-act-w8',
      'clip-biascal-dsp',
      'dataflow-u8-islands',
      'dla-fp16-gaps',
      'dsp-asym-tensor',
      'dsp-asym-tensor-pc',
      'dyn-act-w8',
      'gpu-sym-entropy',
      'onnx-spec',
      'ort-wasm',
      'ort-x86',
      'ort-x86-saturating',
      'percentile-radix-npu',
      'pow2-mcu-halfeven',
      'pow2-mcu-halfup',
      'pow2-tensor-npu',
      'pow2-tensor-npu-plain',
      'tensor-asym-strict',
      'tfl-int8-q31',
      'tflite-ref',
      'tflm',
      'tosa-double',
      'tosa-single',
      'x86-sat16',
      'xnnpack-x86',
    ],
  )
  for (const name of comparedNames) assert.is(findBackend(name).name, name)
  for (const [name, backend] of backends) {
    assert.is(backend.name, name)
    assert.is(findBackend(name), backend)
    assert.equal(JSON.parse(JSON.stringify(backend)), backend)
    assert.ok(backend.sources.length > 0, name)
    for (const { parameter, sentence } of backend.assumptions) assert.match(sentence, /\.$/, `${name}: ${parameter}`)
    assert.equal(backend.weightBits, name === 'x86-sat16' ? [8, 7, 4] : [8, 4])
  }
  assert.is(
    messageOf(UsageError, () => findBackend('x')),
    `there is no back end 'x'; there are ${backendNames.join(', ')}`,
  )
})

test('the code ranges and roundings that the profiles state', () => {
  const of = (name: string) => {
    const { activations, weights, rounding, layers, bias } = findBackend(name)
    const a = codeRange(activations)
    const w = [8, 4].map((bits) => codeRange({ ...weights, bits }))
    return [
      a.qmin,
      a.qmax,
      ...w.flatMap(({ qmin, qmax }) => [qmin, qmax]),
      weights.granularity,
      bias.kind === 'float' ? 0 : bias.bits,
      rounding.weight,
      layers.conv.requantiser,
    ]
  }
  assert.equal(of('tfl-int8-q31'), [-128, 127, -127, 127, -7, 7, 'channel', 32, 'half-away', 'q31-single'])
  assert.equal(of('dsp-asym-tensor'), [0, 255, -127, 127, -7, 7, 'tensor', 32, 'half-away', 'f64-half-away'])
  assert.equal(of('pow2-tensor-npu'), [-128, 127, -128, 127, -8, 7, 'tensor', 8, 'half-away', 'shift-half-up'])
  assert.equal(of('onnx-spec'), [0, 255, -128, 127, -8, 7, 'channel', 32, 'half-even', 'f32-half-even'])
  assert.is(findBackend('tfl-int8-q31').layers.depthwise.requantiser, 'q31-double')
})

test('every covered operator has its rule, and every function its table', () => {
  for (const { name, operators, mul, softmax, mean, tables, rescale, concat, fixedOutputs } of backends.values()) {
    const covered = new Set<string>(operators)
    assert.is(covered.size, operators.length, `${name}: an operator twice`)
    // A model whose activations are real numbers has no rules but those of its layers.
    assert.is(covered.has('Mul'), mul !== undefined, name)
    assert.is(covered.has('Softmax'), softmax !== undefined, name)
    assert.is(covered.has('ReduceMean'), mean !== undefined, name)
    for (const op of Object.keys(tables ?? {})) assert.ok(covered.has(op), `${name}: ${op}`)
    if (concat === 'requantise' || fixedOutputs !== undefined) assert.ok(rescale, name)
  }
})

test.run()
