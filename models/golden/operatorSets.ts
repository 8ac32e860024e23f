/**
 * Small programs of single operators, dense in ties: scales are small integers times powers of two, so that many results lie half way
 * between two codes, and zero points are odd. What an operator needs before it (its two inputs with quantisers of their own) is made by
 * 1x1 convolutions that copy codes.
 */

import { RandomStream } from '../../engine/base/random.ts'
import { tensor } from '../../engine/core/tensor.ts'
import { buildGraph, type GraphBuilder } from '../../engine/graph/builder.ts'
import type { Graph, Parameters } from '../../engine/graph/graph.ts'
import type { Value } from '../../engine/graph/recorder.ts'
import type { OpName } from '../../engine/ops/names.ts'
import type { ValueRange } from '../../quant/affine/quantiser.ts'
import { codeRange } from '../../quant/affine/scheme.ts'
import type { Backend } from '../../quant/integer/backend.ts'
import { lower } from '../../quant/integer/compile.ts'
import type { IntegerProgram } from '../../quant/integer/program.ts'
import type { FloatArray } from '../../quant/integer/session.ts'

/** An operator's program and the images to run it on. */
export interface OperatorSet {
  readonly name: string
  readonly program: IntegerProgram
  readonly images: FloatArray
}

/** Of a value: its scale, and its zero point as a distance from the lowest code. */
type Place = readonly [scale: number, zero: number]

/** What a set is made from. */
interface Recipe {
  readonly name: string
  /** The back end must cover it. */
  readonly op: OpName
  readonly body: (g: GraphBuilder, x: Value) => Value
  readonly input: readonly number[]
  readonly count: number
  /** Quantisers of the graph's tensors: 'x' is the input, 'y' the result. */
  readonly places: Readonly<Record<string, Place>>
  /** Weight scales, one a channel, by layer; codes are drawn. A layer of one weight [a, b] copies codes. */
  readonly weights?: Readonly<Record<string, readonly number[]>>
  readonly copies?: Readonly<Record<string, readonly number[]>>
  /** Input steps (code less zero point) by element of one image; default: small ones, and every fourth image of any size. */
  readonly steps?: (i: number, image: number, random: RandomStream) => number
}

const image: Place = [1 / 16, 125]
const result: Place = [1 / 128, 131]
/** With the quantisers above: multipliers 1/4, 1/8, 3/32 and 5/64. */
const coarseScales = [2 ** -5, 2 ** -6, 3 * 2 ** -8, 5 * 2 ** -9]
/** Multipliers 1/8, 1/16, 3/64 and 1/128. */
const fineScales = [2 ** -6, 2 ** -7, 3 * 2 ** -9, 2 ** -10]

/** Steps of -2 ... 2, and every fourth image of any size. */
function smallSteps(_: number, image_: number, random: RandomStream): number {
  return image_ % 4 === 3 ? random.integer(256) - image[1] : random.integer(5) - 2
}

/** How many codes of each input an operator of two is given: 16 around the zero point, 8 at the ends of the range. */
const PAIRED = 24

function pairStep(i: number): number {
  if (i < 16) return i - 8
  return i < 20 ? i - 16 - 125 : 130 - (23 - i)
}

/** Channel 0 counts along columns, channel 1 along rows. */
const pairSteps = (i: number): number => pairStep(i < PAIRED ** 2 ? i % PAIRED : Math.floor((i - PAIRED ** 2) / PAIRED))

function pairs(
  name: string,
  op: OpName,
  places: readonly [left: Place, right: Place, y: Place],
  body: (g: GraphBuilder, left: Value, right: Value) => Value,
): Recipe {
  const copy = { out: 1, kernel: 1, bias: false }
  const [left, right, y] = places
  return {
    name,
    op,
    body: (g, x) => body(g, g.conv(x, { name: 'left', ...copy }), g.conv(x, { name: 'right', ...copy })),
    input: [2, PAIRED, PAIRED],
    count: 1,
    places: { x: image, left, right, y },
    copies: { left: [left[0] / image[0], 0], right: [0, right[0] / image[0]] },
    steps: pairSteps,
  }
}

