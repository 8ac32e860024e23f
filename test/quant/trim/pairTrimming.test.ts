import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import type { Graph, Parameters } from '../../../engine/graph/graph.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { floatParameter } from '../../../engine/graph/parameters.ts'
import { buildModel } from '../../../models/zoo/index.ts'
import { findBackend } from '../../../quant/backends/index.ts'
import { compile } from '../../../quant/integer/compile.ts'
import { snapWeights } from '../../../quant/trim/exportStep.ts'
import { GridAlignment } from '../../../quant/trim/gridAlignment.ts'
import { PairTrimming } from '../../../quant/trim/pairTrimming.ts'
import { messageOf } from '../../support/messageOf.ts'
import { images, randomParameters } from '../integer/models.ts'

const test = suite('pair trimming')

const fromStart = { from: 0 }

const linear = buildGraph('linear', (g) => g.linear(g.input('x', [null, 5]), { name: 'fc', out: 3 }))

function trimmed(weights: number[], codes: number | null = null): number[] {
  const parameters = initialise(linear, 0)
  parameters.set('fc.weight', tensor(weights, [3, 5]))
  new PairTrimming(linear, fromStart, codes).afterStep(0, parameters)
  return [...floatParameter(parameters, 'fc.weight').data]
}

test('the smaller of two neighbours of one sign gives way to the largest weight of the layer', () => {
  const found = trimmed([100, 40, 100, -40, 127, -90, -60, 64, 64, 63, 127, 127, 0, 127, 5])
  assert.equal(found, [100, 27, 100, -40, 127, -90, -37, 64, 63, 63, 127, 0, 0, 127, 5])
  assert.equal(trimmed(found), found, 'twice is once')
  assert.equal(trimmed(new Array(15).fill(0)), new Array(15).fill(0))
})

test('weights for a grid of 7 steps leave room for their rounding', () => {
  const found = trimmed([7, 0, 3.5, 3.5, 0, 4, 1, -2.5, -4, 0, 0, 0, 0, 0, 0], 7)
  // |a| + |b| <= 6: 3.5 + 3.5 would round to 4 + 4.
  assert.equal(found, [7, 0, 3.5, 2.5, 0, 4, 1, -2, -4, 0, 0, 0, 0, 0, 0])
})

test('neighbours along k: channels first, then columns, then rows of the window', () => {
  const graph = buildGraph('window', (g) => g.conv(g.input('x', [null, 3, 4, 4]), { name: 'c', out: 1, kernel: 2 }))
  const parameters = initialise(graph, 0)
  // k: c0 c1 | c2 at (0,0), c0 at (0,1) | c1 c2 at (0,1) | c0 c1 at (1,0) | c2 at (1,0), c0 at (1,1) | c1 c2 at (1,1)
  const planes = [
    [2, 10, 3, 6],
    [9, 5, 4, 7],
    [8, 6, 5, 8],
  ]
  parameters.set('c.weight', tensor(planes.flat(), [1, 3, 2, 2]))
  new PairTrimming(graph, fromStart, null).afterStep(0, parameters)
  const wanted = [
    [1, 10, 3, 6],
    [9, 4, 4, 2],
    [0, 6, 4, 8],
  ]
  assert.equal([...floatParameter(parameters, 'c.weight').data], wanted.flat())
})

test('behind a batch norm the folded weights count, whatever the sign of the gain; a dead channel is left alone', () => {
  const graph = buildGraph('folded', (g) => {
    const x = g.input('x', [null, 2, 1, 1])
    return g.batchNorm(g.conv(x, { name: 'c', out: 4, kernel: 1, bias: false }), { name: 'bn', eps: 0 })
  })
  const parameters = initialise(graph, 0)
  parameters.set('c.weight', tensor([4, 2, 4, 3, -8, -8, 8, 8], [4, 2, 1, 1]))
  parameters.set('bn.weight', tensor([2, -4, 1, 0]))
  parameters.set('bn.running_var', tensor([1, 4, 1, 1]))
  new PairTrimming(graph, fromStart, null).afterStep(0, parameters)
  // Folded: 8, 4; -8, -6; -8, -8; 0, 0. M = 8.
  assert.equal([...floatParameter(parameters, 'c.weight').data].map(Math.abs), [4, 0, 4, 0, 8, 0, 8, 8])
})

