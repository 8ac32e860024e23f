import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, ShapeError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { tensor, zeros } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { backends, findBackend } from '../../../quant/backends/index.ts'
import { compile } from '../../../quant/integer/compile.ts'
import { engineFloatOperators as floatOperators } from '../../../quant/integer/engineFloatOperators.ts'
import { planMemory } from '../../../quant/integer/memoryPlan.ts'
import type { IntegerProgram, ProgramHeader, Step } from '../../../quant/integer/program.ts'
import { type CodeTensor, IntegerSession } from '../../../quant/integer/session.ts'
import { messageOf } from '../../support/messageOf.ts'
import { handProgram } from './hand.ts'
import { images, randomParameters, smallNetwork } from './models.ts'

const test = suite('IntegerSession')

function smallProgram(name: string, weightBits = 8): IntegerProgram {
  const graph = smallNetwork()
  const calibration = [images(new RandomStream(1, 'session'), 8, [3, 9, 8])]
  return compile(graph, randomParameters(graph, 5), findBackend(name), { weightBits, calibration })
}

test('the hand-computed layer: codes and reals', () => {
  for (const backend of backends.values()) {
    // Others have other scales: their layers are computed by hand in mixed.test.ts.
    if (backend.floating !== undefined || backend.islands !== undefined || !backend.weights.symmetric) continue
    const session = new IntegerSession(handProgram(backend))
    const middle = backend.activations.signed ? 0 : 128
    const [zi, zo] = backend.activations.symmetric ? [0, 0] : [middle + 3, middle - 5]
    // 509 / 32 = 15.9; 128 / 32 = 4; 1 - 2 * 127/64 < 0; 48 / 4 + ... beyond the last code.
    const codes = { shape: [4, 1, 1, 1], data: Int32Array.of(zi + 3, zi, zi - 4, zi + 120) }
    assert.equal([...session.runCodes(codes).data], [zo + 16, zo + 4, zo, middle + 127], backend.name)
    assert.equal([...session.run(tensor([1.5, 0, -2], [3, 1, 1, 1])).data], [4, 1, 0], backend.name)
  }
})

test('a batch equals its images one by one, whatever ran before', () => {
  const random = new RandomStream(2, 'batch')
  const batch = images(random, 5, [3, 9, 8])
  for (const name of backends.keys()) {
    const session = new IntegerSession(smallProgram(name, 4), { floatOperators })
    const whole = session.run(batch).data
    for (let n = 0; n < 5; n++) {
      const one = session.run({ shape: [1, 3, 9, 8], data: batch.data.subarray(n * 216, (n + 1) * 216) })
      assert.equal(one.data, whole.subarray(n * 7, (n + 1) * 7))
    }
    assert.equal(session.run(batch).data, whole)
    assert.equal(session.run(zeros([0, 3, 9, 8])), { shape: [0, 7], data: new Float32Array(0) })
  }
})

test('a fully connected layer on more images than one pass takes', () => {
  const graph = buildGraph('fc', (g) => g.linear(g.input('x', [null, 5]), { out: 6 }))
  const batch = images(new RandomStream(4, 'rows'), 131, [5])
  const session = new IntegerSession(
    compile(graph, randomParameters(graph, 6), findBackend('onnx-spec'), { calibration: [batch] }),
  )
  const whole = session.run(batch).data
  for (let n = 0; n < 131; n++) {
    const one = session.run({ shape: [1, 5], data: batch.data.subarray(n * 5, n * 5 + 5) })
    assert.equal(one.data, whole.subarray(n * 6, n * 6 + 6))
  }
})

test('a batch larger than a pass, with its trace', () => {
  const [count, tail] = [2300, 1100]
  const batch = images(new RandomStream(6, 'passes'), count, [3, 9, 8])
  const program = smallProgram('dsp-asym-tensor')
  const session = new IntegerSession(program)
  const trace = new Map<string, CodeTensor>()
  const whole = session.run(batch, { trace }).data
  const last = { shape: [tail, 3, 9, 8], data: batch.data.subarray((count - tail) * 216) }
  const lastTrace = new Map<string, CodeTensor>()
  const other = new IntegerSession(program)
  assert.equal(other.run(last, { trace: lastTrace }).data, whole.subarray((count - tail) * 7))
  for (const [name, { data }] of lastTrace) {
    const { data: all } = trace.get(name) as CodeTensor
    assert.ok(
      data.every((q, i) => q === all[all.length - data.length + i]),
      name,
    )
  }
  const codes = trace.get(program.header.input.value) as CodeTensor
  assert.equal(session.runCodes(codes), trace.get(program.header.output))
})

test('codes wider than 16 bits, and 16 bits where a step or its requantiser takes 8, are refused', () => {
  const { header, constants } = handProgram(findBackend('tfl-int8-q31'))
  const withCodes = (qmin: number, qmax: number) => {
    const values = header.values.map((value) => ({ ...value, qmin, qmax }))
    return messageOf(FormatError, () => new IntegerSession({ header: { ...header, values }, constants }))
  }
  assert.match(withCodes(-65536, 65535), /'image' has codes -65536 ... 65535; a session keeps 16 bits/)
  assert.match(withCodes(-32768, 32767), /wanted a requantiser that takes wide sums/)
})

