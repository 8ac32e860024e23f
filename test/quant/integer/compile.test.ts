import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NumericError, UnsupportedError, UsageError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { type FloatTensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import type { Graph, GraphNode } from '../../../engine/graph/graph.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import type { OpName } from '../../../engine/ops/names.ts'
import { logitSqnrDb } from '../../../quant/audit/metrics.ts'
import { backends, findBackend } from '../../../quant/backends/index.ts'
import { calibrate } from '../../../quant/integer/calibrate.ts'
import { compile } from '../../../quant/integer/compile.ts'
import { engineFloatOperators as floatOperators } from '../../../quant/integer/engineFloatOperators.ts'
import { IntegerSession } from '../../../quant/integer/session.ts'
import { messageOf } from '../../support/messageOf.ts'
import { images, randomParameters, smallNetwork } from './models.ts'

const test = suite('compile')
const onnx = findBackend('onnx-spec')
const tfl = findBackend('tfl-int8-q31')

test('a small network keeps close to its float logits on every back end', () => {
  const random = new RandomStream(1, 'compile')
  const graph = smallNetwork()
  const parameters = randomParameters(graph, 2)
  const before = new Map([...parameters].map(([name, { data }]) => [name, data.slice()]))
  const calibration = [images(random, 16, [3, 9, 8]), images(random, 16, [3, 9, 8])]
  const batch = images(random, 8, [3, 9, 8])
  const float = runGraph(graph, parameters, { image: batch })[graph.outputs[0]] as FloatTensor
  for (const backend of backends.values()) {
    for (const weightBits of backend.weightBits) {
      const program = compile(graph, parameters, backend, { weightBits, calibration })
      const { data, shape } = new IntegerSession(program, { floatOperators }).run(batch)
      assert.equal(shape, [8, 7])
      // 8 bits give about 6 dB a bit less what clipping and per-tensor weights cost; chance gives 0.
      // Pairs that saturate cost a lot.
      const least = weightBits === 4 ? 8 : backend.accumulator.pairSaturation === undefined ? 25 : 10
      const found = logitSqnrDb(float.data, data)
      assert.ok(found > least, `${backend.name} W${weightBits}: ${found} dB`)
      assert.equal(JSON.parse(JSON.stringify(program.header)), program.header)
    }
  }
  for (const [name, { data }] of parameters) assert.equal(data, before.get(name), name)
})

test('compiling twice gives the same program', () => {
  const graph = smallNetwork()
  const parameters = randomParameters(graph, 3)
  const calibration = [images(new RandomStream(2, 'twice'), 4, [3, 9, 8])]
  for (const backend of backends.values()) {
    assert.equal(
      compile(graph, parameters, backend, { calibration }),
      compile(graph, parameters, backend, { calibration }),
    )
  }
})

test('calibration: what each back end makes of two batches', () => {
  const graph = buildGraph('identity', (g) => g.relu(g.input('x', [null, 2])))
  const batches = [tensor([0, 2, -1, 0], [2, 2]), tensor([0, 4, -2, 0], [2, 2])]
  const range = (name: string) => calibrate(graph, new Map(), findBackend(name), batches).get('x')
  assert.equal(range('tfl-int8-q31'), { lo: -2, hi: 4 })
  assert.equal(range('onnx-spec'), { lo: -2, hi: 4 })
  // -1 + 0.01 (-2 + 1), 2 + 0.01 (4 - 2) in f32.
  const { lo, hi } = range('dsp-asym-tensor') as { lo: number; hi: number }
  assert.ok(Math.abs(lo + 1.01) < 1e-6 && Math.abs(hi - 2.02) < 1e-6, `${lo} ${hi}`)
  // One vote for 2^-5 (63.5/32 < 2, so 2^-5 covers 2) and one for 2^-4: the coarser wins.
  assert.equal(range('pow2-tensor-npu'), { lo: -127 / 16, hi: 127 / 16 })
})

test('everything unsupported is listed at once, with the back end and the reasons', () => {
  const graph = buildGraph('odd', (g) => {
    const x = g.input('x', [null, 2, 4, 4])
    const y = g.sigmoid(g.conv(x, { out: 2, kernel: 1, name: 'c' }), { name: 's' })
    return g.softmax(g.add(g.flatten(y), g.flatten(g.mul(x, y, { name: 'm' }))), { name: 'p' })
  })
  assert.is(
    messageOf(UnsupportedError, () => compile(graph, initialise(graph, 0), tfl, { calibration: [] })),
    "compile: back end tfl-int8-q31 cannot express graph odd: node 's' (Sigmoid): not covered; node 'm' (Mul): not covered; node 'p' (Softmax): not covered; it covers Add, AveragePool, BatchNormalization, Clip, Concat, Conv, Flatten, Gemm, GlobalAveragePool, MaxPool, Relu, Reshape",
  )
})

test('a batch norm that cannot be folded, and an operator that a back end only claims to cover', () => {
  const graph = buildGraph('lone', (g) => {
    const y = g.batchNorm(g.input('x', [null, 2, 4, 4]), { name: 'bn' })
    return g.sub(y, y, { name: 's' })
  })
  const backend = { ...onnx, operators: [...onnx.operators, 'Sub' as const] }
  assert.match(
    messageOf(UnsupportedError, () => compile(graph, initialise(graph, 0), backend, { calibration: [] })),
    /node 'bn' \(BatchNormalization\): it cannot be folded into a layer; node 's' \(Sub\): it has no integer form/,
  )
})

test('forms that the integer path does not have are named', () => {
  const node = (
    op: 'Add' | 'Gemm' | 'Flatten' | 'Concat',
    inputs: string[],
    attributes: Record<string, number>,
  ): Graph => ({
    name: 'g',
    inputs: [{ name: 'x', dtype: 'float32', shape: [null, 4] }],
    outputs: ['y'],
    nodes: [{ name: 'n', op, inputs, outputs: ['y'], attributes }],
    parameters: [
      { name: 'w', shape: [4, 4], trainable: true, initialiser: { kind: 'constant', value: 1 } },
      { name: 'b', shape: [4], trainable: true, initialiser: { kind: 'constant', value: 1 } },
    ].filter(({ name }) => inputs.includes(name)) as Graph['parameters'],
  })
  const reason = (graph: Graph): string =>
    messageOf(UnsupportedError, () => compile(graph, initialise(graph, 0), onnx, { calibration: [] }))
  assert.match(reason(node('Add', ['x', 'b'], {})), /node 'n' \(Add\): its input 'b' is a constant/)
  assert.match(reason(node('Gemm', ['x', 'w'], { alpha: 2 })), /wanted transA 0, alpha 1, beta 1/)
  assert.match(reason(node('Gemm', ['x', 'w', 'w'], {})), /wanted a bias of \[4\]/)
  assert.match(reason(node('Flatten', ['x'], { axis: 0 })), /\(Flatten\): /)
  assert.match(reason(node('Concat', ['x', 'x'], { axis: 0 })), /it joins along the batch/)
})

test('widths, calibration data and weights are checked', () => {
  const graph = buildGraph('one', (g) => g.linear(g.input('x', [null, 3]), { out: 2, name: 'fc' }))
  const parameters = initialise(graph, 0)
  const calibration = [zeros([1, 3])]
  assert.is(
    messageOf(UsageError, () => compile(graph, parameters, onnx, { weightBits: 3, calibration })),
    'compile: back end onnx-spec has no 3-bit weights; wanted 8 or 4',
  )
  assert.match(
    messageOf(UsageError, () => compile(graph, parameters, onnx, { calibration: [] })),
    /no calibration images/,
  )
  const nan = tensor([0, Number.NaN, 1], [1, 3])
  assert.match(
    messageOf(NumericError, () => compile(graph, parameters, onnx, { calibration: [nan] })),
    /tensor 'x': .*NaN/,
  )
  parameters.get('fc.weight')?.data.set([Number.POSITIVE_INFINITY])
  assert.is(
    messageOf(NumericError, () => compile(graph, parameters, onnx, { calibration })),
    "compile: parameter 'fc.weight' holds Infinity at 0; wanted finite weights",
  )
})

test('all-zero weights and all-zero images compile to zeros', () => {
  const graph = buildGraph('zero', (g) => g.linear(g.input('x', [null, 3]), { out: 2 }))
  const parameters = initialise(graph, 0)
  for (const { data } of parameters.values()) data.fill(0)
  for (const backend of backends.values()) {
    const program = compile(graph, parameters, backend, { calibration: [zeros([1, 3])] })
    const session = new IntegerSession(program, { floatOperators })
    assert.equal([...session.run(tensor([1, -1, 0], [1, 3])).data], [0, 0], backend.name)
    if (backend.floating !== undefined) continue
    // The DSP widens every range to 0.01.
    const { scale } = session.program.header.values[0]
    assert.is(scale, backend.minimumRange !== undefined ? Math.fround(Math.fround(0.01) / 255) : 1)
  }
})

test('an accumulator that could overflow is refused with the layer’s name', () => {
  // 70,000 inputs at +-127 times 255 codes: 2.27e9 > 2^31 - 1.
  const inputs = 70000
  const graph = buildGraph('wide', (g) => g.linear(g.input('x', [null, inputs]), { out: 1, name: 'fc', bias: false }))
  const parameters = initialise(graph, 0)
  parameters.get('fc.weight')?.data.fill(1)
  const calibration = [tensor(new Float32Array(inputs).fill(1), [1, inputs])]
  assert.match(
    messageOf(NumericError, () => compile(graph, parameters, onnx, { calibration })),
    /step 'fc', channel 0: the accumulator may reach 2266950000, the limit is 2147483647/,
  )
})

test('a product, a mean and a transposition of the batch are named', () => {
  const node = (op: OpName, inputs: string[], attributes: GraphNode['attributes'] = {}): Graph => ({
    name: 'g',
    inputs: [{ name: 'x', dtype: 'float32', shape: [4, 4, 2, 2] }],
    outputs: ['y'],
    nodes: [{ name: 'n', op, inputs, outputs: ['y'], attributes }],
    parameters: [],
  })
  const reason = (graph: Graph): string =>
    messageOf(UnsupportedError, () => compile(graph, new Map(), onnx, { calibration: [] }))
  assert.match(reason(node('MatMul', ['x', 'x'])), /node 'n' \(MatMul\): its weight or bias 'x' is computed/)
  assert.match(reason(node('ReduceMean', ['x'], { axes: [1] })), /wanted the mean over the plane of \[N, C, H, W\]/)
  assert.match(reason(node('Transpose', ['x'], { perm: [1, 0, 2, 3] })), /it moves the batch/)
  assert.match(reason(node('Softmax', ['x'], { axis: -4 })), /it normalises along the batch/)
})

test.run()
