import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type KernelChoice, scope, useKernels } from '../../engine/core/context.ts'
import { runGraph } from '../../engine/graph/interpreter.ts'
import { constant } from '../../engine/optim/schedules.ts'
import { SGD } from '../../engine/optim/sgd.ts'
import { batches } from '../../models/data/batches.ts'
import { synthetic } from '../../models/data/synthetic.ts'
import { buildModel } from '../../models/zoo/index.ts'
import { methodOptions } from '../../quant/trim/methods.ts'
import { Trainer } from '../../quant/trim/trainer.ts'
import { createPool, type Pool, type PoolOptions } from '../../workers/index.ts'

const test = suite('training with threads')
test.after(() => useKernels({ kernels: 'simd' }))

const data = synthetic({ split: 'train', count: 64, seed: 3 })
const EPOCHS = 4

function makeTrainer(seed: number): Trainer {
  // The observers see every batch, so that lambda, which rises over the run, changes values from the second epoch on.
  return new Trainer(buildModel('lenet', { input: data.shape, classes: 10 }), {
    method: { ...methodOptions('quant-trim'), observerSkip: 0 },
    epochs: EPOCHS,
    stepsPerEpoch: 4,
    seed,
    optimiser: (parameters) => new SGD(parameters, { lr: 0.02, momentum: 0.9 }),
    schedule: constant(),
    labelSmoothing: 0.1,
  })
}

/** Trains from the beginning to the end and returns all state, as bytes by name. */
async function train(seed: number, onStep: (step: number, trainer: Trainer) => unknown = () => {}) {
  const trainer = makeTrainer(seed)
  while (trainer.epoch < EPOCHS) {
    await trainer.trainEpoch(batches(data, { size: 16, shuffle: true, seed, epoch: trainer.epoch }), async (step) => {
      await onStep(step, trainer)
    })
  }
  return new Map([...trainer.state()].map(([name, { data: values }]) => [name, Buffer.from(values.slice().buffer)]))
}

function assertSame(found: Map<string, Buffer>, wanted: Map<string, Buffer>): void {
  assert.equal([...found.keys()], [...wanted.keys()])
  for (const [name, bytes] of wanted) assert.ok(bytes.equals(found.get(name) as Buffer), `${name} differs`)
}

/** Runs `body` on a pool that splits whatever it can. */
async function withPool(options: PoolOptions, body: (pool: Pool) => Promise<void>): Promise<void> {
  const pool = await createPool({ smallestSplit: 1000, ...options })
  try {
    useKernels({ kernels: 'simd', executor: pool, bytes: 2 ** 26 })
    await body(pool)
  } finally {
    await pool.close()
  }
}

async function trainWith(choice: KernelChoice): Promise<Map<string, Buffer>> {
  useKernels(choice)
  return train(1)
}

const wanted = await trainWith({ kernels: 'plain' })

test('one thread with SIMD gives the plain result', async () => {
  assert.ok(wanted.size > 20)
  assertSame(await trainWith({ kernels: 'simd' }), wanted)
})

for (const threads of [1, 2, 4]) {
  test(`${threads} threads give the plain result`, () =>
    withPool({ threads }, async () => assertSame(await train(1), wanted)))
}

test('workers stopped in the middle of a run leave the result, and are replaced', () =>
  withPool({ threads: 3 }, async (pool) => {
    const before = pool.workers
    const found = await train(1, async (step) => {
      // One dies while the caller computes on, the other while it waits for events.
      if (step === 3) void before[0].terminate()
      if (step === 6) await before[1].terminate()
    })
    assertSame(found, wanted)
    for (let i = 0; i < 500 && pool.workers.length < 2; i++) await delay(10)
    assert.is(pool.workers.length, 2)
    assert.ok(pool.workers.every((worker) => !before.includes(worker)))
    assertSame(await train(1), wanted)
  }))

test('two trainings that take turns, and evaluation within a step, disturb nothing', () =>
  withPool({ threads: 2 }, async () => {
    const alone = await train(2)
    const evaluate = (_: number, { graph, parameters }: Trainer): Promise<void> => {
      const [{ images }] = batches(data, { size: 8 })
      scope(() => runGraph(graph, parameters, { [graph.inputs[0].name]: images }))
      return turn()
    }
    const [first, second] = await Promise.all([train(1, evaluate), train(2, evaluate)])
    assertSame(first, wanted)
    assertSame(second, alone)
  }))

test.run()
