import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UnsupportedError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph, type GraphBuilder, type Value } from '../../../engine/graph/builder.ts'
import type { Graph, Parameters } from '../../../engine/graph/graph.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { quantisationPoints } from '../../../quant/affine/points.ts'
import type { ValueRange } from '../../../quant/affine/quantiser.ts'
import { simulate } from '../../../quant/audit/simulate.ts'
import { backends, comparedNames } from '../../../quant/backends/index.ts'
import type { Backend } from '../../../quant/integer/backend.ts'
import { compile, lower } from '../../../quant/integer/compile.ts'
import type { IntegerProgram } from '../../../quant/integer/program.ts'
import { type CodeTensor, IntegerSession } from '../../../quant/integer/session.ts'
import { messageOf } from '../../support/messageOf.ts'
import { images, randomParameters, rangeOfScale, smallNetwork } from '../integer/models.ts'

const test = suite('simulate')

/**
 * Every step of the integer session against its simulation on the same input codes: at most one code apart, and only where
 * the real result is within the arithmetic's own error of a tie. Returns how many codes differ, how many
 * are ties, and how many there are.
 */
function compareSteps(
  program: IntegerProgram,
  batch: FloatTensor,
  where: string,
): { differing: number; ties: number; total: number } {
  const trace = new Map<string, CodeTensor>()
  new IntegerSession(program).run(batch, { trace })
  const simulated = simulate(program, batch, { follow: trace })
  let differing = 0
  let ties = 0
  let total = 0
  for (const { name, output } of program.header.steps) {
    const integer = trace.get(output) as CodeTensor
    const { codes, exact, slack, shape } = simulated.get(output) as NonNullable<ReturnType<typeof simulated.get>>
    assert.equal(integer.shape, shape, where)
    assert.is(integer.data.length, codes.length, where)
    total += codes.length
    for (let i = 0; i < codes.length; i++) {
      const fromTie = Math.abs(exact[i] - Math.floor(exact[i]) - 0.5)
      if (fromTie < 1e-6) ties++
      if (integer.data[i] === codes[i]) continue
      differing++
      const apart = Math.abs(integer.data[i] - codes[i])
      if (apart > 1 || fromTie > slack[i]) {
        assert.unreachable(`${where}: step ${name}: code ${integer.data[i]} for ${exact[i]}, slack ${slack[i]}`)
      }
    }
  }
  return { differing, ties, total }
}

/** Weights that are small multiples of 2^-5, with one outlier a channel that fixes the scale at 2^-5. */
function gridParameters(graph: Graph, bits: number, spread: number, random: RandomStream): Parameters {
  const parameters = initialise(graph, 1)
  const largest = 2 ** (bits - 1) - 1
  for (const { data, shape } of parameters.values()) {
    for (let i = 0; i < data.length; i++) data[i] = (random.integer(2 * spread + 1) - spread) / 32
    if (shape.length === 1) continue
    const taps = data.length / shape[0]
    for (let c = 0; c < shape[0]; c++) data[c * taps + random.integer(taps)] = largest / 32
  }
  return parameters
}

/** Images whose codes lie around the zero point, so that few results are clamped. */
function codedImages(random: RandomStream, scale: number, spread: number, shape: readonly number[]): FloatTensor {
  const size = shape.reduce((a, b) => a * b, 1)
  return tensor(
    Array.from({ length: size }, () => (random.integer(2 * spread + 1) - spread) * scale),
    shape,
  )
}

type Body = (g: GraphBuilder, x: Value) => Value

function covers(backend: Backend, body: Body): boolean {
  const graph = buildGraph('one', (g) => body(g, g.input('image', [null, 4, 7, 6])))
  return backend.floating === undefined && graph.nodes.every(({ op }) => backend.operators.includes(op))
}

