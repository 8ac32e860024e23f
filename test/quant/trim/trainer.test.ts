import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NumericError } from '../../../engine/base/errors.ts'
import { noGrad } from '../../../engine/core/tape.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { buildGraph } from '../../../engine/graph/builder.ts'
import { initialise } from '../../../engine/graph/initialise.ts'
import { runGraph } from '../../../engine/graph/interpreter.ts'
import { constant } from '../../../engine/optim/schedules.ts'
import { SGD } from '../../../engine/optim/sgd.ts'
import { type MethodOptions, methodOptions, methods } from '../../../quant/trim/methods.ts'
import { QuantisationSimulator } from '../../../quant/trim/simulator.ts'
import { type LabelledBatch, Trainer } from '../../../quant/trim/trainer.ts'

const test = suite('training')

const graph = buildGraph('net', (g) => {
  const x = g.input('x', [null, 2])
  return { logits: g.linear(g.relu(g.linear(x, { name: 'fc1', out: 4 })), { name: 'fc2', out: 2 }) }
})

const batch: LabelledBatch = {
  images: tensor([1, 0.5, -1, 0.25, 0.3, -0.7, -0.2, -0.9], [4, 2]),
  labels: tensor([0, 1, 0, 1], [4], { dtype: 'int32' }),
}

function makeTrainer(method: MethodOptions, lr = 0.1): Trainer {
  return new Trainer(graph, {
    method,
    epochs: 10,
    stepsPerEpoch: 2,
    seed: 1,
    optimiser: (parameters) => new SGD(parameters, { lr }),
    schedule: constant(),
    labelSmoothing: 0,
  })
}

const weightsOf = (trainer: Trainer): number[] => [...trainer.parameters.values()].flatMap(({ data }) => [...data])

test('with lambda 0 the simulator changes no value and still learns ranges', () => {
  const parameters = initialise(graph, 3)
  const simulator = new QuantisationSimulator(
    graph,
    { ...methodOptions('quant-trim'), observerSkip: 0 },
    { parameters, seed: 0 },
  )
  const run = (tap: object): number[] =>
    noGrad(() => [...runGraph(graph, parameters, { x: batch.images }, { tap }).logits.data])
  assert.equal(run(simulator.tap(0, 0)), run({}))
  const range = simulator.ranges().get('x')
  assert.ok(range !== undefined && range.lo < 0 && range.hi > 0)
})

test('with lambda 1 and 2-bit weights every weight is on its grid', () => {
  const simulator = new QuantisationSimulator(
    graph,
    { ...methodOptions('qat'), weightBits: 2 },
    { parameters: new Map(), seed: 0 },
  )
  const tap = simulator.tap(1, 0)
  const weight = tensor([0.9, -0.2, 0.5, -0.4], [2, 2])
  const seen = tap.parameter?.('fc1.weight', weight, graph.nodes[0]) as FloatTensor
  // 2 bits, narrow: codes -1, 0, 1; the scale of a channel is its largest magnitude; -0.4 / 0.5 rounds to -1.
  assert.equal(
    [...seen.data].map((w) => Math.round(w * 10) / 10 + 0),
    [0.9, 0, 0.5, -0.5],
  )
  const bias = tensor([0.1, 0.2])
  assert.is(tap.parameter?.('fc1.bias', bias, graph.nodes[0]), bias, 'biases are not quantised here')
})

test('float training ignores quantisation; the methods part when lambda rises', async () => {
  const float = makeTrainer(methodOptions('float'))
  const trim = makeTrainer({
    ...methodOptions('quant-trim'),
    reversePruning: null,
    gainTrimming: null,
    observerSkip: 0,
  })
  for (let epoch = 0; epoch < 2; epoch++) {
    await float.trainEpoch([batch, batch])
    await trim.trainEpoch([batch, batch])
  }
  assert.equal(weightsOf(trim), weightsOf(float), 'the warm-up is full precision')
  for (let epoch = 2; epoch < 10; epoch++) {
    await float.trainEpoch([batch, batch])
    const { metrics } = await trim.trainEpoch([batch, batch])
    if (epoch === 9) assert.is(metrics.lambda, 1)
  }
  assert.is.not(String(weightsOf(trim)), String(weightsOf(float)))
})

