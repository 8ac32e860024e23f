import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { context, useKernels } from '../../engine/core/context.ts'
import { constant } from '../../engine/optim/schedules.ts'
import { SGD } from '../../engine/optim/sgd.ts'
import { batches } from '../../models/data/batches.ts'
import { synthetic } from '../../models/data/synthetic.ts'
import { buildModel } from '../../models/zoo/index.ts'
import { methodOptions } from '../../quant/trim/methods.ts'
import { Trainer } from '../../quant/trim/trainer.ts'

const test = suite('steady state')

test('200 training steps grow neither the arena nor the heap', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  useKernels({ kernels: 'simd' })
  const data = synthetic({ split: 'train', count: 32, seed: 1 })
  const trainer = new Trainer(buildModel('lenet', { input: data.shape, classes: 10 }), {
    method: methodOptions('quant-trim'),
    epochs: 100,
    stepsPerEpoch: 4,
    seed: 1,
    optimiser: (parameters) => new SGD(parameters, { lr: 0.01, momentum: 0.9 }),
    schedule: constant(),
    labelSmoothing: 0,
  })
  const epoch = (): Promise<unknown> => trainer.trainEpoch(batches(data, { size: 8 }))
  const measure = (): { arena: number; heap: number } => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return { arena: context.memory?.top ?? 0, heap: heapUsed + arrayBuffers }
  }
  // Past the warm-up and the ramps, so that every part of the step has run.
  for (let i = 0; i < 85; i++) await epoch()
  const before = measure()
  for (let i = 0; i < 50; i++) await epoch()
  const after = measure()
  assert.is(after.arena, before.arena)
  // A single activation of this net kept at each step would be 200 * 8 * 6 * 256 * 4 bytes = 9.8 MB.
  assert.ok(after.heap - before.heap < 500_000, `the heap grew by ${after.heap - before.heap} bytes`)
})

test.run()
