import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { type FloatTensor, tensor } from '../../../engine/core/tensor.ts'
import { mse } from '../../../engine/ops/meanSquaredError.ts'
import { crossEntropy, SoftmaxCrossEntropyLoss } from '../../../engine/ops/softmaxCrossEntropyLoss.ts'
import { assertClose, uniformArray } from '../../support/close.ts'

const test = suite('losses')
const labels = (values: number[], shape = [values.length]) => tensor(values, shape, { dtype: 'int32' })

/** Loss and gradient of one row in double, from the definition with the smoothed target distribution q. */
function doubleRow(row: readonly number[], label: number, smoothing: number): { loss: number; gradient: number[] } {
  const max = Math.max(...row)
  const logSum = Math.log(row.reduce((sum, value) => sum + Math.exp(value - max), 0)) + max
  const q = row.map((_, i) => smoothing / row.length + (i === label ? 1 - smoothing : 0))
  return {
    loss: row.reduce((sum, value, i) => sum - q[i] * (value - logSum), 0),
    gradient: row.map((value, i) => Math.exp(value - logSum) - q[i]),
  }
}

test('equal logits cost log C', () => {
  assertClose(crossEntropy(tensor([3, 3, 3, 3], [1, 4]), labels([2])).data, [Math.log(4)])
})

test('agrees with double arithmetic for every reduction and smoothing', () => {
  const random = new RandomStream(1, 'crossEntropy')
  const [n, c] = [7, 21]
  const data = uniformArray(() => random.uniform(), n * c, 6)
  const target = Array.from({ length: n }, () => random.integer(c))
  for (const labelSmoothing of [0, 0.1, 0.9]) {
    const rows = target.map((label, i) => doubleRow([...data.subarray(i * c, (i + 1) * c)], label, labelSmoothing))
    const losses = rows.map(({ loss }) => loss)
    const gradients = rows.flatMap(({ gradient }) => gradient)
    const total = losses.reduce((a, b) => a + b, 0)
    const run = (reduction: 'mean' | 'sum' | 'none', seed?: FloatTensor) => {
      const logits = tensor(data, [n, c], { requiresGrad: true })
      const loss = crossEntropy(logits, labels(target), { labelSmoothing, reduction })
      loss.backward(seed)
      return { loss, gradient: logits.grad!.data }
    }
    const mean = run('mean')
    assert.equal(mean.loss.shape, [])
    assertClose(mean.loss.data, [total / n], 'mean')
    assertClose(
      mean.gradient,
      gradients.map((g) => g / n),
      'mean gradient',
    )
    const sum = run('sum', tensor([3], []))
    assertClose(sum.loss.data, [total], 'sum')
    assertClose(
      sum.gradient,
      gradients.map((g) => 3 * g),
      'sum gradient',
    )
    const seed = uniformArray(() => random.uniform(), n)
    const none = run('none', tensor(seed))
    assert.equal(none.loss.shape, [n])
    assertClose(none.loss.data, losses, 'none')
    assertClose(
      none.gradient,
      gradients.map((g, i) => g * seed[Math.floor(i / c)]),
      'none gradient',
    )
  }
})

test('a loss for each position: [N, C, H, W] equals its positions as rows', () => {
  const random = new RandomStream(2, 'positions')
  const [n, c, p] = [2, 3, 4]
  const data = uniformArray(() => random.uniform(), n * c * p, 3)
  const target = Array.from({ length: n * p }, () => random.integer(c))
  const loss = crossEntropy(tensor(data, [n, c, 2, 2]), labels(target, [n, 2, 2]), {
    reduction: 'none',
    labelSmoothing: 0.2,
  })
  assert.equal(loss.shape, [n, 2, 2])
  const want = target.map((label, i) => {
    const row = Array.from({ length: c }, (_, k) => data[(Math.floor(i / p) * c + k) * p + (i % p)])
    return doubleRow(row, label, 0.2).loss
  })
  assertClose(loss.data, want)
})

test('logits of +-1e4 give the exact finite loss', () => {
  const logits = tensor([1e4, -1e4, -1e4, 1e4], [2, 2], { requiresGrad: true })
  const loss = crossEntropy(logits, labels([0, 0]), { reduction: 'none' })
  assert.equal([...loss.data], [0, 20000])
  loss.backward(tensor([1, 1]))
  assert.equal([...logits.grad!.data], [0, 0, -1, 1])
})

