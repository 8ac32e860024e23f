// Integer programs of small graphs, with quantisers that meet ties, and their export as cases.

import { ours } from './ours.mjs'

/**
 * How the scales of a case are made: powers of two (every product of them is one, so the ties are many), small multiples of
 * one, ratios of small integers, or whatever the range asks for.
 */
const forms = ['power', 'power', 'eighths', 'ratio', 'any', 'mixed']

/** A scale near `wanted`, of one of the forms. */
function scaleNear(draw, form, wanted) {
  const power = 2 ** Math.floor(Math.log2(wanted))
  const mantissa = wanted / power
  switch (form) {
    case 'mixed':
      return scaleNear(draw, draw.pick(forms.slice(1, -1)), wanted)
    case 'power':
      return power * (mantissa > 1.5 ? 2 : 1)
    case 'eighths':
      return (Math.round(mantissa * 8) / 8) * power
    case 'ratio': {
      const denominator = draw.integer(3, 12)
      return Math.fround((Math.round(mantissa * denominator) / denominator) * power)
    }
    default:
      return Math.fround(wanted)
  }
}

/** The range of codes 0 ... 255 with this scale and zero point. */
const rangeOfCodes = (scale, zeroPoint) => ({ lo: -zeroPoint * scale, hi: (255 - zeroPoint) * scale })

/**
 * The range of 8-bit codes for values in [low, high]: a scale that meets ties and, unless `low` is 0 or more, a zero point
 * that is odd more often than not. A part of the cases saturates.
 */
function rangeFor(draw, form, low, high) {
  const span = Math.max(high - Math.min(low, 0), 1e-3)
  const scale = scaleNear(draw, form, (span * draw.pick([0.5, 0.8, 1, 1, 1.3])) / 255)
  const drawn = low >= 0 ? 0 : Math.min(255, Math.max(0, Math.round(-low / scale)))
  const zeroPoint = low >= 0 || draw.oneIn(4) ? drawn : Math.min(255, drawn | 1)
  return rangeOfCodes(scale, zeroPoint)
}

/**
 * Ranges for every tensor that a back end quantises, from what the graph computes on `images`; `known`:
 * {name: [low, high]}, what a range covers at least.
 */
function drawRanges(draw, form, graph, parameters, images, known) {
  const ranges = new Map()
  const points = new Set(ours.quantisationPoints(graph).activations)
  const value = (name, tensor) => {
    if (!points.has(name)) return tensor
    let [low, high] = known[name] ?? [0, 0]
    for (const x of tensor.data) {
      low = Math.min(low, x)
      high = Math.max(high, x)
    }
    ranges.set(name, rangeFor(draw, form, low, high))
    return tensor
  }
  ours.noGrad(() => ours.runGraph(graph, parameters, { [graph.inputs[0].name]: images }, { tap: { value } }))
  return ranges
}

/** Parameters whose quantiser is exact: weights are codes with 127 among them, times a scale that meets ties. */
function drawParameters(draw, form, graph) {
  const parameters = new Map()
  const reach = draw.pick([3, 127])
  for (const { name, shape } of graph.parameters) {
    const values = ours.zeros(shape)
    const channels = shape[0]
    const perChannel = values.size / channels
    const scales = Float32Array.from({ length: channels }, () => scaleNear(draw, form, 0.5 / 127))
    for (let i = 0; i < values.size; i++) {
      const isWeight = shape.length > 1
      const code = isWeight && i % perChannel === 0 ? 127 : draw.integer(-reach, reach)
      values.data[i] = code * (isWeight ? scales[Math.floor(i / perChannel)] : 1 / 64)
    }
    parameters.set(name, values)
  }
  return parameters
}

/** Images [count, ...shape] that lie on codes of a range, so that the first quantiser is exact. */
function imagesOn(draw, count, shape) {
  const dims = [count, ...shape]
  const images = ours.zeros(dims)
  for (let i = 0; i < images.size; i++) images.data[i] = draw.integer(-127, 128) / 64
  return images
}

/** Whose arithmetic is expected of a runtime: MLAS in WebAssembly has plain C++ where x86 has vectors. */
const backendOf = { 'ort-node': 'ort-x86', 'ort-web': 'ort-wasm' }

