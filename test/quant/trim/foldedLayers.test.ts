import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { foldBatchNorm } from '../../../engine/graph/foldBatchNorm.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { floatParameter } from '../../../engine/graph/parameters.ts'
import { quantise } from '../../../quant/affine/quantise.ts'
import type { Scheme } from '../../../quant/affine/scheme.ts'
import { weightQuantiser } from '../../../quant/affine/weightQuantiser.ts'
import { foldedLayers, foldedQuantiser, foldingFactors } from '../../../quant/trim/foldedLayers.ts'

const test = suite('folded layers')

const scheme: Scheme = { bits: 4, signed: true, symmetric: true, narrow: true, granularity: 'tensor' }

test('the codes of the raw weight are those of the weight that folding gives, per tensor and per channel', () => {
  const graph = buildGraph('conv', (g) => {
    const x = g.input('image', [null, 3, 4, 4])
    return g.batchNorm(g.conv(x, { name: 'conv', out: 5, kernel: 3, bias: false }), { name: 'bn' })
  })
  const parameters = initialise(graph, 1)
  parameters.set('bn.weight', tensor([0.5, -2, 1, 0.01, 3]))
  parameters.set('bn.running_var', tensor([4, 0.25, 1, 2, 9]))
  const [layer] = foldedLayers(graph)
  const weight = floatParameter(parameters, 'conv.weight')
  const folded = foldBatchNorm(graph, parameters)
  const seen = floatParameter(folded.parameters, folded.graph.nodes[0].inputs[1])
  for (const granularity of ['tensor', 'channel'] as const) {
    for (const scaleForm of ['float', 'pow2'] as const) {
      const given = { ...scheme, granularity, scaleForm }
      const raw = foldedQuantiser(weight, foldingFactors(layer, parameters), given, { axis: 0 })
      const codes = quantise(weight.data, weight.shape, raw)
      const wanted = quantise(seen.data, seen.shape, weightQuantiser(seen.data, seen.shape, given))
      // gamma of channel 1 is negative: folding turns its signs.
      const length = codes.length / 5
      const turned = codes.map((code, i) => (Math.floor(i / length) === 1 ? -code : code))
      let different = 0
      for (let i = 0; i < codes.length; i++) if (turned[i] !== wanted[i]) different++
      // f32 rounding may move a quotient that lies next to a tie.
      assert.ok(different <= 1, `${granularity} ${scaleForm}: ${different} of ${codes.length} codes differ`)
    }
  }
})

test('the example of the docstring; a vanishing channel keeps its own scale', () => {
  const w = tensor([1, -0.5], [2, 1])
  assert.equal([...foldedQuantiser(w, Float64Array.of(1, 8), scheme).scale], [Math.fround(4 / 7), Math.fround(1 / 14)])
  const { scale } = foldedQuantiser(w, Float64Array.of(1, 0), scheme)
  assert.equal([...scale], [Math.fround(1 / 7), Math.fround(0.5 / 7)])
})

test.run()