test('the loss falls', async () => {
  const trainer = makeTrainer(methodOptions('quant-trim'), 0.5)
  const first = (await trainer.trainEpoch([batch, batch])).metrics.loss
  for (let epoch = 1; epoch < 9; epoch++) await trainer.trainEpoch([batch, batch])
  assert.ok((await trainer.trainEpoch([batch, batch])).metrics.loss < first)
})

test('reverse pruning waits for the end of the warm-up and stops before the last epoch', async () => {
  const trainer = makeTrainer(methodOptions('quant-trim'))
  const epochs: number[] = []
  for (let epoch = 0; epoch < 10; epoch++) {
    if ((await trainer.trainEpoch([batch, batch])).trims.length > 0) epochs.push(epoch)
  }
  assert.equal(epochs, [1, 2, 3, 4, 5, 6, 7, 8])
})

test('a trainer that takes over the state of another goes on as that one does', async () => {
  const whole = makeTrainer(methodOptions('quant-trim'))
  for (let epoch = 0; epoch < 4; epoch++) await whole.trainEpoch([batch, batch])
  const resumed = makeTrainer(methodOptions('quant-trim'))
  resumed.loadState(whole.state())
  assert.is(resumed.epoch, 4)
  await whole.trainEpoch([batch, batch])
  await resumed.trainEpoch([batch, batch])
  assert.equal(weightsOf(resumed), weightsOf(whole))
})

const normed = buildGraph('normed', (g) => {
  const hidden = g.relu(g.batchNorm(g.linear(g.input('x', [null, 2]), { name: 'fc1', out: 4 }), { name: 'bn' }))
  return { logits: g.linear(hidden, { name: 'fc2', out: 2 }) }
})

function normedTrainer(changes: Partial<MethodOptions>): Trainer {
  return new Trainer(normed, {
    method: { ...methodOptions('qat'), weightBits: 2, observerSkip: 0, ...changes },
    epochs: 4,
    stepsPerEpoch: 2,
    seed: 1,
    optimiser: (parameters) => new SGD(parameters, { lr: 0.1 }),
    schedule: constant(),
    labelSmoothing: 0,
  })
}

const meanOf = (trainer: Trainer): number[] => [...(trainer.parameters.get('bn.running_mean')?.data ?? [])]

test('frozen batch norm keeps its statistics and the network goes on learning', async () => {
  const frozen = normedTrainer({ batchNormFreeze: 0.5 })
  const free = normedTrainer({})
  for (let epoch = 0; epoch < 2; epoch++) {
    await frozen.trainEpoch([batch, batch])
    await free.trainEpoch([batch, batch])
  }
  assert.equal(weightsOf(frozen), weightsOf(free), 'until half of the run nothing is frozen')
  const before = meanOf(frozen)
  const { loss: first, learningRate } = (await frozen.trainEpoch([batch, batch])).metrics
  assert.ok(Math.abs(learningRate - 0.01) < 1e-12, 'at the full rate frozen networks fell back to chance')
  const last = (await frozen.trainEpoch([batch, batch])).metrics.loss
  assert.equal(meanOf(frozen), before)
  assert.ok(last < first, `${first} -> ${last}`)
  await free.trainEpoch([batch, batch])
  assert.not.equal(meanOf(free), before)
})

test('the rate with frozen batch norm is the one asked for', async () => {
  const trainer = normedTrainer({ batchNormFreeze: 0.5, frozenRate: 0.3 })
  const rates: number[] = []
  for (let epoch = 0; epoch < 4; epoch++) rates.push((await trainer.trainEpoch([batch, batch])).metrics.learningRate)
  assert.equal(rates, [0.1, 0.1, 0.1 * 0.3, 0.1 * 0.3])
})

