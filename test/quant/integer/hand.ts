import { buildGraph } from '../../../engine/graph/builder.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import type { Backend } from '../../../quant/integer/backend.ts'
import { lower } from '../../../quant/integer/compile.ts'
import type { IntegerProgram } from '../../../quant/integer/program.ts'
import { rangeOfScale } from './models.ts'

/**
 * relu(x * 127/64 + bias) on one pixel: scales 1/2 in and 1/4 out, zero points 3 and -5 (from the middle code), 1/64 for the
 * weight at 8 bits. With x = 1.5 and bias 1: code 3 above zero, acc = 128 + 3 * 127 = 509, 509 / 32 = 15.9, so 16 above zero: 4.
 */
export function handProgram(backend: Backend, weightBits = 8, bias = 1): IntegerProgram {
  const graph = buildGraph('hand', (g) => {
    const x = g.input('image', [null, 1, 1, 1])
    return g.relu(g.conv(x, { out: 1, kernel: 1, name: 'c' }), { name: 'r' })
  })
  const parameters = initialise(graph, 0)
  parameters.get('c.weight')?.data.set([127 / 64])
  parameters.get('c.bias')?.data.set([bias])
  const middle = backend.activations.signed ? 0 : 128
  const ranges = new Map([
    ['image', rangeOfScale(backend.activations, 0.5, middle + 3)],
    ['r', rangeOfScale(backend.activations, 0.25, middle - 5)],
  ])
  return lower(graph, parameters, backend, { weightBits, ranges })
}
