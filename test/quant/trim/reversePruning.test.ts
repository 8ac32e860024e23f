import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { tensor } from '../../../engine/core/tensor.ts'
import { defaultReversePruning, ReversePruning } from '../../../quant/trim/reversePruning.ts'

const test = suite('reverse pruning')

const target = (parameter: string, depthwise = false) => ({ parameter, depthwise })

test('clips the master weight in place to the quantile of its magnitudes, and logs it', () => {
  const weight = tensor([1, -2, 4, 0.5, -8], [5, 1])
  const pruning = new ReversePruning([target('w')], { ...defaultReversePruning, quantile: 0.75 }, 8)
  const [event] = pruning.afterEpoch(2, 0.5, new Map([['w', weight]]))
  // Sorted magnitudes 0.5 1 2 4 8; position 0.75 * 4 = 3 gives tau = 4.
  assert.equal([...weight.data], [1, -2, 4, 0.5, -4])
  const { histogram, ...line } = event
  assert.equal(line, {
    epoch: 2,
    kind: 'weights',
    parameter: 'w',
    tau: 4,
    clipped: 1,
    total: 5,
    scaleBefore: 8 / 127,
    scaleAfter: 4 / 127,
  })
  // Magnitudes 0.5 1 2 4 8 in 40 bins over [0, 8]; the 8 becomes a 4.
  assert.is(histogram.limit, 8)
  assert.equal(
    histogram.before.flatMap((count, bin) => Array<number>(count).fill(bin)),
    [2, 5, 10, 20, 39],
  )
  assert.equal(
    histogram.after.flatMap((count, bin) => Array<number>(count).fill(bin)),
    [2, 5, 10, 20, 20],
  )
})

test('the threshold is a moving average from the second time on, and survives save and load', () => {
  const options = { ...defaultReversePruning, quantile: 1, beta: 0.5 }
  const weight = tensor([8, -1], [2, 1])
  const first = new ReversePruning([target('w')], options, 8)
  assert.is(first.afterEpoch(0, 0.5, new Map([['w', weight]]))[0].tau, 8)
  const resumed = new ReversePruning([target('w')], options, 8)
  resumed.loadState(first.state())
  weight.data.set([2, -1])
  assert.is(resumed.afterEpoch(1, 0.5, new Map([['w', weight]]))[0].tau, 5)
  assert.equal([...weight.data], [2, -1], 'below the averaged threshold nothing is clipped')
})

test('per channel, each output channel has its own threshold', () => {
  const weight = tensor([1, 2, 3, 10, 20, 30], [2, 3])
  const options = { ...defaultReversePruning, quantile: 0.5, granularity: 'channel' } as const
  const [event] = new ReversePruning([target('w')], options, 4).afterEpoch(0, 0.5, new Map([['w', weight]]))
  assert.equal([...weight.data], [1, 2, 2, 10, 20, 20])
  assert.is(event.tau, 20)
  assert.is(event.clipped, 2)
})

test('first, last and depthwise layers can be left out', () => {
  const targets = [target('a'), target('b', true), target('c'), target('d')]
  const parameters = new Map(['a', 'b', 'c', 'd'].map((name) => [name, tensor([1, 9], [2, 1])]))
  const trimmed = (exclude: ('first' | 'last' | 'depthwise')[]): string[] =>
    new ReversePruning(targets, { ...defaultReversePruning, exclude }, 8)
      .afterEpoch(0, 0.5, parameters)
      .map(({ parameter }) => parameter)
  assert.equal(trimmed([]), ['a', 'b', 'c', 'd'])
  assert.equal(trimmed(['depthwise']), ['a', 'c', 'd'])
  assert.equal(trimmed(['first', 'last']), ['b', 'c'])
})

test('every K epochs, and not after its end', () => {
  const pruning = new ReversePruning([target('w')], { ...defaultReversePruning, everyEpochs: 3, until: 0.7 }, 8)
  const parameters = new Map([['w', tensor([1], [1, 1])]])
  const due = [0, 1, 2, 3, 4, 5, 8].filter(
    (epoch) => pruning.afterEpoch(epoch, (epoch + 1) / 10, parameters).length > 0,
  )
  assert.equal(due, [2, 5])
})

test('a weight without elements and one of zeros are left as they are', () => {
  const parameters = new Map([
    ['empty', tensor([], [0, 3])],
    ['zero', tensor([0, 0], [2, 1])],
  ])
  const events = new ReversePruning([target('empty'), target('zero')], defaultReversePruning, 8).afterEpoch(
    0,
    0.5,
    parameters,
  )
  assert.equal(
    events.map(({ clipped, tau }) => [clipped, tau]),
    [
      [0, 0],
      [0, 0],
    ],
  )
})

test('constants outside their range are refused', () => {
  const refuse = (change: object, message: RegExp): void => {
    assert.throws(() => new ReversePruning([], { ...defaultReversePruning, ...change }, 8), message)
  }
  refuse({ quantile: 0 }, /quantile 0/)
  refuse({ quantile: 1.5 }, /quantile 1.5/)
  refuse({ beta: 1 }, /beta 1/)
  refuse({ everyEpochs: 0 }, /every 0 epochs/)
  refuse({ until: 2 }, /until 2/)
})

test.run()