test('the export step re-estimates batch norm as its lambda says: in float, or with the weights quantised', async () => {
  const exported = async (batchNormLambda: number): Promise<Trainer> => {
    const trainer = normedTrainer({ batchNormBatches: 2, batchNormLambda })
    await trainer.trainEpoch([batch, batch])
    await trainer.trainEpoch([batch, batch])
    trainer.export([batch, batch])
    return trainer
  }
  const mean = (trainer: Trainer, weightOf: (w: number, largest: number) => number): number[] => {
    const data = (name: string): number[] => [...(trainer.parameters.get(name)?.data ?? [])]
    const [w, bias, x] = [data('fc1.weight'), data('fc1.bias'), [...batch.images.data]]
    return bias.map((b, c) => {
      const row = w.slice(2 * c, 2 * c + 2)
      const largest = Math.max(...row.map(Math.abs))
      const [w0, w1] = row.map((value) => weightOf(value, largest))
      return b + [0, 1, 2, 3].reduce((sum, n) => sum + w0 * x[2 * n] + w1 * x[2 * n + 1], 0) / 4
    })
  }
  const close = (found: number[], wanted: number[], tolerance: number): boolean =>
    found.every((value, i) => Math.abs(value - wanted[i]) < tolerance)
  const float = await exported(0)
  assert.ok(
    close(
      meanOf(float),
      mean(float, (w) => w),
      1e-5,
    ),
  )
  const quantised = await exported(1)
  // 2 bits, narrow, per channel: -1, 0, 1 times the largest. The input's own quantisation moves the mean by less than a step of 8 bits.
  const ternary = mean(quantised, (w, largest) => (Math.abs(w) > largest / 2 ? Math.sign(w) * largest : 0))
  assert.ok(close(meanOf(quantised), ternary, 0.01))
  assert.not.ok(
    close(
      meanOf(quantised),
      mean(quantised, (w) => w),
      0.01,
    ),
  )
})

test('trained with scales per tensor, a grid is exported channel by channel', async () => {
  const { gridAlignment, pairTrimming } = { gridAlignment: { from: 0 }, pairTrimming: { from: 0 } }
  const grid = { gridAlignment, pairTrimming, weightGranularity: 'tensor', weightBits: 4, exportSnapped: true } as const
  const trainer = normedTrainer({ ...grid, batchNormFreeze: 0 })
  await trainer.trainEpoch([batch, batch])
  trainer.export([batch, batch])
  const [w, gain, variance] = ['fc1.weight', 'bn.weight', 'bn.running_var'].map(
    (name) => trainer.parameters.get(name)?.data as Float32Array,
  )
  const folded = [...w].map((value, i) => (value * gain[i >> 1]) / Math.sqrt(variance[i >> 1] + 1e-5))
  const scale = Math.max(...folded.map(Math.abs)) / 7
  for (const value of folded) {
    const code = value / scale
    assert.ok(Math.abs(code - Math.round(code)) < 1e-4, `${code} is not on the grid`)
  }
  for (let c = 0; c < 4; c++) {
    const pair = folded.slice(2 * c, 2 * c + 2)
    if (pair[0] * pair[1] > 0) assert.ok(Math.abs(pair[0] + pair[1]) < 7.0001 * scale, `pair ${pair} saturates`)
  }
})

test('a state of another model is refused', () => {
  const other = new Map([['model/fc9.weight', tensor([1])]])
  assert.throws(() => makeTrainer(methodOptions('float')).loadState(other), /'fc9.weight' is not a parameter/)
})

test('a NaN loss is an error that says when', async () => {
  const poisoned = { ...batch, images: tensor(new Array(8).fill(Number.NaN), [4, 2]) }
  let message = ''
  await makeTrainer(methodOptions('float'))
    .trainEpoch([batch, poisoned])
    .catch((error: Error) => {
      message = `${error.name}: ${error.message}`
    })
  assert.match(message, /NumericError: .*NaN/)
})

test('every method is described, and an unknown one is refused with the list', () => {
  for (const [name, { summary }] of Object.entries(methods)) assert.ok(summary.length > 10, name)
  assert.throws(() => methodOptions('magic'), /no method 'magic'; wanted one of float, qat, quant-trim/)
})

test('a training whose quantisers meet NaN before the loss does says where, and what to try', async () => {
  const trainer = makeTrainer(methodOptions('quant-trim'))
  for (let epoch = 0; epoch < 9; epoch++) await trainer.trainEpoch([batch, batch])
  trainer.parameters.get('fc1.weight')?.data.fill(Number.NaN, 0, 1)
  const error = await trainer.trainEpoch([batch, batch]).catch((thrown: Error) => thrown)
  assert.instance(error, NumericError)
  assert.match(
    (error as Error).message,
    /^training: .*not finite in float32.* in epoch 10, step 1; try a lower learning rate or, .*clipped/,
  )
})

test.run()
