import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { sizeOf } from '../../../engine/base/shape.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import type { Graph, GraphNode } from '../../../engine/graph/graph.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import { explain, explainJson } from '../../../quant/audit/explain.ts'
import { logitSqnrDb } from '../../../quant/audit/metrics.ts'
import { simulate } from '../../../quant/audit/simulate.ts'
import { backends, findBackend } from '../../../quant/backends/index.ts'
import { compile } from '../../../quant/integer/compile.ts'
import { prepareConv } from '../../../quant/integer/execute/conv.ts'
import { prepareGemm } from '../../../quant/integer/execute/gemm.ts'
import { prepareTranspose } from '../../../quant/integer/execute/move.ts'
import type { ConvStep, GemmStep } from '../../../quant/integer/program.ts'
import { type CodeTensor, IntegerSession } from '../../../quant/integer/session.ts'
import { type StoredValue, storedValue } from '../../../quant/integer/storage.ts'
import { convolution, fullyConnected, randomCodes, runStep, tapsOf } from './layers.ts'
import { gatedNetwork, images, randomParameters } from './models.ts'

const test = suite('runtimes')
const runtimes = [...backends.values()].filter(({ kind }) => kind === 'runtime')

/** [N, 3, 6, 5] -> MatMul over the last axis -> Transpose -> ReduceMean over the plane, keepdims 0. */
function matrixNetwork(): Graph {
  const node = (
    name: string,
    op: GraphNode['op'],
    inputs: string[],
    attributes: GraphNode['attributes'],
  ): GraphNode => ({
    name,
    op,
    inputs,
    outputs: [`${name}.out`],
    attributes,
  })
  const uniform = { kind: 'uniform', bound: 0.4 } as const
  return {
    name: 'matrix',
    inputs: [{ name: 'x', dtype: 'float32', shape: [null, 3, 6, 5] }],
    outputs: ['mean.out'],
    nodes: [
      node('product', 'MatMul', ['x', 'w'], {}),
      node('turned', 'Transpose', ['product.out'], { perm: [0, 3, 1, 2] }),
      node('mean', 'ReduceMean', ['turned.out'], { axes: [2, -1], keepdims: 0 }),
    ],
    parameters: [{ name: 'w', shape: [5, 4], trainable: true, initialiser: uniform }],
  }
}

