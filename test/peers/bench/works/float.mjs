// Float inference: one layer or a whole network, the same graph for everyone.

import { floatCandidate, resnet20 } from '../ours.mjs'
import { random } from '../random.mjs'

const GIGA = 1e9

/**
 * Layers and networks by the name of the work; `amount` is what one run does, in units; `resident`: there is a form with
 * operands in the memory that kernels compute in.
 */
export const floatWorks = [
  matmul('matmul-f32-384', 384),
  matmul('matmul-f32-1024', 1024),
  convolution('conv3x3-32', { channels: 32, kernel: 3, size: 32 }),
  convolution('conv3x3-64', { channels: 64, kernel: 3, size: 16 }),
  convolution('conv1x1-128', { channels: 128, kernel: 1, size: 16 }),
  convolution('depthwise3x3-64', { channels: 64, kernel: 3, size: 32, groups: 64 }),
  network('resnet20-f32-b1', 1),
  network('resnet20-f32-b32', 32),
]

/** Two fresh matrices: nothing is constant, so nobody packs one in advance. */
function matmul(name, n) {
  return work(name, 'GFLOP/s', (2 * n ** 3) / GIGA, ({ buildGraph }) => ({
    graph: buildGraph('matmul', (g) => ({ product: g.node('MatMul', [g.input('a', [n, n]), g.input('b', [n, n])]) })),
    parameters: new Map(),
    feeds: { a: random([n, n], 'a'), b: random([n, n], 'b') },
  }))
}

/** As many channels out as in, padded to the same size, batch 8, with bias. Weights are constants of the model. */
function convolution(name, { channels, kernel, size, groups = 1 }) {
  const batch = 8
  const macs = batch * channels * size * size * (channels / groups) * kernel * kernel
  return work(name, 'GFLOP/s', (2 * macs) / GIGA, ({ buildGraph, initialise }) => {
    const graph = buildGraph('convolution', (g) => {
      const x = g.input('x', [batch, channels, size, size])
      return { y: g.conv(x, { out: channels, kernel, pad: kernel >> 1, groups }) }
    })
    return { graph, parameters: initialise(graph, 1), feeds: { x: random([batch, channels, size, size], 'x') } }
  })
}

/** ResNet-20 for 32x32 pictures as it is used: batch norms folded into the convolutions. */
function network(name, batch) {
  return work(name, 'images/s', batch, (ours) => ({
    ...resnet20(ours),
    feeds: { image: random([batch, 3, 32, 32], 'image') },
  }))
}

function work(name, unit, amount, describe) {
  return {
    name,
    unit,
    amount,
    tolerance: { tolerance: 1e-4 },
    resident: true,
    peers: ['ort-web', 'ort-node', 'tfjs-wasm', 'tfjs-cpu', ...(unit === 'GFLOP/s' ? ['simd-peak'] : [])],
    /** Functions that make candidates: ours (for an executor, with operands as said), and that of a peer. */
    async prepare(ours) {
      const { graph, parameters, feeds } = describe(ours)
      const bytes = ours.encodeModel(ours.exportGraph(graph, parameters))
      return {
        own: (_executor, operands) => floatCandidate(ours, graph, parameters, feeds, operands),
        peer: (runtime) => runtime.network({ graph, parameters, feeds, bytes }),
      }
    },
  }
}
