// Integer inference: one product of codes, and a session from real images to real logits.

import { encodeModel as encodeDescription } from '../../onnx/model.mjs'
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
 * A matrix of uint8 codes with zero point, times constant int8 weights with a scale a column, requantised: the one step of
 * the integer program of a linear layer without bias, which is ONNX's QLinearMatMul. Codes in, codes out.
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
          const [{ weight }] = steps
          const feeds = { x: { dtype: 'uint8', shape, data: Uint8Array.from(codes) } }
          const weights = transposed(program.constants.get(weight.constant), n)
          const bytes = qLinearMatMul(n, { scale, zeroPoint }, weights, weight.scale, valueNamed(output))
          return runtime.network({ bytes, feeds })
        },
      }
    },
  }
}

/** One QLinearMatMul of uint8 `from` with constant int8 weights [n, n], a scale a column, to uint8 `to`. */
function qLinearMatMul(n, from, weights, scales, to) {
  const constant = (name, dtype, shape, data) => ({ name, dtype, shape, data })
  const constants = [
    constant('x_scale', 'float32', [], Float32Array.of(from.scale)),
    constant('x_zero', 'uint8', [], Uint8Array.of(from.zeroPoint)),
    constant('w', 'int8', [n, n], weights),
    constant('w_scale', 'float32', [n], Float32Array.from(scales)),
    constant('w_zero', 'int8', [n], new Int8Array(n)),
    constant('y_scale', 'float32', [], Float32Array.of(to.scale)),
    constant('y_zero', 'uint8', [], Uint8Array.of(to.zeroPoint)),
  ]
  const inputs = ['x', ...constants.map(({ name }) => name)]
  return encodeDescription({
    name: 'matmul-quantised',
    inputs: [{ name: 'x', dtype: 'uint8', shape: [n, n] }],
    outputs: [{ name: 'y', dtype: 'uint8', shape: [n, n] }],
    nodes: [{ name: 'product', op: 'QLinearMatMul', inputs, outputs: ['y'], attributes: {} }],
    constants,
  })
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
