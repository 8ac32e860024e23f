import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../engine/base/random.ts'
import { type FloatTensor, tensor } from '../../engine/core/tensor.ts'
import { initialise } from '../../engine/graph/initialise.ts'
import { buildModel } from '../../models/zoo/index.ts'
import { backendNames, findBackend } from '../../quant/backends/index.ts'
import { compile } from '../../quant/integer/compile.ts'
import { engineFloatOperators as floatOperators } from '../../quant/integer/engineFloatOperators.ts'
import { type CodeTensor, IntegerSession, type SessionOptions } from '../../quant/integer/session.ts'
import { createPool, type Pool } from '../../workers/index.ts'
import { repeatingExecutor } from './repeatingExecutor.ts'

const test = suite('integer sessions with threads')

const images = (count: number, seed: number): FloatTensor => {
  const stream = new RandomStream(seed, 'images')
  const shape = [count, 3, 16, 16]
  return tensor(
    Float32Array.from({ length: count * 768 }, () => stream.uniform() * 2 - 1),
    shape,
  )
}

const batch = images(5, 2)
let pools: Pool[] = []
test.before(async () => {
  pools = await Promise.all([2, 4].map((threads) => createPool({ threads, smallestSplit: 1 })))
})
test.after(async () => {
  for (const pool of pools) await pool.close()
})

for (const [model, options] of [
  ['resnet', { depth: 8, width: 4 }],
  ['mobilenet', { width: 0.25 }],
] as const) {
  const graph = buildModel(model, { input: [3, 16, 16], classes: 10, ...options })
  const parameters = initialise(graph, 1)
  for (const name of backendNames) {
    test(`${model} for ${name}: every value has the plain codes`, () => {
      const backend = findBackend(name)
      const program = compile(graph, parameters, backend, { weightBits: 8, calibration: [images(8, 1)] })
      const run = (choice: SessionOptions): Map<string, CodeTensor> => {
        const trace = new Map<string, CodeTensor>()
        new IntegerSession(program, { ...choice, floatOperators }).run(batch, { trace })
        return trace
      }
      const wanted = run({ kernels: 'plain' })
      assert.ok(wanted.size > 5 || backend.floating !== undefined)
      for (const executor of [...pools, repeatingExecutor]) {
        const found = run({ executor })
        for (const [value, { data }] of wanted) {
          assert.ok(Buffer.from(data.buffer).equals(Buffer.from(found.get(value)!.data.buffer)), value)
        }
      }
    })
  }
}

test.run()
