import { buildGraph, type Graph } from '../../engine/index.ts'
import { lenet, mobilenet, resnet } from '../../models/index.ts'
import { smallNetwork } from '../quant/integer/models.ts'

/** Functions that become tables, and a product of two tensors. */
function gates(): Graph {
  return buildGraph('gates', (g) => {
    const x = g.conv(g.input('image', [null, 1, 8, 8]), { out: 4, kernel: 3, pad: 1 })
    const y = g.conv(g.mul(g.tanh(x), g.sigmoid(x)), { out: 4, kernel: 3, groups: 2 })
    return g.linear(g.flatten(g.leakyRelu(y)), { out: 5 })
  })
}

/** A softmax at the end. */
function probabilities(): Graph {
  return buildGraph('probabilities', (g) => {
    const x = g.relu(g.conv(g.input('image', [null, 1, 8, 8]), { out: 4, kernel: 3, stride: 2 }))
    return g.softmax(g.linear(g.flatten(x), { out: 5 }))
  })
}

/**
 * The networks whose every code is compared, small enough that all back ends together take a second. The last two are
 * for the exact runtimes; the others refuse them.
 */
export function goldenNetworks(): readonly Graph[] {
  return [
    lenet({ input: [1, 16, 16], classes: 10 }),
    resnet({ input: [3, 12, 12], classes: 10, depth: 8, width: 4 }),
    mobilenet({ input: [3, 16, 16], classes: 10, width: 0.25 }),
    smallNetwork(),
    gates(),
    probabilities(),
  ]
}
