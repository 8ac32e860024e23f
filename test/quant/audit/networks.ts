import { RandomStream } from '../../../engine/base/random.ts'
import { tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import type { EvaluationData, Model } from '../../../quant/audit/compare.ts'

/**
 * Three layers of 8, 8 and 4 outputs. Output 0 of layer `loud` adds 200 times its input 0, takes off 200 times its input 1,
 * which are always equal, and does nothing else: one weight scale for the layer loses all other weights, though no
 * activation is large.
 */
export function layersWithLoudChannel(loud: 'first' | 'second' | null): Model {
  const graph = buildGraph('three', (g) => {
    const x = g.input('x', [null, 6])
    const first = g.relu(g.linear(x, { out: 8, name: 'first' }))
    const second = g.relu(g.linear(first, { out: 8, name: 'second' }))
    return g.linear(second, { out: 4, name: 'third' })
  })
  const parameters = initialise(graph, 3)
  const dataOf = (name: string): Float32Array => parameters.get(name)?.data as Float32Array
  // Outputs 0 and 1 of the first layer are equal, as inputs 0 and 1 are (see `randomData`).
  dataOf('first.weight').copyWithin(6, 0, 6)
  dataOf('first.bias').copyWithin(1, 0, 1)
  if (loud !== null) {
    dataOf(`${loud}.weight`).fill(0, 0, loud === 'first' ? 6 : 8)
    dataOf(`${loud}.weight`)[0] = 200
    dataOf(`${loud}.weight`)[1] = -200
    if (loud === 'first') dataOf('first.weight').copyWithin(6, 0, 6)
  }
  return { graph, parameters }
}

/** Random inputs whose features 0 and 1 are equal; labels that no accuracy depends on. */
export function randomData(count = 64): EvaluationData {
  const random = new RandomStream(4, 'audit')
  const draw = (n: number) => {
    const data = Float32Array.from({ length: n * 6 }, () => random.uniform() * 2 - 1)
    for (let i = 0; i < n; i++) data[i * 6 + 1] = data[i * 6]
    return tensor(data, [n, 6])
  }
  return { calibration: [draw(32), draw(32)], test: [{ images: draw(count), labels: new Uint8Array(count) }] }
}
