import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UnsupportedError } from '../../../../engine/base/errors.ts'
import { tensor } from '../../../../engine/core/tensor.ts'
import { buildGraph } from '../../../../engine/graph/builder.ts'
import { initialise } from '../../../../engine/graph/initialise.ts'
import { exportQdq, exportQLinear } from '../../../../models/onnx/export/exportProgram.ts'
import type { OnnxTensor } from '../../../../models/onnx/model.ts'
import { findBackend } from '../../../../quant/backends/index.ts'
import { compile } from '../../../../quant/integer/compile.ts'
import type { IntegerProgram } from '../../../../quant/integer/program.ts'
import { messageOf } from '../../../support/messageOf.ts'

const test = suite('export of vendor models')

function programFor(name: string): IntegerProgram {
  const graph = buildGraph('one', (g) => g.linear(g.input('x', [null, 1]), { out: 2, name: 'c' }))
  const parameters = initialise(graph, 1)
  parameters.get('c.weight')?.data.set([-1, 3])
  return compile(graph, parameters, findBackend(name), { calibration: [tensor([-1, 1], [2, 1])] })
}

test('a weight zero point is written', () => {
  for (const model of [exportQdq(programFor('tensor-asym-strict')), exportQLinear(programFor('tensor-asym-strict'))]) {
    const zero = model.graph.initialisers.get('c.weight.zero_point') as OnnxTensor
    assert.equal([...(zero.data as Int8Array)], [-64])
  }
})

test('a bias that stays real, codes of 16 bits and real activations are refused by name', () => {
  const refusal = (name: string) => messageOf(UnsupportedError, () => exportQdq(programFor(name)))
  assert.is(refusal('gpu-sym-entropy'), "export: step 'c' adds a real bias after scaling; wanted an integer bias")
  assert.match(refusal('dyn-act-w8'), /real numbers/)
  assert.match(refusal('percentile-radix-npu'), /16|codes/)
})

test.run()
