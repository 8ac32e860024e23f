// QDQ graphs with the runtime's optimisations off: DequantizeLinear, the float operator and QuantizeLinear one by one. Only
// operators without long sums: the order of those in float is the runtime's own (a literal AveragePool sums columns first for
// some shapes, which changed 73 of 1,018,816 codes).

import { evaluate } from '../ourOperators.mjs'
import { ours } from '../ours.mjs'
import { programCase } from '../programs.mjs'

/** `body(g, x, branch)`; branch(name) is another tensor of x's shape: one product an element, so that nothing is summed. */
function literal(name, build) {
  return {
    name: `literal ${name}`,
    *cases(draw) {
      for (;;) {
        const channels = draw.integer(4, 16)
        const input = [channels, draw.integer(12, 24), draw.integer(12, 24)]
        const body = build(draw)
        const graph = ours.buildGraph('exact', (g) => {
          const x = g.input('image', [null, ...input])
          const branch = (branchName) =>
            g.conv(x, { name: branchName, out: channels, kernel: 1, groups: channels, bias: false })
          return body(g, branch)
        })
        const test = programCase(draw, graph, { counted: ['y'], count: 8 })
        yield { ...test, options: { graphOptimizationLevel: 'disabled' }, expected: () => evaluate(test) }
      }
    },
  }
}

const pool = (draw) => ({ name: 'y', kernel: draw.pick([2, 3]), stride: draw.pick([1, 2]), pad: draw.integer(0, 1) })

/** In the order of the table. */
export const literalOperators = [
  literal('Add', () => (g, branch) => g.add(branch('left'), branch('right'), { name: 'y' })),
  literal('Mul', () => (g, branch) => g.mul(branch('left'), branch('right'), { name: 'y' })),
  literal('MaxPool', (draw) => (g, branch) => g.maxPool(branch('left'), pool(draw))),
  literal('Concat', () => (g, branch) => g.concat([branch('left'), branch('right')], { name: 'y' })),
]
