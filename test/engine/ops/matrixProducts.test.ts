import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError } from '../../../engine/base/errors.ts'
import { type Shape, type SymbolicShape, sizeOf } from '../../../engine/base/shape.ts'
import { type FloatTensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import { Gemm, type GemmAttributes, gemm, linear } from '../../../engine/ops/gemm.ts'
import { MatMul, matmul } from '../../../engine/ops/matMul.ts'
import type { TensorSpec } from '../../../engine/ops/op.ts'

const test = suite('Gemm and MatMul')

const spec = (shape: SymbolicShape): TensorSpec => ({ dtype: 'float32', shape })
const refuses = (body: () => unknown, pattern: RegExp): void =>
  assert.throws(body, (error: unknown) => error instanceof ShapeError && pattern.test(error.message))

/** 1, 2, 3, ... */
function counting(shape: Shape): FloatTensor {
  return tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => i + 1),
    shape,
    { requiresGrad: true },
  )
}

function ones(shape: Shape): FloatTensor {
  return tensor(new Array(sizeOf(shape)).fill(1), shape)
}

test('MatMul infers shapes as NumPy does', () => {
  const infer = (a: SymbolicShape, b: SymbolicShape): SymbolicShape => MatMul.shape([spec(a), spec(b)], {})[0].shape
  assert.equal(infer([2, 3], [3, 4]), [2, 4])
  assert.equal(infer([3], [3, 4]), [4])
  assert.equal(infer([2, 3], [3]), [2])
  assert.equal(infer([3], [3]), [])
  assert.equal(infer([5, 2, 3], [3]), [5, 2])
  assert.equal(infer([3], [5, 3, 4]), [5, 4])
  assert.equal(infer([7, 1, 2, 3], [5, 3, 4]), [7, 5, 2, 4])
  assert.equal(infer([null, 2, null], [3, 4]), [null, 2, 4])
  refuses(() => infer([2, 3], [4, 3]), /\[2, 3\] and \[4, 3\] do not multiply: 3 columns on the left, 4 rows/)
  refuses(() => infer([2, 1, 3], [4, 3, 1]) && infer([2, 2, 3], [4, 3, 1]), /do not broadcast/)
  refuses(() => infer([], [3]), /multiply by a scalar with Mul/)
  refuses(() => MatMul.shape([spec([2, 3])], {}), /wanted two inputs, got 1/)
  refuses(() => MatMul.shape([spec([2]), { dtype: 'int8', shape: [2] }], {}), /float32 and int8/)
})

test('matmul broadcasts batches: each product is the one of its pair', () => {
  const a = counting([2, 1, 2, 3])
  const b = counting([3, 3, 2])
  const out = matmul(a, b)
  assert.equal(out.shape, [2, 3, 2, 2])
  for (let i = 0; i < 2; i++) {
    for (let j = 0; j < 3; j++) {
      const left = tensor(a.data.slice(i * 6, i * 6 + 6), [2, 3])
      const right = tensor(b.data.slice(j * 6, j * 6 + 6), [3, 2])
      const at = (i * 3 + j) * 4
      assert.equal([...out.data.slice(at, at + 4)], [...matmul(left, right).data])
    }
  }
  assert.equal([...out.data.slice(0, 4)], [22, 28, 49, 64])
  // With ones sent back, each gradient is a sum of rows (columns) of the other operand, over the batches it met.
  out.backward(ones(out.shape))
  assert.equal([...(a.grad?.data ?? [])].slice(0, 3), [
    1 + 2 + 7 + 8 + 13 + 14,
    3 + 4 + 9 + 10 + 15 + 16,
    5 + 6 + 11 + 12 + 17 + 18,
  ])
  assert.equal([...(b.grad?.data ?? [])].slice(0, 2), [1 + 4 + 7 + 10, 22])
})

test('matmul of empty batches: empty results, zero gradients', () => {
  const a = zeros([0, 2, 3], { requiresGrad: true })
  const b = counting([1, 3, 2])
  const out = matmul(a, b)
  assert.equal(out.shape, [0, 2, 2])
  out.backward(zeros(out.shape))
  assert.equal(a.grad?.shape, [0, 2, 3])
  assert.equal([...(b.grad?.data ?? [])], [0, 0, 0, 0, 0, 0])

  const single = counting([1, 2, 3])
  const none = zeros([0, 3, 2], { requiresGrad: true })
  const empty = matmul(single, none)
  assert.equal(empty.shape, [0, 2, 2])
  empty.backward(zeros(empty.shape))
  assert.equal([...(single.grad?.data ?? [])], [0, 0, 0, 0, 0, 0])
})