test('a gated network keeps close to its float result, and is explained, on every runtime', () => {
  const graph = gatedNetwork()
  const parameters = randomParameters(graph, 2)
  const random = new RandomStream(1, 'gated')
  const calibration = [images(random, 16, [3, 9, 8])]
  const batch = images(random, 6, [3, 9, 8])
  const float = runGraph(graph, parameters, { image: batch })[graph.outputs[0]] as FloatTensor
  for (const backend of runtimes) {
    const program = compile(graph, parameters, backend, { calibration })
    assert.equal(JSON.parse(JSON.stringify(program.header)), program.header)
    const found = logitSqnrDb(float.data, new IntegerSession(program).run(batch).data)
    assert.ok(found > (backend.accumulator.pairSaturation ? 8 : 20), `${backend.name}: ${found} dB`)
    const text = explain(program)
    const wanted = ['mul', 'table', ...(backend.concat === 'requantise' ? ['requantise'] : [])]
    for (const op of wanted) assert.match(text, new RegExp(`step [0-9]+: ${op} `), `${backend.name}: ${op}`)
    assert.not.match(text, /undefined|NaN|\[object/)
    assert.ok(explainJson(program).legend.length > 0)
  }
})

test('a product with a constant matrix, a transposition and a mean that drops its dimensions', () => {
  const graph = matrixNetwork()
  const parameters = initialise(graph, 3)
  const random = new RandomStream(2, 'matrix')
  const calibration = [images(random, 16, [3, 6, 5])]
  const batch = images(random, 5, [3, 6, 5])
  const float = runGraph(graph, parameters, { x: batch })['mean.out'] as FloatTensor
  for (const backend of runtimes) {
    const program = compile(graph, parameters, backend, { calibration })
    const trace = new Map<string, CodeTensor>()
    const result = new IntegerSession(program).run(batch, { trace })
    assert.equal(result.shape, [5, 4])
    // Means of 18 products: sums of rounding errors average out, weights' scales do not.
    const found = logitSqnrDb(float.data, result.data)
    assert.ok(found > (backend.accumulator.pairSaturation ? 8 : 20), `${backend.name}: ${found} dB`)
    assert.equal(
      program.header.steps.map(({ op }) => op),
      ['gemm', 'transpose', 'averagePool', 'reshape'],
    )
    if (backend.accumulator.pairSaturation !== undefined) continue
    // Step by step, the codes are those of the simulation but for ties.
    const simulated = simulate(program, batch, { follow: trace })
    for (const { output } of program.header.steps) {
      const { codes, exact, slack } = simulated.get(output) as NonNullable<ReturnType<typeof simulated.get>>
      const { data } = trace.get(output) as CodeTensor
      assert.is(data.length, codes.length)
      for (const [i, q] of data.entries()) {
        const fromTie = Math.abs(exact[i] - Math.floor(exact[i]) - 0.5)
        assert.ok(
          q === codes[i] || (Math.abs(q - codes[i]) === 1 && fromTie <= slack[i]),
          `${backend.name} ${output} ${i}`,
        )
      }
    }
  }
})

test('a softmax at the end: probabilities by every rule', () => {
  const graph = buildGraph('classifier', (g) => g.softmax(g.linear(g.input('x', [null, 6]), { out: 5, name: 'fc' })))
  const parameters = initialise(graph, 4)
  const random = new RandomStream(3, 'softmax')
  const calibration = [images(random, 32, [6])]
  const batch = images(random, 8, [6])
  const float = runGraph(graph, parameters, { x: batch })[graph.outputs[0]] as FloatTensor
  for (const backend of runtimes) {
    if (!backend.operators.includes('Softmax')) continue
    const { data } = new IntegerSession(compile(graph, parameters, backend, { calibration })).run(batch)
    // Ranges calibrated on other images clip a little.
    for (const [i, p] of data.entries()) {
      assert.ok(
        Math.abs(p - float.data[i]) < (backend.accumulator.pairSaturation ? 0.3 : 0.06),
        `${backend.name} ${i}: ${p}`,
      )
    }
  }
})

test('fixed quantisers: 1/256 for probabilities, 1/128 for tanh, and a concatenation rescales them', () => {
  const graph = buildGraph('fixed', (g) => {
    const x = g.input('x', [null, 2, 2, 2])
    const s = g.sigmoid(x, { name: 's' })
    return g.concat([g.maxPool(s, { kernel: 1, name: 'm' }), g.tanh(x, { name: 't' }), x], { name: 'c' })
  })
  const calibration = [tensor([-4, 4, 1, 0, 1, 2, 3, -1], [1, 2, 2, 2])]
  const { header } = compile(graph, new Map(), findBackend('tflite-ref'), { calibration })
  const named = (name: string) => header.values.find((value) => value.name === name)
  assert.equal([named('s')?.scale, named('s')?.zeroPoint], [1 / 256, -128])
  assert.equal([named('m')?.scale, named('m')?.zeroPoint], [1 / 256, -128])
  assert.equal([named('t')?.scale, named('t')?.zeroPoint], [1 / 128, 0])
  assert.equal(named('c')?.scale, Math.fround(8 / 255))
  assert.equal(
    header.steps.filter(({ op }) => op === 'requantise').map(({ name }) => name),
    ['c.rescale0', 'c.rescale1'],
  )
  // Every value that a step names exists, with the shape it should have.
  assert.equal(named('c.rescale1')?.shape, [2, 2, 2])
})

/** What x86 without VNNI computes: pairs of neighbouring products along k on unsigned codes, saturated to int16. */
function saturatingSum(codes: readonly number[], weights: readonly number[], zeroPoint: number): number {
  let sum = 0
  for (let k = 0; k < codes.length; k += 2) {
    const pair = codes[k] * weights[k] + (k + 1 < codes.length ? codes[k + 1] * weights[k + 1] : 0)
    sum += Math.min(Math.max(pair, -32768), 32767)
  }
  return sum - zeroPoint * weights.reduce((a, b) => a + b, 0)
}

const unsigned = (value: StoredValue): StoredValue =>
  storedValue({ ...value, zeroPoint: value.zeroPoint + 128, qmin: 0, qmax: 255 })
const code = (sum: number, zeroPoint: number): number =>
  Math.min(Math.max(Number((BigInt(sum) + 512n) >> 10n) + zeroPoint, -128), 127)

test('saturating pairs in a fully connected layer: 255 by 127 twice is 32767', () => {
  const random = new RandomStream(5, 'pairs')
  for (const [taps, channels] of [
    [2, 1],
    [7, 5],
    [16, 3],
  ]) {
    const layer = fullyConnected(taps, channels, random)
    const step: GemmStep = { ...layer.step, pairSaturation: 'u8s8-int16' }
    const [input, output] = [unsigned(layer.input), layer.output]
    const x = randomCodes(random, 4 * taps)
    if (taps === 2) x.fill(127)
    const out = new Int8Array(4 * channels)
    const constants = new Map(layer.constants)
    if (taps === 2) constants.set('w', Int8Array.of(127, 127))
    const w = constants.get('w') as Int8Array
    const bias = constants.get('b') as Int32Array
    runStep(prepareGemm(step, { inputs: [input], output, constants }), [x], 4, out)
    for (let n = 0; n < 4; n++) {
      for (let c = 0; c < channels; c++) {
        const codes = Array.from(x.subarray(n * taps, (n + 1) * taps), (q) => q + 128)
        const sum = saturatingSum(codes, Array.from(w.subarray(c * taps, (c + 1) * taps)), 131) + bias[c]
        assert.is(out[n * channels + c], code(sum, output.zeroPoint), `${taps} ${n} ${c}`)
      }
    }
  }
})

test('saturating pairs in a convolution: k runs over channels, then columns, then rows; padding is the zero point', () => {
  const random = new RandomStream(6, 'pairs')
  for (const shape of [
    [3, 5, 6, 4, 3, 3, 1, 1, 1, 1, 1],
    [4, 6, 5, 6, 3, 2, 2, 1, 1, 2, 2],
  ]) {
    const layer = convolution(shape, random)
    const step: ConvStep = { ...layer.step, pairSaturation: 'u8s8-int16' }
    const [input, output] = [unsigned(layer.input), layer.output]
    const x = randomCodes(random, 2 * sizeOf(input.shape))
    const out = new Int8Array(2 * sizeOf(output.shape))
    runStep(prepareConv(step, { inputs: [input], output, constants: layer.constants }), [x], 2, out)
    const weights = layer.constants.get('w') as Int8Array
    const bias = layer.constants.get('b') as Int32Array
    const raw = Array.from(x, (q) => q + 128)
    let o = 0
    for (const { m, codes, weights: taps } of tapsOf(step, input, output, weights, raw, 131)) {
      const wanted = code(saturatingSum(codes, taps, 131) + bias[m], output.zeroPoint)
      if (out[o] !== wanted) assert.unreachable(`${shape}, output ${o}: ${out[o]}, ${wanted}`)
      o++
    }
    assert.is(o, out.length)
  }
})

test('which layers saturate, what their accumulators hold, and how they are explained', () => {
  const graph = buildGraph('layers', (g) => {
    const y = g.conv(g.input('x', [null, 4, 5, 5]), { out: 4, kernel: 3, groups: 4, name: 'depthwise' })
    return g.linear(g.flatten(g.conv(y, { out: 2, kernel: 1, name: 'conv', bias: false })), { out: 3, name: 'fc' })
  })
  const calibration = [images(new RandomStream(7, 'layers'), 8, [4, 5, 5])]
  const program = compile(graph, randomParameters(graph, 5), findBackend('ort-x86-saturating'), { calibration })
  const layers = program.header.steps.filter((step): step is ConvStep => 'weight' in step)
  assert.equal(
    layers.map(({ name, pairSaturation }) => [name, pairSaturation]),
    [
      ['depthwise', undefined],
      ['conv', 'u8s8-int16'],
      ['fc', 'u8s8-int16'],
    ],
  )
  const steps = explainJson(program).steps
  assert.match(steps[1].formulas[0], /sum of sat16\(/)
  assert.ok(explainJson(program).legend.some((line) => line.startsWith('sat16(v)')))
  // No bias: 255 codes and the zero point by the sum of |w|.
  const input = program.header.values.find(({ name }) => name === layers[1].inputs[0])
  const weights = program.constants.get('conv.weight') as Int8Array
  const sums = [0, 1].map((c) => weights.subarray(4 * c, 4 * c + 4).reduce((sum, w) => sum + Math.abs(w), 0))
  assert.is(steps[1].accumulator?.bound, Math.max(...sums) * (255 + (input?.zeroPoint ?? 0)))
})

test('transpose: three dimensions, the batch in front', () => {
  const value = { scale: 1, zeroPoint: 0, qmin: -128, qmax: 127 }
  const input = storedValue({ ...value, name: 'x', shape: [2, 3, 4] })
  const output = storedValue({ ...value, name: 'y', shape: [4, 2, 3] })
  const step = { op: 'transpose', name: 't', inputs: ['x'], output: 'y', perm: [2, 0, 1] } as const
  const x = Int8Array.from({ length: 48 }, (_, i) => i)
  const out = new Int8Array(48)
  runStep(prepareTranspose(step, { inputs: [input], output, constants: new Map() }), [x], 2, out)
  for (let n = 0; n < 2; n++) {
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < 2; j++) {
        for (let k = 0; k < 3; k++) assert.is(out[((n * 4 + i) * 2 + j) * 3 + k], x[((n * 2 + j) * 3 + k) * 4 + i])
      }
    }
  }
})

test.run()