test('run is quantise, runCodes, dequantise; a trace has every value and changes nothing', () => {
  const session = new IntegerSession(smallProgram('tfl-int8-q31'))
  const { header } = session.program
  const batch = images(new RandomStream(3, 'trace'), 2, [3, 9, 8])
  const trace = new Map<string, CodeTensor>()
  const logits = session.run(batch, { trace })
  assert.equal(session.run(batch), logits)
  assert.equal([...trace.keys()], [header.input.value, ...header.steps.map(({ output }) => output)])
  const output = session.runCodes(trace.get(header.input.value) as CodeTensor)
  assert.equal(output, trace.get(header.output))
  const { scale, zeroPoint } = header.values.find(({ name }) => name === header.output) ?? { scale: 0, zeroPoint: 0 }
  assert.equal(
    [...logits.data],
    [...output.data].map((q) => Math.fround((q - zeroPoint) * scale)),
  )
  for (const { name, shape, qmin, qmax } of header.values) {
    const codes = trace.get(name) as CodeTensor
    assert.equal(codes.shape, [2, ...shape])
    assert.ok(
      codes.data.every((q) => q >= qmin && q <= qmax),
      name,
    )
  }
})

test('a graph whose output is its input, reshaped', () => {
  const graph = buildGraph('pass', (g) => g.flatten(g.input('x', [null, 1, 1, 2])))
  const calibration = [tensor([-1, 1], [1, 1, 1, 2])]
  const session = new IntegerSession(compile(graph, new Map(), findBackend('pow2-tensor-npu'), { calibration }))
  assert.equal(session.run(tensor([0.5, -0.25], [1, 1, 1, 2])), { shape: [1, 2], data: Float32Array.of(0.5, -0.25) })
})

test('wrong inputs', () => {
  const session = new IntegerSession(handProgram(findBackend('onnx-spec')))
  assert.is(
    messageOf(ShapeError, () => session.run(zeros([1, 2, 1, 1]))),
    "session: input 'image' is [1, 2, 1, 1], wanted [?, 1, 1, 1]",
  )
  assert.is(
    messageOf(ShapeError, () => session.runCodes({ shape: [1, 1, 1, 1], data: Int32Array.of(256) })),
    "session: input 'image' holds code 256; wanted 0 ... 255",
  )
  for (const code of [-1, 2147483647, -2147483648]) {
    assert.match(
      messageOf(ShapeError, () => session.runCodes({ shape: [2, 1, 1, 1], data: Int32Array.of(255, code) })),
      new RegExp(`holds code ${code};`),
    )
  }
  assert.match(
    messageOf(ShapeError, () => session.runCodes({ shape: [2, 1, 1, 1], data: Int32Array.of(1) })),
    /holds 2 elements, the data 1/,
  )
})

test('damaged programs are refused when the session is made', () => {
  const { header, constants } = handProgram(findBackend('tfl-int8-q31'))
  const refused = (change: Partial<ProgramHeader>, arrays = constants): string =>
    messageOf(FormatError, () => new IntegerSession({ header: { ...header, ...change }, constants: arrays }))
  const [step] = header.steps
  assert.match(refused({}, new Map()), /constant 'c.weight': wanted an Int8Array of 1 .*found nothing/)
  assert.match(refused({}, new Map([...constants, ['c.weight', new Int8Array(2)]])), /found Int8Array of 2/)
  assert.match(
    refused({}, new Map([...constants, ['c.bias', new Int32Array(2)]])),
    /'c.bias': wanted an Int32Array of 1/,
  )
  assert.match(refused({ output: 'nowhere' }), /'nowhere'/)
  assert.match(refused({ steps: [{ ...step, inputs: ['r'] } as Step] }), /reads 'r' before it is made/)
  assert.match(refused({ values: header.values.slice(1) }), /there is no value 'image'/)
  assert.match(refused({ steps: [{ ...step, groups: 2 } as Step] }), /step 'c': wanted weights that fit the channels/)
})

test('memory: a chain takes two buffers; what is still needed is never overwritten', () => {
  const value = (name: string, size: number) => ({ name, shape: [size], scale: 1, zeroPoint: 0, qmin: -128, qmax: 127 })
  const clamp = (input: string, output: string): Step => ({
    op: 'clamp',
    name: output,
    inputs: [input],
    output,
    low: 0,
    high: 1,
  })
  const header: ProgramHeader = {
    format: 1,
    name: 'chain',
    backend: 'none',
    input: { value: 'a', rounding: 'half-even' },
    output: 'd',
    values: [value('a', 4), value('b', 8), value('c', 2), value('d', 6)],
    steps: [clamp('a', 'b'), clamp('b', 'c'), clamp('c', 'd')],
  }
  const chain = planMemory(header)
  assert.equal(chain.sizes.length, 2)
  // 'a' lives on to the last step here.
  const kept = planMemory({
    ...header,
    steps: [clamp('a', 'b'), clamp('b', 'c'), { ...clamp('c', 'd'), inputs: ['c', 'a'] }],
  })
  assert.equal(kept.sizes.length, 3)
  assert.is.not(kept.bufferOf.get('c'), kept.bufferOf.get('a'))
  // A reshape is its input, which therefore lives as long as it.
  const reshape: Step = { op: 'reshape', name: 'r', inputs: ['a'], output: 'b' }
  const renamed = planMemory({
    ...header,
    steps: [reshape, clamp('a', 'c'), { ...clamp('c', 'd'), inputs: ['c', 'b'] }],
  })
  assert.is(renamed.bufferOf.get('b'), renamed.bufferOf.get('a'))
  assert.is.not(renamed.bufferOf.get('c'), renamed.bufferOf.get('a'))
})

test.run()
