// Integer inference: one product of codes, and a session from real images to real logits.

import { encodeModel } from '../../onnx/model.mjs'
import { floatCandidate, resnet20 } from '../ours.mjs'
import { random } from '../random.mjs'

/** By the name of the work; the form is that of floatWorks. */
export const integerWorks = [
  matmul('matmul-int8-384', 384),
  network('resnet20-int8-b1', 1),
  network('resnet20-int8-b32', 32),
]

/** The back end whose arithmetic ours follows: uint8 activations, int8 weights per channel, as ONNX tools quantise. */
const BACKEND = 'onnx-spec'

/**
 * A matrix of uint8 codes with zero point, times constant int8 weights: the one step of a linear layer's integer program,
 * codes in and out. Ours also adds the bias and requantises; MatMulInteger stops at int32 sums, and what is left is done
 * here for the check.
 */
function matmul(name, n) {
  return {
    name,
    unit: 'GOP/s',
    amount: (2 * n ** 3) / 1e9,
    // Codes: a tie that a rounding before it moved may fall to the other side.
    tolerance: { tolerance: 1, absolute: true },
    peers: ['ort-web', 'ort-node'],
    async prepare(ours) {
      const { buildGraph, initialise, compile, findBackend, tensor } = ours
      const graph = buildGraph('linear', (g) => ({ y: g.linear(g.input('x', [null, n]), { out: n }) }))
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
          const { kernels, scratch, buffers } = ours.createWorkspace([step], [n * n, n * n], 0, { executor })
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
          const [{ weight, bias, requantiser, low, high }] = steps
          const feeds = { x: { dtype: 'uint8', shape, data: Uint8Array.from(codes) } }
          const bytes = matMulInteger(n, zeroPoint, transposed(program.constants.get(weight.constant), n))
          const candidate = await runtime.network({ bytes, feeds })
          const start = program.constants.get(bias.constant)
          const { zeroPoint: outZero } = valueNamed(output)
          const finish = (sum, i) =>
            Math.min(high, Math.max(low, Math.round((sum + start[i % n]) * requantiser.scale[i % n]) + outZero))
          return { ...candidate, result: async () => Int32Array.from(await candidate.result(), finish) }
        },
      }
    },
  }
}

/** One MatMulInteger with constant int8 weights [n, n] and a zero point for its uint8 input. */
function matMulInteger(n, zeroPoint, weights) {
  return encodeModel({
    name: 'matmul-integer',
    inputs: [{ name: 'x', dtype: 'uint8', shape: [n, n] }],
    outputs: [{ name: 'y', dtype: 'int32', shape: [n, n] }],
    nodes: [{ name: 'product', op: 'MatMulInteger', inputs: ['x', 'w', 'zero'], outputs: ['y'], attributes: {} }],
    constants: [
      { name: 'w', dtype: 'int8', shape: [n, n], data: weights },
      { name: 'zero', dtype: 'uint8', shape: [], data: Uint8Array.of(zeroPoint) },
    ],
  })
}

/** Weights [out, in] as [in, out]. */
function transposed(weights, n) {
  return Int8Array.from(weights, (_, i) => weights[(i % n) * n + Math.floor(i / n)])
}

/** The quantised ResNet-20 from real images to real logits, against the same network in float. */
function network(name, batch) {
  return {
    name,
    unit: 'images/s',
    amount: batch,
    // Eight bits of random weights through twenty layers: the check is that it is the same network.
    tolerance: { tolerance: 0.25 },
    peers: ['self-float'],
    note: 'ONNX Runtime needs a QDQ model of the network, which the exporter does not write yet',
    async prepare(ours) {
      const { compile, findBackend, IntegerSession, tensor } = ours
      const { graph, parameters } = resnet20(ours)
      const image = random([batch, 3, 32, 32], 'image')
      const calibration = [tensor(image.data, image.shape)]
      const program = compile(graph, parameters, findBackend(BACKEND), { calibration })
      return {
        own(executor) {
          const session = new IntegerSession(program, { executor })
          return { run: () => void session.run(image), result: () => session.run(image).data }
        },
        peer: (runtime) => floatCandidate(runtime, graph, parameters, { image }),
      }
    },
  }
}
