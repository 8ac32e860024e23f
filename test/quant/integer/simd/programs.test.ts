import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../../engine/base/random.ts'
import type { FloatTensor } from '../../../../engine/core/tensor.ts'
import type { Graph } from '../../../../engine/graph/graph.ts'
import { buildModel } from '../../../../models/zoo/index.ts'
import { backends, comparedNames } from '../../../../quant/backends/index.ts'
import { compile } from '../../../../quant/integer/compile.ts'
import { engineFloatOperators as floatOperators } from '../../../../quant/integer/engineFloatOperators.ts'
import { type CodeTensor, IntegerSession } from '../../../../quant/integer/session.ts'
import { gatedNetwork, images, randomParameters, smallNetwork } from '../models.ts'
import { expectSame } from './support.ts'

const test = suite('whole programs, SIMD and plain')

const networks: readonly (readonly [string, readonly number[], () => Graph])[] = [
  ['small', [3, 9, 8], smallNetwork],
  ['gated', [3, 9, 8], gatedNetwork],
  ['mlp', [1, 5, 7], () => buildModel('mlp', { input: [1, 5, 7], classes: 10 })],
  ['lenet', [1, 14, 14], () => buildModel('lenet', { input: [1, 14, 14], classes: 10 })],
  ['resnet', [3, 17, 13], () => buildModel('resnet', { input: [3, 17, 13], classes: 10, depth: 8, width: 6 })],
  ['mobilenet', [3, 16, 16], () => buildModel('mobilenet', { input: [3, 16, 16], classes: 10, width: 0.25 })],
]

for (const [name, shape, build] of networks) {
  test(`${name}: every code of every value, every back end`, () => {
    const random = new RandomStream(1, name)
    const graph = build()
    const parameters = randomParameters(graph, 3)
    const calibration: FloatTensor[] = [images(random, 4, shape)]
    const batch = images(random, 3, shape)
    for (const backend of backends.values()) {
      const isCovered = graph.nodes.every(({ op }) => backend.operators.includes(op))
      // What runs in float does so with the same operators; once is enough.
      if (!isCovered && (name !== 'gated' || backend.fallback === undefined)) continue
      // Vendor models share their kernels; the larger networks are for those that are compared, and the runtimes.
      const isSmall = name !== 'resnet' && name !== 'mobilenet'
      if (backend.kind === 'vendor-model' && !comparedNames.includes(backend.name) && !isSmall) continue
      // At 4 bits those that differ from each other in kind.
      for (const weightBits of comparedNames.includes(backend.name) ? backend.weightBits : [8]) {
        const program = compile(graph, parameters, backend, { weightBits, calibration })
        const [wanted, found] = [new Map<string, CodeTensor>(), new Map<string, CodeTensor>()]
        const plain = new IntegerSession(program, { kernels: 'plain', floatOperators }).run(batch, { trace: wanted })
        const simd = new IntegerSession(program, { floatOperators }).run(batch, { trace: found })
        assert.equal([...found.keys()], [...wanted.keys()])
        for (const [value, { data }] of wanted) {
          expectSame((found.get(value) as CodeTensor).data, data, `${backend.name} W${weightBits} ${value}`)
        }
        expectSame(simd.data, plain.data, `${backend.name} W${weightBits}`)
      }
    }
  })
}

test.run()
