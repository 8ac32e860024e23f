import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { context } from '../../../engine/core/context.ts'
import { backward } from '../../../engine/core/tape.ts'
import { type FloatTensor, full, tensor } from '../../../engine/core/tensor.ts'
import { Add, add } from '../../../engine/ops/add.ts'
import { sumToShape } from '../../../engine/ops/binary.ts'
import { div } from '../../../engine/ops/div.ts'
import { mul } from '../../../engine/ops/mul.ts'
import { pow } from '../../../engine/ops/pow.ts'
import { sub } from '../../../engine/ops/sub.ts'

const test = suite('binary operators')

const leaf = (values: number[], shape?: number[]) => tensor(values, shape, { requiresGrad: true })
const gradient = (x: FloatTensor) => [...(x.grad as FloatTensor).data]

test('values and gradients, a column against a row', () => {
  const cases: [typeof add, number[], number[], number[]][] = [
    [add, [11, 21, 12, 22], [2, 2], [2, 2]],
    [sub, [-9, -19, -8, -18], [2, 2], [-2, -2]],
    [mul, [10, 20, 20, 40], [30, 30], [3, 3]],
    // a: 1/10 + 1/20 each; b: -(1 + 2) / 100 and -(1 + 2) / 400.
    [div, [0.1, 0.05, 0.2, 0.1], [0.15, 0.15], [-0.03, -0.0075]],
  ]
  for (const [f, y, gradA, gradB] of cases) {
    const a = leaf([1, 2], [2, 1])
    const b = leaf([10, 20], [1, 2])
    const out = f(a, b)
    assert.equal(out.shape, [2, 2])
    backward(out, full([2, 2], 1))
    for (const [actual, expected] of [
      [[...out.data], y],
      [gradient(a), gradA],
      [gradient(b), gradB],
    ]) {
      for (const [i, value] of expected.entries()) assert.ok(Math.abs(actual[i] - value) <= 1e-7 * Math.abs(value))
    }
  }
})

test('float32 after every operation', () => {
  assert.equal([...add(tensor([16777216]), tensor([1])).data], [16777216])
  assert.equal([...sub(tensor([16777216]), tensor([-1])).data], [16777216])
  assert.equal([...mul(tensor([16777215]), tensor([16777215])).data], [281474943156224])
  assert.equal([...div(tensor([1]), tensor([3])).data], [11184811 / 33554432])
  assert.equal([...div(tensor([1, -1, 0]), tensor([0])).data], [Infinity, -Infinity, Number.NaN])
})

test('pow: values and gradients, a column against a row', () => {
  const a = leaf([2, 0, -3], [3, 1])
  const b = leaf([3, 0], [1, 2])
  const out = pow(a, b)
  assert.equal([...out.data], [8, 1, 0, 1, -27, 1])
  backward(out, tensor([1, 10, 100, 1000, 10000, 1e5], [3, 2]))
  // b a^(b - 1), nothing where b is 0.
  assert.equal(gradient(a), [12, 0, 270000])
  // a^b ln a: nothing at base 0, NaN for the negative base.
  assert.ok(gradient(b).every(Number.isNaN))
  const e = leaf([3, 0.5])
  backward(pow(tensor([2, 0]), e), tensor([10, 7]))
  assert.equal(gradient(e), [Math.fround(10 * Math.fround(8 * Math.LN2)), 0])
})

test('a tensor that meets itself gets both gradients', () => {
  const x = leaf([3, -2])
  backward(mul(x, x), full([2], 1))
  assert.equal(gradient(x), [6, -4])
})

test('an operand that needs no gradient gets none, on either side', () => {
  const x = leaf([4, -2])
  const constant = tensor([2])
  backward(div(x, constant), full([2], 1))
  assert.equal(gradient(x), [0.5, 0.5])
  x.grad = null
  backward(div(constant, x), full([2], 1))
  assert.equal(gradient(x), [-0.125, -0.5])
  assert.is(constant.grad, null)
})

test('gradients of a repeated operand: rows are summed ascending', () => {
  // Ascending, 1 is lost in 1e8 before -1e8 comes; any other order that keeps it gives 1.
  const summed = sumToShape(context, tensor([1e8, 1e8, 1, -1e8, -1e8, 1], [3, 2]), [2])
  assert.equal([...summed.data], [0, 1])
})

test('gradients of a repeated operand: a contiguous run is summed in 16 lanes', () => {
  const run = new Array<number>(17).fill(0)
  run[0] = 1e8
  run[1] = 1
  run[16] = -1e8
  // Lane 0 gets 1e8 and -1e8, lane 1 keeps its 1 until the fold.
  assert.equal([...sumToShape(context, tensor([...run, ...run], [2, 17]), [2, 1]).data], [1, 1])
})

test('gradients of a value per channel: each plane is summed, then the planes ascending', () => {
  const planes = [1e8, 0, 0, 0, 1, 0, 0, 0, -1e8, 0, 0, 1]
  assert.equal([...sumToShape(context, tensor(planes, [3, 2, 2]), [2, 1]).data], [0, 1])
})

test('a gradient of the right shape is returned as it is', () => {
  const g = tensor([1, 2], [2])
  assert.is(sumToShape(context, g, [2]), g)
  assert.equal(sumToShape(context, tensor([5], [1, 1]), []).shape, [])
})

test('an empty batch: empty result, zero gradient for what would have been repeated', () => {
  for (const f of [add, sub, mul, div, pow]) {
    const a = leaf([], [0, 3])
    const b = leaf([1, 2, 3])
    const out = f(a, b)
    assert.equal(out.shape, [0, 3])
    backward(out, tensor([], [0, 3]))
    assert.equal(gradient(a), [])
    assert.equal(gradient(b), [0, 0, 0])
  }
})

test('shapes of a graph whose batch is not known', () => {
  const spec = (shape: (number | null)[]) => ({ dtype: 'float32' as const, shape })
  assert.equal(Add.shape([spec([null, 3, 4]), spec([3, 1])], {})[0].shape, [null, 3, 4])
  assert.equal(Add.shape([spec([null, 3]), spec([null, 1])], {})[0].shape, [null, 3])
})

test('what does not fit is named', () => {
  assert.throws(() => add(tensor([1, 2]), tensor([1, 2, 3])), /Add: \[2\] and \[3\] do not broadcast/)
  assert.throws(() => Add.shape([tensor([1])], {}), /Add: wanted two inputs, got 1/)
  assert.throws(() => Add.shape([tensor([1]), null], {}), /Add: wanted two inputs, got 1/)
  const integers = tensor([1], [1], { dtype: 'int32' })
  assert.throws(() => Add.shape([tensor([1]), integers], {}), /Add: wanted float32 tensors, got int32/)
})

test.run()