function table(op: OpName, output: Place, body: (g: GraphBuilder, x: Value) => Value, input = image): Recipe {
  const name = `${op[0].toLowerCase()}${op.slice(1)}`
  const places = { x: input, y: output }
  return { name, op, body, input: [256], count: 1, places, steps: (i) => i - input[1] }
}

const recipes: readonly Recipe[] = [
  {
    name: 'conv',
    op: 'Conv',
    body: (g, x) => g.conv(x, { name: 'y', out: 4, kernel: 3, pad: 1 }),
    input: [3, 6, 6],
    count: 6,
    places: { x: image, y: result },
    weights: { y: coarseScales },
    steps: smallSteps,
  },
  {
    name: 'convRelu6',
    op: 'Clip',
    body: (g, x) => g.relu6(g.conv(x, { name: 'conv', out: 4, kernel: 1 }), { name: 'y' }),
    input: [4, 6, 6],
    count: 4,
    // 6 is 60.5 steps: the bound itself is a tie.
    places: { x: image, y: [6 / 60.5, 0] },
    weights: { conv: coarseScales.map((scale) => 4 * scale) },
  },
  {
    name: 'depthwise',
    op: 'Conv',
    body: (g, x) => g.conv(x, { name: 'y', out: 4, kernel: 3, pad: 1, stride: 2, groups: 4 }),
    input: [4, 9, 9],
    count: 4,
    places: { x: image, y: result },
    weights: { y: coarseScales },
    steps: smallSteps,
  },
  {
    name: 'gemm',
    op: 'Gemm',
    body: (g, x) => g.linear(x, { name: 'y', out: 4 }),
    input: [15],
    count: 64,
    places: { x: image, y: result },
    weights: { y: fineScales },
  },
  pairs('add', 'Add', [image, [3 / 64, 130], [1 / 8, 121]], (g, a, b) => g.add(a, b, { name: 'y' })),
  pairs('mul', 'Mul', [image, [3 / 64, 131], [3 / 64, 121]], (g, a, b) => g.mul(a, b, { name: 'y' })),
  pairs('concat', 'Concat', [image, [3 / 64, 131], [1 / 8, 121]], (g, a, b) => g.concat([a, b], { name: 'y' })),
  {
    name: 'averagePool',
    op: 'AveragePool',
    body: (g, x) => g.avgPool(x, { name: 'y', kernel: 3, stride: 1, pad: 1, countPad: false }),
    input: [4, 7, 7],
    count: 4,
    places: { x: image, y: image },
    steps: (_, __, random) => random.integer(256) - image[1],
  },
  {
    name: 'globalAveragePool',
    op: 'GlobalAveragePool',
    body: (g, x) => g.globalAvgPool(x, { name: 'y' }),
    input: [8, 4, 4],
    count: 12,
    places: { x: image, y: [image[0] / 2, 131] },
    steps: (_, __, random) => random.integer(41) - 20,
  },
  {
    name: 'reduceMean',
    op: 'ReduceMean',
    body: (g, x) => g.node('ReduceMean', [x], { axes: [2, 3], keepdims: 0 }, 'y'),
    input: [8, 3, 4],
    count: 12,
    places: { x: image, y: [image[0] / 2, 131] },
    steps: (_, __, random) => random.integer(41) - 20,
  },
  {
    name: 'maxPool',
    op: 'MaxPool',
    body: (g, x) => g.maxPool(x, { name: 'y', kernel: 3, stride: 2, pad: 1 }),
    input: [2, 7, 7],
    count: 4,
    places: { x: image, y: image },
    steps: (_, __, random) => random.integer(256) - image[1],
  },
  {
    name: 'clip',
    op: 'Clip',
    body: (g, x) => g.clip(x, { name: 'y', min: -2.46875, max: 4.53125 }),
    input: [512],
    count: 1,
    places: { x: image, y: image },
    // Every real input is a tie of the input's quantisation, and so are the bounds.
    steps: (i) => i / 2 - image[1] - 0.5,
  },
  {
    name: 'transpose',
    op: 'Transpose',
    body: (g, x) => g.node('Transpose', [x], { perm: [0, 3, 1, 2] }, 'y'),
    input: [3, 4, 5],
    count: 2,
    places: { x: image, y: image },
    steps: (_, __, random) => random.integer(256) - image[1],
  },
  {
    name: 'softmax',
    op: 'Softmax',
    body: (g, x) => g.softmax(x, { name: 'y' }),
    input: [512],
    count: 3,
    places: { x: image, y: [1 / 256, 0] },
    // 512 equal codes have a softmax of half a step each; other rows have few large codes.
    steps: (i, image_, random) => (image_ === 0 ? 0 : random.integer(256) - image[1] - (i % 16 === 0 ? 0 : 1000)),
  },
  // A scale at which the fixed-point logistic parts from the real one, at code -57 of int8.
  table('Sigmoid', [1 / 256, 0], (g, x) => g.sigmoid(x, { name: 'y' }), [Math.fround(0.0258874856), 118]),
  table('Tanh', [1 / 128, 128], (g, x) => g.tanh(x, { name: 'y' })),
  table('LeakyRelu', image, (g, x) => g.leakyRelu(x, { name: 'y', alpha: 0.125 })),
  table('Gelu', image, (g, x) => g.gelu(x, { name: 'y' })),
  table('HardSigmoid', [1 / 255, 1], (g, x) => g.hardsigmoid(x, { name: 'y' })),
  table('HardSwish', image, (g, x) => g.hardswish(x, { name: 'y' })),
  table('Swish', image, (g, x) => g.silu(x, { name: 'y' })),
]

