// Integer inference: one product of codes, and a session from real images to real logits.

import { model, node } from '../../exact/model.mjs'
import { floatCandidate, resnet20 } from '../ours.mjs'
import { random } from '../random.mjs'

/** By the name of the work; the form is that of floatWorks. */
export const integerWorks = [
  latency('lenet-int8-b1'),
  matmul('matmul-int8-384', 384, 'sums'),
  matmul('matmul-qlinear-384', 384, 'codes'),
  network('resnet20-int8-b1', 1),
  network('resnet20-int8-b32', 32),
]

/** The back end whose arithmetic ours follows: uint8 activations, int8 weights per channel, as ONNX tools quantise. */
const BACKEND = 'onnx-spec'

/**
 * A matrix of uint8 codes with zero point, times constant int8 weights with a scale a column: the one step of the integer
 * program of a linear layer without bias, which requantises its sums. 'codes': against QLinearMatMul, which does the same;
 * 'sums': against MatMulInteger, which stops at int32 sums, so that ours does a little more.
 */
function matmul(name, n, form) {
  return {
    name,
    unit: 'GOP/s',
    amount: (2 * n ** 3) / 1e9,
    // Codes: a tie that a rounding before it moved may fall to the other side.
    tolerance: { tolerance: 1, absolute: true },
    peers: ['ort-web', 'ort-node'],
    async prepare(ours) {
      const { buildGraph, initialise, compile, findBackend, tensor } = ours
      const graph = buildGraph('linear', (g) => ({ y: g.linear(g.input('x', [null, n]), { out: n, bias: false }) }))
      const { shape, data } = random([n, n], 'x')
      const calibration = [tensor(data, shape)]
      const program = compile(graph, initialise(graph, 1), findBackend(BACKEND), { calibration })
      const { input, output, values, steps } = program.header
      const valueNamed = (wanted) => values.find((value) => value.name === wanted)
      const { scale, zeroPoint } = valueNamed(input.value)
      const codes = Int32Array.from(data, (x) => Math.min(255, Math.max(0, Math.round(x / scale) + zeroPoint)))
      return {
        own(executor) {
          const [from, to] = [input.value, output].map((value) => ours.storedValue(valueNamed(value)))
          const step = ours.prepareGemm(steps[0], { inputs: [from], output: to, constants: program.constants })
          const specs = [0, 1].map(() => ({ size: n * n, storage: 'int8' }))
          const { kernels, scratch, buffers } = ours.createWorkspace([step], specs, { executor })
          const [x, out] = buffers
          const stored = Int8Array.from(codes, (code) => code - from.offset)
          const run = () => {
            x.set(stored)
            step.run({ kernels, inputs: [x], batch: n, scratch, out })
            return out.slice()
          }
          return { run: () => void run(), result: () => Int32Array.from(run(), (code) => code + to.offset) }
        },
        async peer(runtime) {
          const [{ weight, requantiser, low, high }] = steps
          const feeds = { x: { dtype: 'uint8', shape, data: Uint8Array.from(codes) } }
          const weights = transposed(program.constants.get(weight.constant), n)
          const to = valueNamed(output)
          if (form === 'codes') {
            const bytes = ours.encodeModel(qLinearMatMul(n, { scale, zeroPoint }, weights, weight.scale, to))
            return runtime.network({ bytes, feeds })
          }
          const candidate = await runtime.network({
            bytes: ours.encodeModel(matMulInteger(n, zeroPoint, weights)),
            feeds,
          })
          const finish = (sum, i) =>
            Math.min(high, Math.max(low, Math.round(sum * requantiser.scale[i % n]) + to.zeroPoint))
          return { ...candidate, result: async () => Int32Array.from(await candidate.result(), finish) }
        },
      }
    },
  }
}

/** A model of one product of x with constant int8 weights [n, n]. */
function product(n, operator, constants, type) {
  const tensorOf = ([type, dims, data]) => ({ type, dims, data })
  return model({
    nodes: [node(operator, ['x', ...Object.keys(constants)], ['y'])],
    feeds: { x: { type: 'uint8', dims: [n, n] } },
    constants: Object.fromEntries(Object.entries(constants).map(([name, parts]) => [name, tensorOf(parts)])),
    outputs: { y: type },
  })
}