test('-Infinity logits: free where not wanted, infinitely dear where wanted or smoothed', () => {
  const row = tensor([Number.NEGATIVE_INFINITY, 0, 0], [1, 3])
  assertClose(crossEntropy(row, labels([1])).data, [Math.LN2])
  assert.is(crossEntropy(row, labels([0])).item(), Number.POSITIVE_INFINITY)
  assert.is(crossEntropy(row, labels([1]), { labelSmoothing: 0.1 }).item(), Number.POSITIVE_INFINITY)
})

test('a single class costs nothing', () => {
  const logits = tensor([5, -5], [2, 1], { requiresGrad: true })
  const loss = crossEntropy(logits, labels([0, 0]), { labelSmoothing: 0.3 })
  assert.is(loss.item(), 0)
  loss.backward()
  assertClose(logits.grad!.data, [0, 0], 'gradient', { rtol: 0, atol: 1e-7 })
})

test('no rows: the sum is 0, the mean is NaN, the losses are none', () => {
  const logits = tensor([], [0, 3], { requiresGrad: true })
  assert.is(crossEntropy(logits, labels([]), { reduction: 'sum' }).item(), 0)
  const mean = crossEntropy(logits, labels([]))
  assert.ok(Number.isNaN(mean.item()))
  mean.backward()
  assert.equal(logits.grad!.shape, [0, 3])
  assert.equal(crossEntropy(logits, labels([]), { reduction: 'none' }).shape, [0])
})

test('a label outside the classes is refused with row, label and C', () => {
  const logits = tensor([1, 2, 3, 4], [2, 2])
  assert.throws(() => crossEntropy(logits, labels([0, 2])), /target of row 1 is 2, but the logits have 2 classes/)
  assert.throws(() => crossEntropy(logits, labels([-1, 0])), /target of row 0 is -1/)
})

test('shapes, dtypes and attributes that do not fit are refused', () => {
  const logits = tensor([1, 2, 3, 4], [2, 2])
  assert.throws(
    () => crossEntropy(logits, labels([0])),
    /wanted logits \[N, C, \.\.\.\] and a target \[N, \.\.\.\], got/,
  )
  assert.throws(() => crossEntropy(tensor([1]), labels([0])), /got \[1\] and \[1\]/)
  assert.throws(() => crossEntropy(logits, labels([0, 1]), { labelSmoothing: 1 }), /label smoothing 1 is outside/)
  assert.throws(() => crossEntropy(logits, labels([0, 1]), { labelSmoothing: Number.NaN }), /smoothing NaN/)
  const float = { dtype: 'float32', shape: [2] } as const
  assert.throws(() => SoftmaxCrossEntropyLoss.shape([logits, float], {}), /an int32 target, got float32 and float32/)
  assert.throws(() => SoftmaxCrossEntropyLoss.shape([logits], {}), /wanted two inputs/)
})

test('the shape rule fills an unknown batch from the target', () => {
  const inputs = [
    { dtype: 'float32', shape: [null, 10] },
    { dtype: 'int32', shape: [null] },
  ] as const
  assert.equal(SoftmaxCrossEntropyLoss.shape(inputs, {})[0].shape, [])
  assert.equal(SoftmaxCrossEntropyLoss.shape(inputs, { reduction: 'none' })[0].shape, [null])
})

test('mse by hand, with both gradients', () => {
  const a = tensor([1, 2, 3, 4], [2, 2], { requiresGrad: true })
  const b = tensor([0, 4, 3, 1], [2, 2], { requiresGrad: true })
  const loss = mse(a, b)
  assert.is(loss.item(), 3.5)
  loss.backward()
  assert.equal([...a.grad!.data], [0.5, -1, 0, 1.5])
  assert.equal([...b.grad!.data], [-0.5, 1, 0, -1.5])
})

test('mse of long vectors agrees with double arithmetic', () => {
  const random = new RandomStream(3, 'mse')
  const a = uniformArray(() => random.uniform(), 1003, 5)
  const b = uniformArray(() => random.uniform(), 1003, 5)
  const want = a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / 1003
  assertClose(mse(tensor(a), tensor(b)).data, [want])
})

test('mse refuses two shapes, and is NaN for nothing', () => {
  assert.throws(() => mse(tensor([1, 2]), tensor([1, 2], [2, 1])), /one shape, got \[2\] and \[2, 1\]/)
  assert.ok(Number.isNaN(mse(tensor([]), tensor([])).item()))
})

test.run()
