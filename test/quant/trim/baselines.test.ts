import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { useKernels } from '../../../engine/core/context.ts'
import { constant } from '../../../engine/optim/schedules.ts'
import { SGD } from '../../../engine/optim/sgd.ts'
import { batches } from '../../../models/data/batches.ts'
import { synthetic } from '../../../models/data/synthetic.ts'
import { buildModel } from '../../../models/zoo/index.ts'
import { kurtosis } from '../../../quant/trim/kurtosis.ts'
import { type MethodName, type MethodOptions, methodOptions, methods } from '../../../quant/trim/methods.ts'
import { Trainer } from '../../../quant/trim/trainer.ts'
import { createPool } from '../../../workers/pool.ts'

const test = suite('baselines and ablations')

const data = synthetic({ split: 'train', count: 64, seed: 2 })
const epoch = (n: number) => batches(data, { size: 16, shuffle: true, seed: 2, epoch: n })

function makeTrainer(method: MethodOptions): Trainer {
  return new Trainer(buildModel('lenet', { input: data.shape, classes: 10 }), {
    method,
    epochs: 3,
    stepsPerEpoch: 4,
    seed: 3,
    optimiser: (parameters) => new SGD(parameters, { lr: 0.05, momentum: 0.9 }),
    schedule: constant(),
    labelSmoothing: 0,
  })
}

async function trained(name: MethodName): Promise<{ weights: number[]; losses: number[]; trainer: Trainer }> {
  const trainer = makeTrainer({ ...methodOptions(name), observerSkip: 0 })
  const losses: number[] = []
  while (trainer.epoch < 3) losses.push((await trainer.trainEpoch(epoch(trainer.epoch))).metrics.loss)
  return { weights: [...trainer.parameters.values()].flatMap((p) => [...p.data]), losses, trainer }
}

for (const name of ['kure', 'lsq', 'quant-trim+sampling', 'quant-trim+grid+sampling'] as const) {
  test(`${name}: plain kernels, SIMD kernels and two threads give the same bits`, async () => {
    useKernels({ kernels: 'plain' })
    const plain = await trained(name)
    useKernels({ kernels: 'simd' })
    const simd = await trained(name)
    const pool = await createPool({ threads: 2, smallestSplit: 1 })
    try {
      useKernels({ kernels: 'simd', executor: pool })
      const threads = await trained(name)
      assert.ok(plain.weights.every(Number.isFinite))
      assert.equal(simd, { ...plain, trainer: simd.trainer })
      assert.equal(threads.weights, plain.weights)
    } finally {
      useKernels({ kernels: 'simd' })
      await pool.close()
    }
  })

  test(`${name}: a resumed run goes on with the same bits`, async () => {
    const { weights } = await trained(name)
    const first = makeTrainer({ ...methodOptions(name), observerSkip: 0 })
    await first.trainEpoch(epoch(0))
    await first.trainEpoch(epoch(1))
    const resumed = makeTrainer({ ...methodOptions(name), observerSkip: 0 })
    resumed.loadState(first.state())
    await resumed.trainEpoch(epoch(2))
    assert.equal(
      [...resumed.parameters.values()].flatMap((p) => [...p.data]),
      weights,
    )
  })
}

test('kure leaves weights closer to the target than float training does', async () => {
  const distance = async (method: MethodOptions): Promise<number> => {
    const trainer = makeTrainer(method)
    while (trainer.epoch < 3) await trainer.trainEpoch(epoch(trainer.epoch))
    return Math.abs(kurtosis(trainer.parameters.get('fc1.weight') as Parameters<typeof kurtosis>[0]).item() - 2.5)
  }
  // Weights begin evenly distributed, at 1.8: another target shows the pull.
  const kure = { ...methodOptions('kure'), kure: { weight: 20, target: 2.5 } }
  assert.ok((await distance(kure)) < 0.8 * (await distance(methodOptions('float'))))
})

test('lsq trains the steps of every point', async () => {
  const { trainer } = await trained('lsq')
  const steps = [...trainer.state()].filter(([name]) => name.startsWith('observer/'))
  assert.ok(steps.length > 6)
  for (const [name, step] of steps) assert.ok(step.data[0] > 0, name)
})

test('the ablations differ from Quant-Trim in what they leave out, the baselines in more', () => {
  const full = methodOptions('quant-trim')
  const differing = (name: MethodName): string[] => {
    const options = methodOptions(name)
    return (Object.keys(full) as (keyof MethodOptions)[]).filter(
      (key) => JSON.stringify(options[key]) !== JSON.stringify(full[key]),
    )
  }
  assert.equal(differing('quant-trim-no-pruning'), ['reversePruning', 'gainTrimming'])
  assert.equal(differing('quant-trim-no-ramp'), ['curriculum'])
  assert.equal(differing('quant-trim+sampling'), ['weightFolding', 'sampling'])
  const grid = ['curriculum', 'gridAlignment', 'batchNormFreeze', 'exportSnapped', 'batchNormBatches']
  assert.equal(differing('quant-trim+grid'), grid)
  assert.equal(differing('quant-trim+grid+sampling'), ['weightFolding', 'sampling', ...grid])
  for (const name of Object.keys(methods) as MethodName[]) {
    if (name.startsWith('quant-trim')) continue
    assert.is(methodOptions(name).exportClips, false)
    assert.is(methodOptions(name).reversePruning, null)
  }
})

test.run()
