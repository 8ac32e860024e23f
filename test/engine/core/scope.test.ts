import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { context, scope, useKernels } from '../../../engine/core/context.ts'
import { type FloatTensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import { add } from '../../../engine/ops/add.ts'
import { exp } from '../../../engine/ops/exp.ts'
import { mul } from '../../../engine/ops/mul.ts'
import { relu } from '../../../engine/ops/relu.ts'
import { reshape } from '../../../engine/ops/reshape.ts'

const test = suite('scopes')

test.before.each(() => useKernels({ kernels: 'simd', bytes: 1 << 20 }))
test.after(() => useKernels({ kernels: 'simd' }))

const used = (): number => context.memory?.top ?? 0

test('what a scope returns is copied out, what it made besides is given back', () => {
  const before = used()
  const x = tensor([1, 2])
  const y = scope(() => {
    const sum = add(x, x)
    assert.is(sum.data.buffer, context.memory?.memory.buffer, 'inside, results lie in the kernels own memory')
    return sum
  })
  assert.equal([...y.data], [2, 4])
  assert.is(used(), before)
  const { a, b } = scope(() => ({ a: relu(x), b: add(x, x) }))
  assert.equal([...a.data, ...b.data], [1, 2, 2, 4])
  assert.equal([...scope(() => [relu(x)])[0].data], [1, 2])
  assert.is(
    scope(() => add(x, x).data[0]),
    2,
  )
})

test('a tensor used after its scope is an error that says so, its reshaped views as well', () => {
  let kept: FloatTensor | undefined
  let view: FloatTensor | undefined
  scope(() => {
    kept = add(tensor([1, 2]), tensor([1, 2]))
    view = reshape(kept, [2, 1])
  })
  assert.throws(() => kept?.data, /\[2\] was made in a scope that has ended/)
  assert.throws(() => relu(view as FloatTensor), /\[2, 1\] was made in a scope that has ended/)
  assert.equal([...relu(tensor([3])).data], [3], 'the next call works')
})

test('scopes nest: an inner one gives back its own only', () => {
  const result = scope(() => {
    const outer = add(tensor([1]), tensor([1]))
    const inner = scope(() => add(outer, outer))
    assert.equal([...outer.data], [2])
    const view = scope(() => {
      reshape(outer, [1, 1])
      return 0
    })
    assert.is(view, 0)
    return add(outer, inner)
  })
  assert.equal([...result.data], [6])
})

test('gradients flow inside a scope and may be copied out', () => {
  const x = tensor([2], [1], { requiresGrad: true })
  const gradient = scope(() => {
    mul(x, x).backward()
    const { grad } = x
    x.grad = null
    return grad as FloatTensor
  })
  assert.is(gradient.data[0], 4)
})

test('an error inside a scope gives everything back', () => {
  const before = used()
  assert.throws(() =>
    scope(() => {
      relu(zeros([1000]))
      throw new Error('inside')
    }),
  )
  assert.is(used(), before)
})

test('a full arena names its largest tenants and the remedy; the next scope works', () => {
  const large = zeros([100000])
  assert.throws(
    () =>
      scope(() => {
        const a = relu(large)
        const b = exp(a)
        return add(a, b)
      }),
    /arena: \w+ needs 400000 bytes for \[100000\].*largest tenants are (Relu|Exp) \[100000\] \(400000 bytes\).*smaller batches, or a larger arena/,
  )
  assert.equal([...scope(() => relu(tensor([-1, 1]))).data], [0, 1])
})

test('kernels are not changed inside a scope', () => {
  assert.throws(
    () =>
      scope(() => {
        useKernels({ kernels: 'plain' })
      }),
    /not inside a scope/,
  )
})

test('with the plain kernels a scope just runs its body', () => {
  useKernels({ kernels: 'plain' })
  let kept: FloatTensor | undefined
  scope(() => {
    kept = relu(tensor([-1, 1]))
  })
  assert.equal([...(kept as FloatTensor).data], [0, 1])
})

test.run()
