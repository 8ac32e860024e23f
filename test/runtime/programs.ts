import { RandomStream } from '../../engine/base/random.ts'
import { buildGraph } from '../../engine/graph/builder.ts'
import type { Graph } from '../../engine/graph/graph.ts'
import { backends } from '../../quant/backends/index.ts'
import { compile } from '../../quant/integer/compile.ts'
import type { IntegerProgram } from '../../quant/integer/program.ts'
import { images, randomParameters } from '../quant/integer/models.ts'

const INPUT = [3, 6, 5]

/** Layers, pools and what moves codes: what every back end covers. */
function pooled(): Graph {
  return buildGraph('pooled', (g) => {
    let x = g.input('image', [null, ...INPUT])
    x = g.relu(g.conv(x, { out: 6, kernel: 3, pad: 1 }))
    const y = g.clip(g.conv(x, { out: 6, kernel: 3, pad: 1, groups: 6 }), { min: 0, max: 6 })
    x = g.maxPool(g.concat([g.relu(g.add(x, y)), y]), { kernel: 2 })
    x = g.avgPool(g.relu(x), { kernel: 3, stride: 2, pad: 1, countPad: false })
    x = g.conv(x, { out: 4, kernel: 2, stride: 2, pad: 1, groups: 2, bias: false })
    return g.linear(g.flatten(x), { out: 5 })
  })
}

/** Products, tables, softmax and rescaling: what runtimes cover besides. */
function gated(): Graph {
  return buildGraph('gated', (g) => {
    const x = g.input('image', [null, ...INPUT])
    const y = g.leakyRelu(g.conv(x, { out: 3, kernel: 3, pad: 1 }), { alpha: 0.1 })
    const gate = g.sigmoid(g.conv(y, { out: 3, kernel: 1 }))
    const z = g.concat([g.mul(y, gate), g.tanh(y), gate])
    return g.softmax(g.linear(g.globalAvgPool(z), { out: 4 }))
  })
}

/** Layers alone, which back ends with real activations compute without other operators. */
function layered(): Graph {
  return buildGraph('layered', (g) => {
    const x = g.relu(g.conv(g.input('image', [null, ...INPUT]), { out: 4, kernel: 3, pad: 1 }))
    return g.conv(x, { out: 5, kernel: 3, stride: 2, groups: 1 })
  })
}

/**
 * Small programs of every back end that covers them, which together hold every kind of step and arithmetic but operators on real
 * numbers, which a session has to be given.
 */
export function smallPrograms(): IntegerProgram[] {
  const random = new RandomStream(5, 'programs')
  const programs = [pooled, gated, layered].flatMap((build) => {
    const graph = build()
    const parameters = randomParameters(graph, 7)
    const calibration = [images(random, 4, INPUT)]
    return [...backends.values()]
      .filter((backend) => {
        if (build === layered) return backend.floating !== undefined
        return graph.nodes.every(({ op }) => backend.operators.includes(op))
      })
      .map((backend) =>
        compile(graph, parameters, backend, { calibration, weightBits: Math.min(...backend.weightBits) }),
      )
  })
  return programs.filter(({ header }) => header.steps.every(({ op }) => op !== 'float'))
}