const operators: readonly [name: string, body: Body][] = [
  ['conv', (g, x) => g.conv(x, { out: 5, kernel: 3, stride: 2, pad: [1, 0, 2, 1] })],
  ['conv, dilated, relu', (g, x) => g.relu(g.conv(x, { out: 4, kernel: [2, 3], dilation: [2, 1], pad: 2 }))],
  ['conv, uneven strides', (g, x) => g.conv(x, { out: 3, kernel: [3, 2], stride: [1, 3], pad: [0, 1] })],
  ['depthwise', (g, x) => g.conv(x, { out: 8, kernel: 3, pad: 1, groups: 4 })],
  ['grouped', (g, x) => g.conv(x, { out: 6, kernel: 3, groups: 2 })],
  ['gemm', (g, x) => g.linear(x, { out: 11 })],
  ['add', (g, x) => g.add(x, g.maxPool(x, { kernel: 3, stride: 1, pad: 1 }))],
  ['add of another scale, relu', (g, x) => g.relu(g.add(x, g.conv(x, { out: 4, kernel: 1 })))],
  ['average pool', (g, x) => g.avgPool(x, { kernel: 2 })],
  ['average pool, padding left out', (g, x) => g.avgPool(x, { kernel: 3, stride: 2, pad: 1, countPad: false })],
  ['average pool, padding counted', (g, x) => g.avgPool(x, { kernel: 3, stride: 2, pad: 1 })],
  ['global average pool', (g, x) => g.globalAvgPool(x)],
  ['max pool', (g, x) => g.maxPool(x, { kernel: 3, stride: 2, pad: 1 })],
  [
    'uneven windows',
    (g, x) => g.avgPool(g.maxPool(x, { kernel: [3, 2], stride: [1, 2] }), { kernel: [2, 1], stride: [3, 1] }),
  ],
  ['concat', (g, x) => g.concat([x, g.conv(x, { out: 3, kernel: 1 }), x])],
  ['concat of pictures, axis 2', (g, x) => g.concat([x, g.conv(x, { out: 4, kernel: 1 })], { axis: 2 })],
  ['mul', (g, x) => g.mul(x, g.maxPool(x, { kernel: 3, stride: 1, pad: 1 }))],
  ['mul of another scale, clipped', (g, x) => g.clip(g.mul(x, g.conv(x, { out: 4, kernel: 1 })), { min: -1, max: 2 })],
  ['concat of a fixed quantiser', (g, x) => g.concat([x, g.sigmoid(x)])],
  ['sigmoid', (g, x) => g.sigmoid(x)],
  ['tanh', (g, x) => g.tanh(x)],
  ['leaky relu', (g, x) => g.leakyRelu(x, { alpha: 0.1 })],
  ['gelu', (g, x) => g.gelu(x)],
  ['hard sigmoid and hard swish', (g, x) => g.hardswish(g.hardsigmoid(x))],
  ['swish', (g, x) => g.silu(x)],
  ['softmax over channels', (g, x) => g.softmax(x, { axis: 1 })],
  ['softmax over columns', (g, x) => g.softmax(x)],
  ['clamp', (g, x) => g.clip(x, { min: -1.125, max: 2.3 })],
]

/**
 * Scales of input and results, odd zero points where the back end has them, and how far input codes and weight codes lie
 * from 0. The first two make the multiplier of a layer 1/2 and 1/4, so that every second or fourth sum is a tie.
 */
const cases = [
  { input: 1 / 8, result: 1 / 128, zeros: [3, -7], spread: 2, weights: 1 },
  { input: 3 / 32, result: 3 / 256, zeros: [-21, 11], spread: 3, weights: 1 },
  { input: 1 / 8, result: 1 / 4, zeros: [3, -7], spread: 20, weights: 3 },
  { input: 1 / 16, result: 1 / 16, zeros: [1, 5], spread: 20, weights: 3 },
  { input: 0.0173, result: 0.0291, zeros: [-3, 9], spread: 20, weights: 3 },
]

function rangesFor(
  graph: Graph,
  backend: Backend,
  { input, result, zeros }: (typeof cases)[number],
): Map<string, ValueRange> {
  const scheme = backend.activations
  const middle = scheme.signed ? 0 : 128
  const ranges = new Map<string, ValueRange>()
  quantisationPoints(graph).activations.forEach((name, i) => {
    const zero = zeros[Math.min(i, 1)] + middle
    ranges.set(name, rangeOfScale(scheme, i === 0 ? input : result, zero))
  })
  return ranges
}

/** Where pairs of products saturate, a layer is not near its simulation. */
const simulated = [...backends.values()].filter(({ accumulator }) => accumulator.pairSaturation === undefined)

