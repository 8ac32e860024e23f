import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeSafetensors } from '../../engine/base/safetensors.ts'
import { useKernels } from '../../engine/core/context.ts'
import { cosine } from '../../engine/optim/schedules.ts'
import { SGD } from '../../engine/optim/sgd.ts'
import { batches } from '../../models/data/batches.ts'
import { synthetic } from '../../models/data/synthetic.ts'
import { buildModel } from '../../models/zoo/index.ts'
import { methodOptions } from '../../quant/trim/methods.ts'
import { Trainer } from '../../quant/trim/trainer.ts'
import { createPool } from '../../workers/pool.ts'

const test = suite('one training run, the same bits')

/** Made by version 0.1.0. A change of any kernel's definition, of initialisation or of the data set changes it. */
const EXPECTED = 'ece206e5f983e61ce223be753974b475bbb76bbfae91dd03a2fb8d07b8fb4b52'

/** SHA-256 of the checkpoint after 50 steps of lenet with every part of Quant-Trim at work. */
async function fiftySteps(): Promise<string> {
  const data = synthetic({ split: 'train', count: 160, seed: 1 })
  const method = { ...methodOptions('quant-trim'), observerSkip: 2, batchNormBatches: 2 }
  const trainer = new Trainer(buildModel('lenet', { input: data.shape, classes: 10 }), {
    method,
    epochs: 5,
    stepsPerEpoch: 10,
    seed: 1,
    optimiser: (parameters) => new SGD(parameters, { lr: 0.05, momentum: 0.9, nesterov: true, weightDecay: 5e-4 }),
    schedule: cosine(),
    labelSmoothing: 0.1,
  })
  const epoch = (n: number) => batches(data, { size: 16, shuffle: true, seed: 1, epoch: n, augment: { pad: 2 } })
  while (trainer.epoch < 5) await trainer.trainEpoch(epoch(trainer.epoch))
  const { parameters } = trainer.export(epoch(0))
  return createHash('sha256').update(encodeSafetensors(parameters, {})).digest('hex')
}

for (const kernels of ['plain', 'simd'] as const) {
  test(`${kernels} kernels`, async () => {
    useKernels({ kernels })
    try {
      assert.is(await fiftySteps(), EXPECTED)
    } finally {
      useKernels({ kernels: 'simd' })
    }
  })
}

for (const threads of [1, 2, 4]) {
  test(`simd kernels, ${threads} threads`, async () => {
    const pool = await createPool({ threads, smallestSplit: 1 })
    try {
      useKernels({ kernels: 'simd', executor: pool })
      assert.is(await fiftySteps(), EXPECTED)
    } finally {
      useKernels({ kernels: 'simd' })
      await pool.close()
    }
  })
}

test.run()