/** The range that gives activations this scale and zero point. */
function rangeOf([scale, zero]: Place, { activations }: Backend): ValueRange {
  const { qmin, qmax } = codeRange(activations)
  return { lo: -zero * scale, hi: (qmax - qmin - zero) * scale }
}

/** Weights that are codes times their scales: one of 127 a channel, so that the scale is exact, the others small; biases that are codes. */
function drawParameters(recipe: Recipe, graph: Graph, backend: Backend): Parameters {
  const parameters: Parameters = new Map()
  for (const { name, shape } of graph.parameters) {
    const [layer, kind] = [name.slice(0, name.lastIndexOf('.')), name.slice(name.lastIndexOf('.') + 1)]
    const copied = recipe.copies?.[layer]
    const scales = recipe.weights?.[layer] ?? []
    const isPerTensor = shape.length === 2 && backend.gemmWeights?.granularity === 'tensor'
    const scaleOf = (c: number): number => scales[isPerTensor ? 0 : c % scales.length]
    const random = new RandomStream(0, `${recipe.name} ${name}`)
    const perChannel = shape.slice(1).reduce((a, b) => a * b, 1)
    const values = Array.from({ length: shape[0] * perChannel }, (_, i) => {
      if (copied !== undefined) return copied[i]
      const c = Math.floor(i / perChannel)
      if (kind === 'bias') return (random.integer(2001) - 1000) * scaleOf(c) * image[0]
      return (i % perChannel === c % perChannel ? 127 : random.integer(17) - 8) * scaleOf(c)
    })
    parameters.set(name, tensor(values, shape))
  }
  return parameters
}

function drawImages({ name, input, count, places, steps }: Recipe): FloatArray {
  const random = new RandomStream(0, name)
  const size = input.reduce((a, b) => a * b, 1)
  const usual = (_: number, image_: number): number =>
    image_ % 4 === 3 ? random.integer(256) - places.x[1] : random.integer(13) - 6
  const data = Float32Array.from({ length: count * size }, (_, i) => {
    const of = steps ?? usual
    return of(i % size, Math.floor(i / size), random) * places.x[0]
  })
  return { shape: [count, ...input], data }
}

/**
 * A set for every operator that a back end covers and that does more than rename codes.
 * Example: of 'tosa-single' there is no softmax, which it does not cover.
 */
export function operatorSets(backend: Backend): OperatorSet[] {
  return recipes
    .filter(({ op }) => backend.operators.includes(op))
    .map((recipe) => {
      const graph = buildGraph(recipe.name, (g) => recipe.body(g, g.input('x', [null, ...recipe.input])))
      const ranges = new Map(Object.entries(recipe.places).map(([name, place]) => [name, rangeOf(place, backend)]))
      const program = lower(graph, drawParameters(recipe, graph, backend), backend, { ranges })
      return { name: recipe.name, program, images: drawImages(recipe) }
    })
}