test('Gemm infers shapes and checks C', () => {
  const infer = (inputs: SymbolicShape[], attributes: GemmAttributes = {}): SymbolicShape =>
    Gemm.shape(inputs.map(spec), attributes)[0].shape
  assert.equal(infer([[null, 4], [2, 4], [2]], { transB: 1 }), [null, 2])
  assert.equal(
    infer(
      [
        [4, 3],
        [4, 5],
        [3, 1],
      ],
      { transA: 1 },
    ),
    [3, 5],
  )
  assert.equal(infer([[3, 4], [4, 5], []]), [3, 5])
  assert.equal(
    infer([
      [null, 4],
      [4, 5],
      [3, 5],
    ]),
    [null, 5],
  )
  refuses(
    () =>
      infer([
        [3, 4],
        [4, 5],
        [4, 1],
      ]),
    /C \[4, 1\] does not broadcast to \[3, 5\]/,
  )
  refuses(
    () =>
      infer([
        [3, 4],
        [4, 5],
        [1, 1, 5],
      ]),
    /does not broadcast/,
  )
  refuses(() => infer([[3, 4], [4, 5], [5]], { beta: Number.NaN }), /beta NaN/)
  refuses(
    () =>
      infer([
        [3, 4],
        [5, 4],
      ]),
    /A \[3, 4\] \(transA 0\) and B \[5, 4\] \(transB 0\) do not multiply: K is 4 in one and 5/,
  )
  refuses(
    () =>
      infer([
        [2, 3, 4],
        [4, 5],
      ]),
    /wanted two matrices, got \[2, 3, 4\]/,
  )
  refuses(() => infer([[3, 4]]), /got 1/)
  refuses(() => Gemm.shape([spec([1, 1]), { dtype: 'uint8', shape: [1, 1] }], {}), /uint8/)
})

test('gemm: alpha, beta and transposes by hand', () => {
  const a = tensor([1, 3, 2, 4], [2, 2])
  const b = tensor([5, 7, 6, 8], [2, 2])
  const c = tensor([100, 200], [2, 1])
  // op(a) = [[1, 2], [3, 4]], op(b) = [[5, 6], [7, 8]]; their product is [[19, 22], [43, 50]].
  const out = gemm(a, b, c, { alpha: 2, beta: 0.5, transA: 1, transB: 1 })
  assert.equal([...out.data], [38 + 50, 44 + 50, 86 + 100, 100 + 100])
})

test('gemm sums the gradient of C over what it stretches along', () => {
  const gradient = counting([2, 3])
  const sums: [Shape, number[]][] = [
    [[3], [5, 7, 9]],
    [
      [1, 3],
      [5, 7, 9],
    ],
    [
      [2, 1],
      [6, 15],
    ],
    [[1], [21]],
    [[], [21]],
    [
      [2, 3],
      [1, 2, 3, 4, 5, 6],
    ],
  ]
  for (const [shape, expected] of sums) {
    for (const beta of [1, -2]) {
      const c = counting(shape)
      gemm(ones([2, 1]), ones([1, 3]), c, { beta }).backward(gradient)
      assert.equal(c.grad?.shape, shape)
      assert.equal(
        [...(c.grad?.data ?? [])],
        expected.map((value) => value * beta),
      )
    }
  }
})

test('linear maps the last axis of any rank, as PyTorch does', () => {
  const weight = counting([2, 3])
  const bias = tensor([10, 20])
  assert.equal([...linear(tensor([1, 1, 1]), weight, bias).data], [16, 35])
  const rows = [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1]
  const expected = [11, 24, 12, 25, 13, 26, 16, 35]
  for (const shape of [
    [4, 3],
    [2, 2, 3],
    [1, 4, 1, 3],
  ]) {
    const out = linear(tensor(rows, shape), weight, bias)
    assert.equal(out.shape, [...shape.slice(0, -1), 2])
    assert.equal([...out.data], expected)
  }
  assert.equal(linear(zeros([2, 0, 3]), weight, bias).shape, [2, 0, 2])
  assert.equal([...linear(tensor([1, 1, 1], [1, 3]), weight).data], [6, 15])
  refuses(() => linear(tensor([1], []), weight), /scalar/)
})

test('an empty batch through linear leaves zero gradients', () => {
  const weight = counting([2, 3])
  const bias = counting([2])
  const out = linear(zeros([0, 3]), weight, bias)
  assert.equal(out.shape, [0, 2])
  out.backward(zeros([0, 2]))
  assert.equal([...(weight.grad?.data ?? [])], [0, 0, 0, 0, 0, 0])
  assert.equal([...(bias.grad?.data ?? [])], [0, 0])
})

test.run()
