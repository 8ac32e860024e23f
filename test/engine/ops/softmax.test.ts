import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { applyOp } from '../../../engine/core/tape.ts'
import { tensor } from '../../../engine/core/tensor.ts'
import { LogSoftmax, logSoftmax } from '../../../engine/ops/logSoftmax.ts'
import { Softmax, softmax } from '../../../engine/ops/softmax.ts'
import { assertClose, uniformArray } from '../../support/close.ts'

const test = suite('softmax and logSoftmax')
const INFINITY = Number.POSITIVE_INFINITY

/** Softmax of one line in double. */
function doubleSoftmax(line: readonly number[]): number[] {
  const max = Math.max(...line)
  const e = line.map((value) => Math.exp(value - max))
  const sum = e.reduce((a, b) => a + b, 0)
  return e.map((value) => value / sum)
}

test('the examples of the ONNX operator pages', () => {
  assertClose(softmax(tensor([-1, 0, 1], [1, 3])).data, [0.09003058, 0.24472848, 0.66524094])
  assertClose(logSoftmax(tensor([-1, 0, 1], [1, 3])).data, [-2.4076061, -1.407606, -0.407606])
  const large = tensor([0, 1, 2, 3, 10000, 10001, 10002, 10003], [2, 4])
  const row = [0.032058604, 0.08714432, 0.23688284, 0.6439143]
  assertClose(softmax(large).data, [...row, ...row])
})

test('agrees with double arithmetic along every axis', () => {
  const random = new RandomStream(1, 'softmax')
  const shape = [3, 5, 37]
  const x = tensor(
    uniformArray(() => random.uniform(), 555, 8),
    shape,
  )
  for (const axis of [0, 1, 2]) {
    const inner = [185, 37, 1][axis]
    const extent = shape[axis]
    const y = softmax(x, { axis })
    const logY = logSoftmax(x, { axis: axis - 3 })
    assert.equal(y.shape, shape)
    for (let start = 0; start < 555; start++) {
      if (Math.floor(start / inner) % extent !== 0) continue
      const at = Array.from({ length: extent }, (_, i) => start + i * inner)
      const want = doubleSoftmax(at.map((i) => x.data[i]))
      assertClose(
        at.map((i) => y.data[i]),
        want,
        `axis ${axis}`,
        { rtol: 1e-6, atol: 0 },
      )
      assertClose(
        at.map((i) => logY.data[i]),
        want.map(Math.log),
        `log, axis ${axis}`,
        { rtol: 1e-6, atol: 1e-6 },
      )
    }
  }
})

test('logits of +-1e4 neither overflow nor lose the logarithm', () => {
  const x = tensor([1e4, -1e4, 0, 1e4], [1, 4])
  assert.equal([...softmax(x).data], [0.5, 0, 0, 0.5])
  assertClose(logSoftmax(x).data, [-Math.LN2, -20000 - Math.LN2, -10000 - Math.LN2, -Math.LN2])
})

test('-Infinity beside a finite logit is probability 0; alone, as NaN and +Infinity, it makes the line NaN', () => {
  const x = tensor([-INFINITY, 2, 2, -INFINITY, -INFINITY, -INFINITY, INFINITY, 0, 0, Number.NaN, 0, 0], [4, 3])
  const nan = Number.NaN
  assert.equal([...softmax(x).data], [0, 0.5, 0.5, nan, nan, nan, nan, nan, nan, nan, nan, nan])
  const log = logSoftmax(x).data
  assertClose(log.subarray(0, 3), [-INFINITY, -Math.LN2, -Math.LN2])
  assert.ok(log.subarray(3).every(Number.isNaN))
})

test('a line of one element is certain', () => {
  assert.equal([...softmax(tensor([-7, 3], [2, 1])).data], [1, 1])
  assert.equal([...logSoftmax(tensor([-7, 3], [2, 1])).data], [0, 0])
})

test('empty tensors stay empty', () => {
  assert.equal(softmax(tensor([], [0, 4])).shape, [0, 4])
  assert.equal(logSoftmax(tensor([], [3, 0])).shape, [3, 0])
})

test('gradients by hand: y = (1/4, 3/4), dy = (1, 0)', () => {
  const x = tensor([0, Math.log(3)], [1, 2], { requiresGrad: true })
  softmax(x).backward(tensor([1, 0], [1, 2]))
  assertClose(x.grad!.data, [3 / 16, -3 / 16])
  x.grad = null
  logSoftmax(x).backward(tensor([1, 0], [1, 2]))
  assertClose(x.grad!.data, [3 / 4, -3 / 4])
})

test('a shape with an unknown batch passes, an axis outside the rank does not', () => {
  assert.equal(Softmax.shape([{ dtype: 'float32', shape: [null, 10] }], {}), [{ dtype: 'float32', shape: [null, 10] }])
  assert.throws(() => softmax(tensor([1, 2]), { axis: 1 }), /Softmax: axis 1 is outside \[-1, 1\)/)
  assert.throws(() => logSoftmax(tensor([1], [])), /LogSoftmax: axis -1 is outside/)
  assert.throws(() => applyOp(LogSoftmax, [tensor([1], [1], { dtype: 'int32' })], {}), /wanted a float32 tensor/)
})

test.run()