test('it begins at its fraction of the run; the export trims in any case; a fraction outside [0, 1] is refused', () => {
  const parameters = initialise(linear, 0)
  const weights = [7, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
  parameters.set('fc.weight', tensor(weights, [3, 5]))
  const pairs = new PairTrimming(linear, { from: 0.5 }, null)
  pairs.afterStep(0.49, parameters)
  assert.equal([...floatParameter(parameters, 'fc.weight').data], weights)
  pairs.atExport(parameters)
  assert.is(floatParameter(parameters, 'fc.weight').data[1], 0)
  assert.match(
    messageOf(UsageError, () => new PairTrimming(linear, { from: 1.5 }, null)),
    /from 1.5/,
  )
})

/** How many pairs of neighbouring codes in the programs for x86-sat16 some input can bring beyond int16. */
function saturatingPairs(graph: Graph, prepare: (parameters: Parameters) => void): number {
  const parameters = randomParameters(graph, 3)
  // Folding turns the signs of a channel whose gain is negative.
  for (const { op, inputs } of graph.nodes)
    if (op === 'BatchNormalization') floatParameter(parameters, inputs[1]).data[0] *= -1
  prepare(parameters)
  const calibration = [images(new RandomStream(1, graph.name), 16, [3, 8, 8])]
  const { header, constants } = compile(graph, parameters, findBackend('x86-sat16'), { calibration })
  let count = 0
  for (const step of header.steps) {
    if (!('pairSaturation' in step) || step.pairSaturation === undefined) continue
    const [channels, depth, height = 1, width = 1] = step.weight.shape
    const codes = constants.get(step.weight.constant) as Int8Array
    for (let m = 0; m < channels; m++) {
      const along: number[] = []
      for (let p = 0; p < height * width; p++) {
        for (let c = 0; c < depth; c++) along.push(codes[(m * depth + c) * height * width + p])
      }
      for (let k = 0; k + 1 < along.length; k += 2) {
        const [a, b] = along.slice(k, k + 2)
        const greatest = 255 * (Math.max(a, 0) + Math.max(b, 0))
        const least = 255 * (Math.min(a, 0) + Math.min(b, 0))
        if (greatest > 32767 || least < -32768) count++
      }
    }
  }
  return count
}

for (const [name, options] of [
  ['resnet', { depth: 8, width: 8 }],
  ['mobilenet', { width: 0.25 }],
] as const) {
  test(`${name} compiled for a processor that saturates pairs: none can any more, on a 4-bit grid neither`, () => {
    const graph = buildModel(name, { classes: 10, input: [3, 8, 8], ...options })
    assert.ok(saturatingPairs(graph, () => {}) > 50)
    assert.is(
      saturatingPairs(graph, (parameters) => new PairTrimming(graph, fromStart, null).atExport(parameters)),
      0,
    )
    const onGrid = (parameters: Parameters, pairs: boolean): void => {
      new GridAlignment(graph, fromStart, 4).afterStep(0, parameters)
      if (pairs) new PairTrimming(graph, fromStart, 7).afterStep(0, parameters)
      snapWeights(graph, parameters, {
        bits: 4,
        signed: true,
        symmetric: true,
        narrow: true,
        granularity: 'channel',
        scaleForm: 'float',
      })
    }
    assert.ok(saturatingPairs(graph, (parameters) => onGrid(parameters, false)) > 50)
    assert.is(
      saturatingPairs(graph, (parameters) => onGrid(parameters, true)),
      0,
    )
  })
}

test.run()