/**
 * A case: a graph of one input, `count` images of it, lowered for each runtime's back end with the same drawn quantisers, and
 * exported. All codes that arise are compared; `counted` names the values whose codes count as the operator's, `known` the
 * least range of values.
 */
export function programCase(draw, graph, { count = 8, known = {}, ...rest }) {
  const form = draw.pick(forms)
  const parameters = drawParameters(draw, form, graph)
  const images = imagesOn(draw, count, graph.inputs[0].shape.slice(1))
  const ranges = drawRanges(draw, form, graph, parameters, images, known)
  return sessionCase((backend) => ours.lower(graph, parameters, ours.findBackend(backend), { ranges }), images, rest)
}

/**
 * A case of all 65,536 pairs of codes: channel 0 of the picture counts along columns, channel 1 along rows; a layer of one
 * product brings each to a quantiser of its own with the codes unchanged, and `combine(g, left, right)` gives value 'y'.
 * `outputScale(left, right)` is the scale that the results of these scales need.
 */
export function pairsCase(draw, { combine, outputScale, fused }) {
  const graph = ours.buildGraph('exact', (g) => {
    const x = g.input('image', [null, 2, 256, 256])
    const [left, right] = ['left', 'right'].map((name) => g.conv(x, { name, out: 1, kernel: 1, bias: false }))
    return combine(g, left, right)
  })
  const zeroPoint = draw.zeroPoint('uint8')
  const imageScale = 1 / 64
  // Two cases in three: scales in ratios of small integers, whatever their common part is, whose sums and products meet ties.
  const isRatio = !draw.oneIn(3)
  const common = draw.scale()
  const part = (value) => Math.fround(value * common)
  const [left, right] = [0, 1].map(() => (isRatio ? part(draw.integer(1, 8)) : draw.scale()))
  const wanted = outputScale(left, right)
  const output = isRatio ? part(Math.max(1, Math.round(wanted / common))) : scaleNear(draw, 'mixed', wanted)
  const weight = (...channels) => ours.tensor(channels, [1, 2, 1, 1])
  const parameters = new Map([
    ['left.weight', weight(left / imageScale, 0)],
    ['right.weight', weight(0, right / imageScale)],
  ])
  const ranges = new Map([
    ['image', rangeOfCodes(imageScale, zeroPoint)],
    ['left', rangeOfCodes(left, zeroPoint)],
    ['right', rangeOfCodes(right, draw.oneIn(2) ? zeroPoint : draw.zeroPoint('uint8'))],
    ['y', rangeOfCodes(output, draw.zeroPoint('uint8'))],
  ])
  const codes = Float32Array.from({ length: 2 * 65536 }, (_, i) => (i < 65536 ? i & 255 : (i >> 8) & 255))
  const images = ours.tensor(
    codes.map((code) => (code - zeroPoint) * imageScale),
    [1, 2, 256, 256],
  )
  return sessionCase((backend) => ours.lower(graph, parameters, ours.findBackend(backend), { ranges }), images, {
    counted: ['y'],
    fused,
  })
}

/** A case of `images` ({shape, data}) through the program for each runtime's back end: our session says what is expected. */
export function sessionCase(programFor, images, { write = 'exportQdq', counted, fused }) {
  const programs = new Map()
  const program = (runtime) => {
    const name = backendOf[runtime]
    if (!programs.has(name)) programs.set(name, programFor(name))
    return programs.get(name)
  }
  // Quantisers do not depend on the back end, so neither does the model.
  const exported = program('ort-node')
  return {
    model: withoutReal(ours[write](exported, { codes: true })),
    feeds: { [exported.header.input.value]: { type: 'float32', dims: images.shape, data: images.data } },
    fused,
    counted: counted?.map((name) => `${name}.codes`),
    expected(runtime) {
      const trace = new Map()
      new ours.IntegerSession(program(runtime)).run(images, { trace })
      return Object.fromEntries([...trace].map(([name, codes]) => [`${name}.codes`, codes.data]))
    },
  }
}

/** Only codes are compared: the real output is their product with a scale. */
function withoutReal(model) {
  const { graph } = model
  const outputs = graph.outputs.filter(({ name }) => name.endsWith('.codes'))
  return { ...model, graph: { ...graph, outputs } }
}
