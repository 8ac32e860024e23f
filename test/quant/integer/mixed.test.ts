import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FormatError, NumericError, UnsupportedError, UsageError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph, type GraphBuilder, type Value } from '../../../engine/graph/builder.ts'
import type { Graph, Parameters } from '../../../engine/graph/graph.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import { explain } from '../../../quant/audit/explain.ts'
import { logitSqnrDb } from '../../../quant/audit/metrics.ts'
import { backends, findBackend } from '../../../quant/backends/index.ts'
import type { Backend } from '../../../quant/integer/backend.ts'
import { checkExact } from '../../../quant/integer/bounds.ts'
import { compile, lower } from '../../../quant/integer/compile.ts'
import { anyWeightCodes, centredWeights, packInt16 } from '../../../quant/integer/constants.ts'
import { engineFloatOperators as floatOperators } from '../../../quant/integer/engineFloatOperators.ts'
import { planBytes, planMemory } from '../../../quant/integer/memoryPlan.ts'
import type { ConvStep, GemmStep, IntegerProgram } from '../../../quant/integer/program.ts'
import { decodeProgram, encodeProgram } from '../../../quant/integer/programFile.ts'
import { type CodeTensor, type FloatArray, IntegerSession } from '../../../quant/integer/session.ts'
import { messageOf } from '../../support/messageOf.ts'
import { attentionNetwork, images, randomParameters, rangeOfScale } from './models.ts'

const test = suite('programs that leave int8')

const ops = ({ header }: IntegerProgram): string[] => header.steps.map(({ op }) => op)

/** A linear layer x * w + b of one feature each way. */
function oneLayer(w: number, b: number, before?: (g: GraphBuilder, x: Value) => Value): [Graph, Parameters] {
  const graph = buildGraph('one', (g) => {
    const x = g.input('x', [null, 1])
    return g.linear(before === undefined ? x : before(g, x), { out: 1, name: 'c' })
  })
  const parameters = initialise(graph, 0)
  parameters.get('c.weight')?.data.set([w])
  parameters.get('c.bias')?.data.set([b])
  return [graph, parameters]
}