/** MatMulInteger with a zero point of the input. */
function matMulInteger(n, zeroPoint, weights) {
  const constants = { w: ['int8', [n, n], weights], x_zero: ['uint8', [], Uint8Array.of(zeroPoint)] }
  return product(n, 'MatMulInteger', constants, 'int32')
}

/** QLinearMatMul of uint8 `from`, a weight scale a column, to uint8 `to`. */
function qLinearMatMul(n, from, weights, scales, to) {
  const constants = {
    x_scale: ['float32', [], Float32Array.of(from.scale)],
    x_zero: ['uint8', [], Uint8Array.of(from.zeroPoint)],
    w: ['int8', [n, n], weights],
    w_scale: ['float32', [n], Float32Array.from(scales)],
    w_zero: ['int8', [n], new Int8Array(n)],
    y_scale: ['float32', [], Float32Array.of(to.scale)],
    y_zero: ['uint8', [], Uint8Array.of(to.zeroPoint)],
  }
  return product(n, 'QLinearMatMul', constants, 'uint8')
}

/** Weights [out, in] as [in, out]. */
function transposed(weights, n) {
  return Int8Array.from(weights, (_, i) => weights[(i % n) * n + Math.floor(i / n)])
}

/**
 * The quantised ResNet-20 from real images to real logits: against ONNX Runtime on the same program, exported in QDQ form,
 * and against the same network in float.
 */
function network(name, batch) {
  return {
    name,
    unit: 'images/s',
    amount: batch,
    // Eight bits of random weights through twenty layers: the check against floats is that it is the same network.
    tolerance: { tolerance: 0.25 },
    peers: ['ort-web', 'ort-node', 'self-float'],
    async prepare(ours) {
      const { compile, encodeModel, exportQdq, findBackend, IntegerSession, tensor } = ours
      const { graph, parameters } = resnet20(ours)
      const image = random([batch, 3, 32, 32], 'image')
      const calibration = [tensor(image.data, image.shape)]
      const program = compile(graph, parameters, findBackend(BACKEND), { calibration })
      return {
        own(executor) {
          const session = new IntegerSession(program, { executor })
          return { run: () => void session.run(image), result: () => session.run(image).data }
        },
        async peer(runtime) {
          if (runtime === ours) return floatCandidate(ours, graph, parameters, { image })
          const candidate = await runtime.network({ bytes: encodeModel(exportQdq(program)), feeds: { image } })
          // The same integers, but for the few that another rounding of a requantiser changes.
          return { ...candidate, tolerance: { tolerance: 0.02 } }
        },
      }
    },
  }
}

/** One picture through the quantised LeNet and `InferenceSession.run`, as an application calls it: small, so that overhead counts. */
function latency(name) {
  return {
    name,
    unit: 'images/s',
    amount: 1,
    tolerance: { tolerance: 0.02 },
    peers: ['ort-web', 'ort-node'],
    async prepare(ours) {
      const { buildModel, compile, encodeModel, encodeProgram, exportQdq, findBackend, initialise, tensor } = ours
      const graph = buildModel('lenet', { input: [1, 28, 28], classes: 10 })
      const image = random([1, 1, 28, 28], 'image')
      const calibration = [tensor(image.data, image.shape)]
      const program = compile(graph, initialise(graph, 1), findBackend(BACKEND), { calibration })
      return {
        own(executor) {
          const created = ours.InferenceSession.create(encodeProgram(program), { executor })
          const feeds = { image: { type: 'float32', data: image.data, dims: image.shape } }
          const run = async () => (await created).run(feeds)
          return { run, result: async () => (await run())[program.header.output].data }
        },
        peer: (runtime) => runtime.network({ bytes: encodeModel(exportQdq(program)), feeds: { image } }),
      }
    },
  }
}
