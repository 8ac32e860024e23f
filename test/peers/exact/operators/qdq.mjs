// QDQ graphs as the optimiser fuses them: ours is the session of back end ort-x86.

import { ours } from '../ours.mjs'
import { pairsCase, programCase } from '../programs.mjs'

/** An operator of the table: `build(draw)` gives the body of a graph, the values that count and the fused operators. */
function qdq(name, build, notes) {
  return {
    name: `QDQ ${name}`,
    notes,
    *cases(draw) {
      for (;;) {
        const { input, body, ...rest } = build(draw)
        const graph = ours.buildGraph('exact', (g) => body(g, g.input('image', [null, ...input])))
        yield programCase(draw, graph, rest)
      }
    },
  }
}

const image = (draw) => [draw.integer(2, 9), draw.integer(10, 24), draw.integer(10, 24)]

/** Two tensors of one shape with quantisers of their own, made from the input by layers. */
function twoBranches(g, x, channels) {
  const branch = (name) => g.conv(x, { name, out: channels, kernel: 1 })
  return [branch('left'), branch('right')]
}

const conv = qdq('Conv', (draw) => {
  const input = image(draw)
  const depthwise = draw.oneIn(3)
  const groups = depthwise ? input[0] : 1
  const kernel = draw.pick([1, 3, 3, 5])
  const options = {
    name: 'y',
    out: depthwise ? input[0] * draw.integer(1, 2) : draw.integer(1, 20),
    kernel,
    stride: draw.pick([1, 1, 2]),
    pad: draw.integer(0, kernel >> 1),
    dilation: draw.pick([1, 1, 2]),
    groups,
    bias: !draw.oneIn(3),
  }
  return { input, body: (g, x) => g.conv(x, options), counted: ['y'], fused: { QLinearConv: 1 } }
})

const activations = qdq('Conv + Relu / Clip', (draw) => {
  const input = image(draw)
  const clip = draw.oneIn(2)
  const body = (g, x) => {
    const y = g.conv(x, { out: draw.integer(4, 16), kernel: 3, pad: 1 })
    return clip
      ? g.clip(y, { name: 'y', min: draw.pick([0, -0.5]), max: draw.pick([6, 1, 0.75]) })
      : g.relu(y, { name: 'y' })
  }
  return { input, body, counted: ['y'], fused: { QLinearConv: 1 } }
})

const gemm = qdq('Gemm', (draw) => ({
  input: [draw.integer(5, 300)],
  count: draw.integer(30, 90),
  body: (g, x) => g.linear(x, { name: 'y', out: draw.integer(100, 200) }),
  counted: ['y'],
  fused: { QGemm: 1 },
}))

const matMul = qdq('MatMul', (draw) => ({
  input: [draw.integer(5, 300)],
  count: draw.integer(30, 90),
  body: (g, x) => g.linear(x, { name: 'y', out: draw.integer(100, 200), bias: false }),
  counted: ['y'],
  fused: { QLinearMatMul: 1 },
}))

/** All pairs of codes: both operators are the ones whose zero points are rounded with. */
function pairs(name, options) {
  return {
    name: `QDQ ${name}`,
    *cases(draw) {
      for (;;) yield pairsCase(draw, options)
    },
  }
}

const add = pairs('Add', {
  combine: (g, left, right) => g.add(left, right, { name: 'y' }),
  outputScale: (left, right) => left + right,
  fused: { QLinearAdd: 1 },
})

const mul = pairs('Mul', {
  combine: (g, left, right) => g.mul(left, right, { name: 'y' }),
  outputScale: (left, right) => left * right * 64,
  fused: { QLinearMul: 1 },
})

const concat = qdq('Concat', (draw) => ({
  input: image(draw),
  body: (g, x) => g.concat(twoBranches(g, x, draw.integer(4, 16)), { name: 'y' }),
  counted: ['y'],
  fused: { QLinearConcat: 1 },
}))

const averagePool = qdq('AveragePool', (draw) => {
  const kernel = draw.pick([2, 3, [2, 3], [3, 2], 4])
  const options = {
    name: 'y',
    kernel,
    stride: draw.pick([1, 1, 2]),
    pad: draw.integer(0, 1),
    countPad: draw.oneIn(2),
  }
  return {
    input: [draw.integer(2, 9), draw.integer(16, 28), draw.integer(16, 28)],
    count: 12,
    body: (g, x) => g.avgPool(g.conv(x, { out: 12, kernel: 1 }), options),
    counted: ['y'],
    fused: { QLinearAveragePool: 1 },
  }
})

const globalAveragePool = qdq('GlobalAveragePool', (draw) => ({
  input: [draw.integer(2, 4), draw.integer(1, 9), draw.integer(1, 9)],
  count: 64,
  body: (g, x) => g.globalAvgPool(g.conv(x, { out: 512, kernel: 1 }), { name: 'y' }),
  counted: ['y'],
  fused: { QLinearGlobalAveragePool: 1 },
}))

const maxPool = qdq('MaxPool', (draw) => {
  const kernel = draw.pick([2, 3])
  return {
    input: [draw.integer(2, 9), draw.integer(16, 28), draw.integer(16, 28)],
    count: 12,
    body: (g, x) =>
      g.maxPool(g.conv(x, { out: 12, kernel: 1 }), {
        name: 'y',
        kernel,
        stride: draw.pick([1, 2]),
        pad: draw.integer(0, 1),
      }),
    counted: ['y'],
  }
})

const sigmoid = qdq('Sigmoid', (draw) => ({
  input: image(draw),
  body: (g, x) => g.sigmoid(g.conv(x, { out: 16, kernel: 1 }), { name: 'y' }),
  counted: ['y'],
  fused: { QLinearSigmoid: 1 },
}))

const leakyRelu = qdq('LeakyRelu', (draw) => ({
  input: image(draw),
  body: (g, x) =>
    g.leakyRelu(g.conv(x, { out: 16, kernel: 1 }), { name: 'y', alpha: draw.pick([0.01, 0.1, 0.125, 0.25]) }),
  counted: ['y'],
  fused: { QLinearLeakyRelu: 1 },
}))

const softmax = qdq(
  'Softmax',
  (draw) => ({
    input: [draw.integer(5, 60)],
    count: 400,
    body: (g, x) => g.softmax(g.linear(x, { out: draw.integer(10, 60) }), { name: 'y' }),
    known: { y: [0, 1] },
    counted: ['y'],
    fused: { QLinearSoftmax: 1 },
  }),
  [
    'Left out: output scales below about 1 / (148 row length), where the runtime converts infinity to uint32, which C++ leaves open:',
    'native builds give the zero point, WebAssembly the largest code.',
  ],
)

/** In the order of the table. */
export const qdqOperators = [
  conv,
  activations,
  gemm,
  matMul,
  add,
  mul,
  averagePool,
  globalAveragePool,
  maxPool,
  concat,
  sigmoid,
  leakyRelu,
  softmax,
]