test('float bias: added after scaling, rounded once', () => {
  // s_in = 1/2, s_w = 1/64, s_out = 1/4: acc / 32; the bias 0.1 is 0.4 codes. 3 * 127 / 32 + 0.4 = 12.30625.
  const backend = findBackend('gpu-sym-entropy')
  const [graph, parameters] = oneLayer(127 / 64, Math.fround(0.1))
  const ranges = new Map([
    ['x', rangeOfScale(backend.activations, 0.5, 0)],
    ['c', rangeOfScale(backend.activations, 0.25, 0)],
  ])
  const program = lower(graph, parameters, backend, { ranges })
  const step = program.header.steps[0] as GemmStep
  assert.is(step.bias, null)
  assert.equal(step.requantiser, {
    kind: 'f32-half-even',
    scale: [1 / 32],
    offset: [Math.fround(Math.fround(0.1) / 0.25)],
  })
  for (const kernels of ['plain', 'simd'] as const) {
    const { data } = new IntegerSession(program, { kernels }).runCodes({ shape: [3, 1], data: Int32Array.of(3, -3, 0) })
    assert.equal([...data], [12, -12, 0])
  }
  assert.match(explain(program), /clamp\(RNE\(f32\(f32\(f32\(acc\) \* 0.03125\) \+ 0.4/)
  const wrong: Backend = { ...backend, layers: findBackend('tfl-int8-q31').layers }
  assert.match(
    messageOf(UnsupportedError, () => lower(graph, parameters, wrong, { ranges })),
    /node 'c': a float bias is added by requantiser 'f32-half-even' only, not by 'q31-single'/,
  )
})

test('a bias of 20 bits saturates, one of 32 does not', () => {
  const [graph, parameters] = oneLayer(1 / 64, 100)
  const wide: Backend = { ...findBackend('pow2-mcu-halfup'), exponents: { minimum: -30, maximumShift: 31 } }
  const ranges = new Map([
    ['x', rangeOfScale(wide.activations, 2 ** -10, 0)],
    ['c', rangeOfScale(wide.activations, 1, 0)],
  ])
  // s_w covers 1/64 with 127 codes: 2^-12, as 127 / 8192 < 1/64; 100 * 2^22 exceeds 20 bits.
  const biasOf = (backend: Backend): Int32Array => {
    const { constants } = lower(graph, parameters, backend, { ranges })
    return constants.get('c.bias') as Int32Array
  }
  assert.equal([...biasOf(wide)], [2 ** 19 - 1])
  assert.equal([...biasOf({ ...wide, bias: { kind: 'product', bits: 32 } })], [100 * 2 ** 22])
})

test('weights with a zero point: codes and products', () => {
  // Weights -1 and 3: s = 4/255, z = RNE(-128 + 63.75) = -64; codes -128 and 127.
  const graph = buildGraph('two', (g) => g.linear(g.input('x', [null, 1]), { out: 2, name: 'c', bias: false }))
  const parameters = initialise(graph, 0)
  parameters.get('c.weight')?.data.set([-1, 3])
  const backend = findBackend('tensor-asym-strict')
  const ranges = new Map([
    ['x', rangeOfScale(backend.activations, 0.5, 131)],
    ['c', rangeOfScale(backend.activations, 1, 100)],
  ])
  const program = lower(graph, parameters, backend, { ranges })
  const { weight } = program.header.steps[0] as GemmStep
  assert.equal([weight.scale[0], weight.zeroPoint], [Math.fround(4 / 255), -64])
  assert.equal([...anyWeightCodes(weight, program.constants)], [-128, 127])
  assert.equal([...centredWeights(weight, program.constants)], [-64, 191])
  for (const kernels of ['plain', 'simd'] as const) {
    const session = new IntegerSession(program, { kernels })
    // 20 * 0.5 = 10: -64 * 4/255 * 10 = -10.04, 191 * 4/255 * 10 = 29.96.
    assert.equal([...session.runCodes({ shape: [1, 1], data: Int32Array.of(151) }).data], [90, 130])
  }
  assert.match(explain(program), /sum\(\(x - 131\) \* \(w\[m, ...\] \+ 64\)\)/)
  assert.match(explain(program), /w: int8 \[2, 1\] in -128 ... 127/)
})

test('multipliers stay below their limit: the output scale gives way, and the next layer follows', () => {
  const graph = buildGraph('chain', (g) => {
    const y = g.linear(g.input('x', [null, 1]), { out: 1, name: 'a', bias: false })
    return g.linear(y, { out: 1, name: 'b', bias: false })
  })
  const parameters = initialise(graph, 0)
  for (const { data } of parameters.values()) data.set([1])
  const backend = findBackend('tensor-asym-strict')
  const ranges = new Map(
    ['x', 'a', 'b'].map((name, i) => [name, rangeOfScale(backend.activations, [1, 2 ** -12, 2 ** -30][i], 128)]),
  )
  const { values, steps } = lower(graph, parameters, backend, { ranges }).header
  const scaleOf = (name: string) => (values.find((value) => value.name === name) as { scale: number }).scale
  for (const step of steps as GemmStep[]) {
    const real = (scaleOf(step.inputs[0]) * step.weight.scale[0]) / scaleOf(step.output)
    assert.ok(real < 1 && real > 0.9999, `${step.name}: ${real}`)
  }
  assert.is(scaleOf('x'), 1)
})

test('an uncovered operator runs on real numbers between steps that the program shows', () => {
  const graph = buildGraph('gap', (g) => {
    const x = g.relu(g.conv(g.input('x', [null, 1, 2, 2]), { out: 1, kernel: 1, name: 'c' }), { name: 'r' })
    return g.linear(g.flatten(g.sigmoid(g.tanh(x, { name: 't' }), { name: 's' }), { name: 'f' }), { out: 2, name: 'l' })
  })
  const parameters = randomParameters(graph, 1)
  const batch = images(new RandomStream(1, 'gap'), 4, [1, 2, 2])
  const backend: Backend = { ...findBackend('dla-fp16-gaps'), calibration: { observer: { kind: 'minMax' }, images: 4 } }
  const program = compile(graph, parameters, backend, { calibration: [batch] })
  assert.equal(
    program.header.steps.map(({ op, name, output }) => `${op} ${name} ${output}`),
    [
      'conv c r',
      'dequantise r.real r.real',
      'float t t',
      'float s s',
      'quantise s.codes s.codes',
      'reshape f f',
      'gemm l l',
    ],
  )
  assert.equal(program.header.floats, [
    { name: 'r.real', shape: [1, 2, 2], format: 'f16' },
    { name: 't', shape: [1, 2, 2], format: 'f16' },
    { name: 's', shape: [1, 2, 2], format: 'f16' },
  ])
  const text = explain(program)
  assert.match(text, /y = f16\(f32\([0-9.e-]+ \* x\)\)/)
  assert.match(text, /y = f16\(Sigmoid\(x\)\), computed in f32/)
  assert.match(text, /f16\(v\): rounded to binary16/)

  const [trace, traceFloats] = [new Map<string, CodeTensor>(), new Map<string, FloatArray>()]
  const session = new IntegerSession(program, { floatOperators })
  const { data } = session.run(batch, { trace, traceFloats })
  assert.equal([...trace.keys()], ['x', 'r', 's.codes', 'f', 'l'])
  assert.equal([...traceFloats.keys()], ['r.real', 't', 's'])
  // Sigmoid of tanh in binary16: multiples of 2^-11 between 1/2 and 1.
  for (const v of traceFloats.get('s')?.data ?? []) assert.ok(v >= 0.5 && v < 1 && Number.isInteger(v * 2048), `${v}`)
  const float = runGraph(graph, parameters, { x: batch })[graph.outputs[0]] as FloatTensor
  assert.ok(logitSqnrDb(float.data, data) > 30)

  assert.is(
    messageOf(UsageError, () => new IntegerSession(program)),
    "session: step 't' (Tanh) is computed on real numbers; pass the option floatOperators, for example engineFloatOperators of quant-trim/quant",
  )
  const again = decodeProgram(encodeProgram(program))
  assert.equal(again.header, program.header)
  assert.equal(new IntegerSession(again, { floatOperators }).run(batch).data, data)
})

test('a transformer block runs on every back end that has a fallback, or real activations', () => {
  const graph = attentionNetwork()
  const parameters = initialise(graph, 9)
  const random = new RandomStream(1, 'attention')
  const calibration = [images(random, 32, [3, 8, 8])]
  const batch = images(random, 6, [3, 8, 8])
  const float = runGraph(graph, parameters, { image: batch })[graph.outputs[0]] as FloatTensor
  for (const backend of backends.values()) {
    if (backend.fallback === undefined && backend.floating === undefined) continue
    const program = compile(graph, parameters, backend, { calibration })
    const found = logitSqnrDb(float.data, new IntegerSession(program, { floatOperators }).run(batch).data)
    const least = backend.accumulator.pairSaturation === undefined ? 20 : 12
    assert.ok(found > least, `${backend.name}: ${found} dB`)
    const operators = program.header.steps.flatMap((step) => (step.op === 'float' ? [step.operator] : []))
    for (const operator of ['LayerNormalization', 'Softmax', 'Gelu', 'MatMul']) {
      assert.ok(operators.includes(operator), `${backend.name}: ${operator}`)
    }
  }
})

test('a fallback in 16-bit codes: kept wide, requantised for what takes 8', () => {
  const [graph, parameters] = oneLayer(1, 0, (g, x) => g.sigmoid(g.relu(x, { name: 'r' }), { name: 's' }))
  const backend: Backend = {
    ...findBackend('dsp-asym-tensor'),
    calibration: { observer: { kind: 'minMax' }, images: 4 },
  }
  const program = compile(graph, parameters, backend, { calibration: [tensor([-1, 0, 1, 2], [4, 1])] })
  assert.equal(ops(program), ['clamp', 'dequantise', 'float', 'quantise', 'requantise', 'gemm'])
  const { values } = program.header
  const wide = values.find(({ name }) => name === 's')
  assert.equal(
    [wide?.qmin, wide?.qmax, wide?.scale],
    [0, 65535, Math.fround(Math.fround(1 / (1 + Math.exp(-2))) / 65535)],
  )
  const trace = new Map<string, CodeTensor>()
  new IntegerSession(program, { floatOperators }).run(tensor([0, 2], [2, 1]), { trace })
  // The sigmoid of 0 is 1/2: 0.5 / s; of 2 the top code.
  assert.equal([...(trace.get('s') as CodeTensor).data], [Math.round(0.5 / (wide?.scale as number)), 65535])
  assert.equal([...(trace.get('s.codes') as CodeTensor).data], [Math.round(0.5 / (wide?.scale as number) / 257), 255])
})

test('operators that mix images, and those without a fallback, are refused by name', () => {
  const graph = buildGraph('mix', (g) => g.softmax(g.input('x', [null, 4]), { axis: 0, name: 'p' }))
  const refuse = (name: string) =>
    messageOf(UnsupportedError, () => compile(graph, new Map(), findBackend(name), { calibration: [] }))
  assert.match(
    refuse('gpu-sym-entropy'),
    /node 'p' \(Softmax\): it mixes the batch; it covers .*; what else it can, it runs in float$/,
  )
  assert.match(refuse('tfl-int8-q31'), /node 'p' \(Softmax\): not covered; it covers/)
})

test('16-bit layers: sums beyond int32, exact; results as an oracle of BigInt has them', () => {
  const random = new RandomStream(5, 'wide')
  const graph = buildGraph('wide', (g) => {
    const x = g.input('x', [null, 4, 6, 5])
    return g.conv(x, { out: 3, kernel: 3, stride: [1, 2], pad: [1, 0, 2, 1], dilation: [2, 1], name: 'c' })
  })
  const parameters = randomParameters(graph, 2)
  const backend = findBackend('clip-biascal-dsp')
  const ranges = new Map([
    ['x', { lo: -1, hi: 1 }],
    ['c', { lo: -3, hi: 3 }],
  ])
  const program = lower(graph, parameters, backend, { ranges })
  const step = program.header.steps[0] as ConvStep
  assert.equal([step.weight.bits, program.header.values[0].qmax, program.header.output], [16, 32767, 'c'])
  const batch = images(random, 2, [4, 6, 5])
  const trace = new Map<string, CodeTensor>()
  new IntegerSession(program).run(batch, { trace })
  const x = (trace.get('x') as CodeTensor).data
  const y = trace.get('c') as CodeTensor
  const w = anyWeightCodes(step.weight, program.constants)
  const bias = program.constants.get((step.bias as { constant: string }).constant) as Int32Array
  const scale = (step.requantiser as { scale: readonly number[] }).scale
  let largest = 0n
  const [, , outH, outW] = y.shape
  for (let o = 0; o < y.data.length; o++) {
    const [n, m, oy, ox] = [
      Math.floor(o / (3 * outH * outW)),
      Math.floor(o / (outH * outW)) % 3,
      Math.floor(o / outW) % outH,
      o % outW,
    ]
    let sum = BigInt(bias[m])
    for (let c = 0; c < 4; c++) {
      for (let ky = 0; ky < 3; ky++) {
        for (let kx = 0; kx < 3; kx++) {
          const [row, column] = [oy - step.pads[0] + 2 * ky, 2 * ox - step.pads[1] + kx]
          if (row < 0 || row >= 6 || column < 0 || column >= 5) continue
          sum += BigInt(x[((n * 4 + c) * 6 + row) * 5 + column]) * BigInt(w[((m * 4 + c) * 3 + ky) * 3 + kx])
        }
      }
    }
    const size = sum < 0n ? -sum : sum
    if (size > largest) largest = size
    const v = Number(sum) * scale[scale.length === 1 ? 0 : m]
    const wanted = Math.min(Math.max(Math.sign(v) * Math.floor(Math.abs(v) + 0.5), step.low), step.high)
    assert.is(y.data[o], wanted || 0, `output ${o}`)
  }
  assert.ok(largest > 2n ** 31n, `${largest}`)
  assert.match(explain(program), /limit 9007199254740991/)
})

test('16-bit islands at both ends: the input is wide, results become 8 bits between', () => {
  const graph = buildGraph('ends', (g) => {
    let x = g.input('x', [null, 1, 6, 6])
    x = g.relu(g.conv(x, { out: 3, kernel: 3, name: 'a' }), { name: 'ra' })
    x = g.relu(g.conv(x, { out: 3, kernel: 3, name: 'b' }), { name: 'rb' })
    return g.linear(g.globalAvgPool(x, { name: 'p' }), { out: 2, name: 'l' })
  })
  const parameters = randomParameters(graph, 3)
  const batch = images(new RandomStream(1, 'ends'), 8, [1, 6, 6])
  const backend = findBackend('clip-biascal-dsp')
  const program = compile(graph, parameters, backend, { calibration: [batch] })
  assert.equal(ops(program), ['conv', 'requantise', 'conv', 'averagePool', 'reshape', 'gemm'])
  const widths = new Map(program.header.values.map(({ name, qmax }) => [name, qmax]))
  assert.equal(
    ['x', 'ra', 'l'].map((name) => widths.get(name)),
    [32767, 32767, 32767],
  )
  assert.equal(
    ['ra.codes', 'rb', 'p'].map((name) => widths.get(name)),
    [127, 127, 127],
  )
  const plan = planMemory(program.header)
  assert.equal(new Set(plan.storages), new Set(['int16', 'int8']))
  // Codes of 16 bits take two bytes.
  assert.is(
    planBytes(plan),
    plan.sizes.reduce((sum, size, i) => sum + size * (plan.storages[i] === 'int16' ? 2 : 1), 0),
  )
  const float = runGraph(graph, parameters, { x: batch })[graph.outputs[0]] as FloatTensor
  assert.ok(logitSqnrDb(float.data, new IntegerSession(program).run(batch).data) > 25)
  const { header, constants } = program
  const steps = header.steps.map((step) =>
    step.op === 'gemm'
      ? { ...step, requantiser: { kind: 'q31-single' as const, multiplier: [2 ** 30], shift: [0] } }
      : step,
  )
  assert.match(
    messageOf(FormatError, () => new IntegerSession({ header: { ...header, steps }, constants })),
    /step 'l': wanted a requantiser that takes wide sums/,
  )
})

test('a layer that is named an island leaves saturating pairs behind', () => {
  const graph = buildGraph('pairs', (g) =>
    g.linear(g.linear(g.input('x', [null, 6]), { out: 4, name: 'a' }), { out: 3, name: 'b' }),
  )
  const parameters = randomParameters(graph, 5)
  const batch = images(new RandomStream(1, 'pairs'), 8, [6])
  const islands = {
    layers: ['a'],
    layer: { requantiser: 'f32-half-even', product: 'f32' },
    rescale: { kind: 'qdq' },
  } as const
  const program = compile(graph, parameters, { ...findBackend('x86-sat16'), islands }, { calibration: [batch] })
  assert.equal(ops(program), ['gemm', 'requantise', 'gemm'])
  const [a, , b] = program.header.steps as GemmStep[]
  assert.equal([a.weight.bits, a.pairSaturation, b.weight.bits, b.pairSaturation], [16, undefined, 8, 'u8s8-int16'])
  const float = runGraph(graph, parameters, { x: batch })[graph.outputs[0]] as FloatTensor
  assert.ok(logitSqnrDb(float.data, new IntegerSession(program).run(batch).data) > 10)
})

test('int16 weights are bytes, low one first', () => {
  const codes = [0, 1, -1, 258, -32768, 32767]
  const bytes = packInt16(codes)
  assert.equal([...bytes.subarray(6, 10)], [2, 1, 0, 0x80])
  const weight = { constant: 'w', shape: [2, 3], bits: 16, scale: [1] }
  assert.equal([...anyWeightCodes(weight, new Map([['w', bytes]]))], codes)
  assert.match(
    messageOf(FormatError, () => anyWeightCodes(weight, new Map([['w', bytes.subarray(1)]]))),
    /'w': wanted a Uint8Array of 12 \(\[2, 3\], two bytes a code\)/,
  )
})

test('dynamic activations: each image has its own range, whatever the batch', () => {
  const [graph, parameters] = oneLayer(127 / 64, 0.5)
  const program = compile(graph, parameters, findBackend('dyn-act-w8'), { calibration: [tensor([0], [1, 1])] })
  assert.equal(ops(program), ['dynamicQuantiser', 'quantise', 'realLayer'])
  const [trace, traceFloats] = [new Map<string, CodeTensor>(), new Map<string, FloatArray>()]
  const session = new IntegerSession(program)
  const { data } = session.run(tensor([2, -4, 0], [3, 1]), { trace, traceFloats })
  // [0, 2]: s = 2/255, z = -128; [-4, 0]: s = 4/255, z = 127; [0, 0]: s = 1, z = -128.
  const range = [...(traceFloats.get('x.range') as FloatArray).data]
  assert.equal(range, [Math.fround(2 / 255), -128, Math.fround(4 / 255), 127, 1, -128])
  assert.equal([...(trace.get('x.codes') as CodeTensor).data], [127, -128, -128])
  // 255 * 127 * f32(s / 64) + 0.5: f32 steps.
  const real = (s: number, q: number): number =>
    Math.fround(Math.fround(q * 127 * Math.fround(Math.fround(s) * Math.fround(1 / 64))) + 0.5)
  assert.equal([...data], [real(2 / 255, 255), real(4 / 255, -255), 0.5])
  assert.match(explain(program), /\(s, z\) = x.range of the image/)
  assert.is(
    messageOf(UsageError, () => session.runCodes({ shape: [1, 1], data: Int32Array.of(0) })),
    "session: 'x' is real numbers and has no codes; use run",
  )
})

test('a layer shared by two readers quantises its input once; clamps are in real numbers', () => {
  const graph = buildGraph('twice', (g) => {
    const x = g.input('x', [null, 3])
    return g.add(
      g.clip(g.linear(x, { out: 2, name: 'a' }), { min: -0.25, max: 0.5 }),
      g.linear(x, { out: 2, name: 'b' }),
    )
  })
  const parameters = randomParameters(graph, 6)
  const batch = images(new RandomStream(1, 'twice'), 5, [3])
  const program = compile(graph, parameters, findBackend('dyn-act-w8'), { calibration: [batch] })
  assert.equal(ops(program), ['dynamicQuantiser', 'quantise', 'realLayer', 'realLayer', 'float'])
  const [layer] = program.header.steps.filter(({ op }) => op === 'realLayer') as { low?: number; high?: number }[]
  assert.equal([layer.low, layer.high], [-0.25, 0.5])
  const float = runGraph(graph, parameters, { x: batch })[graph.outputs[0]] as FloatTensor
  assert.ok(logitSqnrDb(float.data, new IntegerSession(program, { floatOperators }).run(batch).data) > 30)
})

test('bf16: every result is a bfloat16 number; weights are codes; a product is transposed back', () => {
  const graph = buildGraph('bf', (g) => {
    const x = g.input('x', [null, 2, 4, 4])
    const y = g.relu(g.batchNorm(g.conv(x, { out: 3, kernel: 3, name: 'c' })))
    return g.linear(g.flatten(y), { out: 2, name: 'l' })
  })
  const parameters = randomParameters(graph, 7)
  const batch = images(new RandomStream(1, 'bf'), 3, [2, 4, 4])
  const program = compile(graph, parameters, findBackend('bf16-act-w8'), { calibration: [batch] })
  assert.equal(new Set(ops(program)), new Set(['float']))
  assert.equal(program.header.values, [])
  const traceFloats = new Map<string, FloatArray>()
  const { data } = new IntegerSession(program, { floatOperators }).run(batch, { traceFloats })
  for (const { data } of traceFloats.values()) {
    for (const bits of new Int32Array(data.buffer)) assert.is(bits & 0xffff, 0)
  }
  const float = runGraph(graph, parameters, { x: batch })[graph.outputs[0]] as FloatTensor
  const found = logitSqnrDb(float.data, data)
  assert.ok(found > 35 && found < 60, `${found}`)
  assert.match(
    explain(program),
    /q = bf16\(x\)[\s\S]*y = bf16\(Conv\(x, f32\(scale \* c.weight as int8\), c.2\)\), computed in f32/,
  )
})

test('sums that could leave the integers of a double are refused', () => {
  checkExact('c', [2 ** 53 - 1])
  assert.is(
    messageOf(NumericError, () => checkExact('c', [1, 2 ** 53])),
    "lowering: step 'c', channel 1: sums may reach 9007199254740992, the limit is 9007199254740991",
  )
})

test.run()
