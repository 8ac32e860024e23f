import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { backward, noGrad } from '../../../engine/core/tape.ts'
import { full, Tensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import { add } from '../../../engine/ops/add.ts'
import { exp } from '../../../engine/ops/exp.ts'
import { mul } from '../../../engine/ops/mul.ts'
import { relu } from '../../../engine/ops/relu.ts'

const test = suite('tensor and tape')

test('a gradient reaches the leaf, and a second backward adds to it', () => {
  const x = tensor([-1, 2, 3], [3], { requiresGrad: true })
  relu(x).backward(tensor([10, 20, 30]))
  assert.equal([...x.grad!.data], [0, 20, 30])
  relu(x).backward(tensor([1, 1, 1]))
  assert.equal([...x.grad!.data], [0, 21, 31])
})

test('the gradient handed to backward is not aliased by grad', () => {
  const x = tensor([1], [1], { requiresGrad: true })
  const seed = tensor([5])
  backward(x, seed)
  seed.data[0] = 7
  assert.is(x.grad!.data[0], 5)
})

test('a summed gradient that an operator returns for both inputs is not added to in place', () => {
  const p = tensor([0], [1], { requiresGrad: true })
  const q = tensor([5], [1], { requiresGrad: true })
  const k = exp(p)
  const h = add(p, q)
  add(mul(h, h), k).backward()
  // d((p + q)^2 + e^p): 2 (p + q) + e^p = 11 for p, 10 for q.
  assert.is(p.grad!.data[0], 11)
  assert.is(q.grad!.data[0], 10)
  assert.is.not(p.grad!.data, q.grad!.data)
})

test('noGrad records nothing and restores recording after an error', () => {
  const x = tensor([1], [1], { requiresGrad: true })
  assert.is(noGrad(() => relu(x)).requiresGrad, false)
  assert.throws(() =>
    noGrad(() => {
      throw new Error('inside')
    }),
  )
  assert.is(relu(x).requiresGrad, true)
})

test('backward from a tensor of several elements asks for the gradient', () => {
  const x = tensor([1, 2], [2], { requiresGrad: true })
  assert.throws(() => relu(x).backward(), /shape \[2\]; pass the gradient/)
  assert.throws(() => relu(x).backward(tensor([1])), /gradient is \[1\], wanted \[2\]/)
  assert.throws(() => tensor([1]).backward(), /nothing to differentiate/)
})

test('data and shape must agree, and only float32 takes a gradient', () => {
  assert.throws(() => tensor([1, 2, 3], [2]), /shape \[2\] holds 2 elements, the data 3/)
  assert.throws(() => new Tensor('int32', [1], new Int32Array(1), true), /only float32/)
  assert.throws(() => tensor([1, 2]).item(), /one element/)
  assert.is(full([], 4).item(), 4)
  assert.is(zeros([0, 3]).size, 0)
})

test('a long chain does not exhaust the stack', () => {
  const x = tensor([1], [1], { requiresGrad: true })
  let y = x
  for (let i = 0; i < 20000; i++) y = relu(y)
  y.backward()
  assert.is(x.grad!.data[0], 1)
})

test.run()