for (const backend of simulated) {
  for (const [name, body] of operators) {
    if (!covers(backend, body)) continue
    test(`${backend.name}: ${name}`, () => {
      const random = new RandomStream(7, `${backend.name} ${name}`)
      const graph = buildGraph('one', (g) => body(g, g.input('image', [null, 4, 7, 6])))
      // The text and the vendor models on every scale; runtimes that differ from them in data only, on fewer.
      const isCompared = comparedNames.includes(backend.name)
      let ties = 0
      for (const bits of isCompared ? [8, 4] : [8]) {
        for (const scales of isCompared ? cases : [cases[0], cases[4]]) {
          const parameters = gridParameters(graph, bits, scales.weights, random)
          const program = lower(graph, parameters, backend, {
            weightBits: bits,
            ranges: rangesFor(graph, backend, scales),
          })
          const batch = codedImages(random, scales.input, scales.spread, [3, 4, 7, 6])
          ties += compareSteps(program, batch, `W${bits} ${JSON.stringify(scales)}`).ties
        }
      }
      // Others have none, or few: a mean of 9 has no ties on its own grid.
      // Where codes have 16 bits, or weights a zero point, multipliers are no simple fractions.
      const hasTies =
        /^conv|^depth|^grouped|^gemm|^add of/.test(name) && backend.islands === undefined && backend.weights.symmetric
      if (hasTies) assert.ok(ties > (isCompared ? 30 : 5), `only ${ties} ties`)
    })
  }

  test(`${backend.name}: a small network, step by step and as a whole`, () => {
    const random = new RandomStream(8, 'network')
    const graph = smallNetwork()
    const parameters = randomParameters(graph, 4)
    const calibration = [images(random, 8, [3, 9, 8]), images(random, 8, [3, 9, 8])]
    const batch = images(random, 4, [3, 9, 8])
    for (const weightBits of [8, 4]) {
      const program = compile(graph, parameters, backend, { weightBits, calibration })
      if (program.header.floats !== undefined) {
        assert.match(
          messageOf(UnsupportedError, () => simulate(program, batch)),
          /^simulate: '.*' is real numbers/,
        )
        continue
      }
      const { differing, total } = compareSteps(program, batch, `W${weightBits}`)
      assert.ok(differing < 0.05 * total, `${differing} of ${total} codes differ`)
      // Left to itself, the simulation stays close: differences of one code may add up over the layers.
      const logits = new IntegerSession(program).runCodes({
        shape: batch.shape,
        data: simulate(program, batch).get('image')?.codes as Int32Array,
      })
      const free = simulate(program, batch).get(program.header.output)?.codes as Int32Array
      // Codes of 16 bits are 256 times as fine.
      const most = backend.islands === undefined ? 4 : 4 * 256
      for (const [i, q] of free.entries())
        assert.ok(Math.abs(q - logits.data[i]) <= most, `logit ${i}: ${logits.data[i]}, ${q}`)
    }
  })
}

test('a hand-computed value: 2.25 at scale 0.5 with zero point 3', () => {
  const graph = buildGraph('hand', (g) => g.conv(g.input('image', [null, 1, 1, 1]), { out: 1, kernel: 1, name: 'c' }))
  const parameters = initialise(graph, 0)
  parameters.get('c.weight')?.data.set([2.25])
  parameters.get('c.bias')?.data.set([0])
  const backend = backends.get('tfl-int8-q31') as Backend
  const ranges = new Map([
    ['image', rangeOfScale(backend.activations, 0.25, -5)],
    ['c', rangeOfScale(backend.activations, 0.5, 3)],
  ])
  const program = lower(graph, parameters, backend, { ranges })
  const one = tensor([1], [1, 1, 1, 1])
  const { codes, exact } = simulate(program, one).get('c') as NonNullable<
    ReturnType<ReturnType<typeof simulate>['get']>
  >
  assert.ok(Math.abs(exact[0] - 7.5) < 1e-6, `${exact[0]}`)
  assert.ok(codes[0] === 7 || codes[0] === 8)
  assert.is(new IntegerSession(program).run(one).data[0], 2.5)
})

test.run()
