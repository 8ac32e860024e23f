import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { sizeOf } from '../../../engine/base/shape.ts'
import { applyOp } from '../../../engine/core/tape.ts'
import { type FloatTensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import { Concat, concat } from '../../../engine/ops/concat.ts'
import type { Op } from '../../../engine/ops/op.ts'
import { Pad, pad } from '../../../engine/ops/pad.ts'
import { Slice, slice } from '../../../engine/ops/slice.ts'
import { Transpose, transpose } from '../../../engine/ops/transpose.ts'
import { messageOf } from '../../support/messageOf.ts'

const test = suite('transpose, concat, slice, pad')

const values = (t: { data: ArrayLike<number> }): number[] => Array.from(t.data)
/** 0, 1, 2, ... in a shape: an element's value is its row-major index. */
const counting = (shape: readonly number[], requiresGrad = false): FloatTensor =>
  tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => i),
    shape,
    { requiresGrad },
  )
/** The inferred shape of the first output for an input shape that may hold unknowns. */
function infer<A extends object>(
  op: Op<A>,
  shape: readonly (number | null)[],
  attributes: A,
): readonly (number | null)[] {
  return op.shape([{ dtype: 'float32', shape }], attributes)[0].shape
}
test('transpose: by hand', () => {
  assert.equal(values(transpose(counting([2, 3]))), [0, 3, 1, 4, 2, 5])
  // NCHW to NHWC
  assert.equal(values(transpose(counting([1, 2, 2, 2]), [0, 2, 3, 1])), [0, 4, 1, 5, 2, 6, 3, 7])
  assert.equal(transpose(zeros([0, 3])).shape, [3, 0])
  assert.equal(infer(Transpose, [null, 3, 4], { perm: [2, 0, 1] }), [4, null, 3])
  const x = counting([2, 3], true)
  transpose(x).backward(tensor([1, 2, 3, 4, 5, 6], [3, 2]))
  assert.equal(values(x.grad!), [1, 3, 5, 2, 4, 6])
  for (const perm of [[0], [0, 0], [0, 2], [1.5, 0]]) {
    assert.match(
      messageOf(ShapeError, () => transpose(x, perm)),
      /is not an order of the 2 dimensions 0 to 1/,
    )
  }
})

test('transpose: random orders against an index by index reference', () => {
  const random = new RandomStream(9, 'transpose')
  for (let round = 0; round < 100; round++) {
    const rank = 1 + random.integer(5)
    const shape = Array.from({ length: rank }, () => 1 + random.integer(rank < 3 ? 40 : 6))
    const perm = Array.from(random.permutation(rank))
    const x = counting(shape)
    const y = transpose(x, perm)
    assert.equal(
      y.shape,
      perm.map((axis) => shape[axis]),
    )
    for (let i = 0; i < y.size; i++) {
      const index = new Array<number>(rank)
      for (let axis = rank - 1, rest = i; axis >= 0; axis--) {
        index[perm[axis]] = rest % y.shape[axis]
        rest = Math.floor(rest / y.shape[axis])
      }
      const source = index.reduce((offset, position, axis) => offset * shape[axis] + position, 0)
      if (y.data[i] !== source)
        assert.unreachable(`[${shape}] by [${perm}]: element ${i} is ${y.data[i]}, not ${source}`)
    }
  }
})

test('concat: values, gradients, an empty part', () => {
  const a = tensor([1, 2], [2, 1], { requiresGrad: true })
  const b = tensor([3, 4, 5, 6], [2, 2], { requiresGrad: true })
  const y = concat([a, zeros([2, 0]), b], -1)
  assert.equal(y.shape, [2, 3])
  assert.equal(values(y), [1, 3, 4, 2, 5, 6])
  y.backward(tensor([10, 20, 30, 40, 50, 60], [2, 3]))
  assert.equal(values(a.grad!), [10, 40])
  assert.equal(values(b.grad!), [20, 30, 50, 60])
  assert.equal(values(concat([counting([2, 2]), counting([1, 2])], 0)), [0, 1, 2, 3, 0, 1])
})

test('concat: int32 data, unknown extents, refusals', () => {
  const labels = tensor([1, -2], [2], { dtype: 'int32' })
  const [joined] = applyOp(Concat, [labels, labels], { axis: 0 })
  assert.is(joined.dtype, 'int32')
  assert.equal(values(joined), [1, -2, 1, -2])
  const spec = (shape: (number | null)[]) => ({ dtype: 'float32' as const, shape })
  assert.equal(Concat.shape([spec([null, 8, 4]), spec([null, 3, 4])], { axis: 1 })[0].shape, [null, 11, 4])
  assert.equal(Concat.shape([spec([null, 8]), spec([5, null])], { axis: 1 })[0].shape, [5, null])
  assert.is(
    messageOf(ShapeError, () => concat([zeros([2, 3]), zeros([3, 3])], 1)),
    'Concat: input 1 is [3, 3], input 0 [2, 3]; they may differ in dimension 1 only',
  )
  assert.is(
    messageOf(ShapeError, () => concat([zeros([2]), zeros([2])], 1)),
    'Concat: axis 1 is outside [-1, 1) of a rank-1 tensor',
  )
  assert.is(
    messageOf(ShapeError, () => concat([], 0)),
    'Concat: wanted at least one input',
  )
  assert.match(
    messageOf(ShapeError, () => applyOp(Concat, [labels, zeros([2])], { axis: 0 })),
    /input 1 is float32, input 0 int32; wanted one dtype/,
  )
})

test('slice: the examples of the ONNX operator page', () => {
  const x = tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 4])
  assert.equal(values(slice(x, { starts: [1, 0], ends: [2, 3], axes: [0, 1], steps: [1, 2] })), [5, 7])
  assert.equal(values(slice(x, { starts: [0, 1], ends: [-1, 1000] })), [2, 3, 4])
})

test('slice: every start, end and step of one dimension against walking through it', () => {
  const x = counting([5])
  for (let start = -7; start <= 7; start++) {
    for (let end = -7; end <= 7; end++) {
      for (const step of [-3, -2, -1, 1, 2, 3]) {
        const expected: number[] = []
        // Python's reading: resolve negatives once, then walk; indices outside are not there.
        const from = start < 0 ? start + 5 : start
        const to = end < 0 ? end + 5 : end
        const first = step > 0 ? Math.max(from, 0) : Math.min(from, 4)
        // ONNX clamps a start below the first index to it, also when walking backwards.
        const begin = step < 0 && first < 0 ? 0 : first
        for (let i = begin; step > 0 ? i < to : i > to; i += step)
          if (i >= 0 && i < 5) expected.push(i)
          else break
        const y = slice(x, { starts: [start], ends: [end], steps: [step] })
        assert.equal(values(y), expected, `${start}:${end}:${step}`)
      }
    }
  }
})

test('slice: reversal, ends as large as integers get, gradient, other dtypes', () => {
  const x = counting([2, 3], true)
  const y = slice(x, { starts: [-1], ends: [Number.MIN_SAFE_INTEGER], axes: [1], steps: [-1] })
  assert.equal(values(y), [2, 1, 0, 5, 4, 3])
  y.backward(tensor([1, 2, 3, 4, 5, 6], [2, 3]))
  assert.equal(values(x.grad!), [3, 2, 1, 6, 5, 4])
  const z = counting([4], true)
  slice(z, { starts: [1], ends: [2 ** 63], steps: [2] }).backward(tensor([7, 8]))
  assert.equal(values(z.grad!), [0, 7, 0, 8])
  const [bytes] = applyOp(Slice, [tensor([1, -2, 3], [3], { dtype: 'int8' })], { starts: [1], ends: [3] })
  assert.equal(values(bytes), [-2, 3])
  assert.equal(slice(zeros([0, 3]), { starts: [0], ends: [5] }).shape, [0, 3])
  assert.equal(infer(Slice, [null, 6], { starts: [1], ends: [4], axes: [1] }), [null, 3])
  assert.equal(infer(Slice, [null, 6], { starts: [1], ends: [4] }), [null, 6])
})

test('slice: what makes no sense is refused', () => {
  const x = counting([2, 3])
  assert.is(
    messageOf(ShapeError, () => slice(x, { starts: [0], ends: [1, 2] })),
    'Slice: 1 starts, 2 ends, 1 axes, 1 steps; wanted as many of each',
  )
  assert.is(
    messageOf(ShapeError, () => slice(x, { starts: [0], ends: [1], steps: [0] })),
    'Slice: the step on axis 0 is 0',
  )
  assert.is(
    messageOf(ShapeError, () => slice(x, { starts: [0, 0], ends: [1, 1], axes: [1, -1] })),
    'Slice: axes [1, -1] name dimension 1 twice',
  )
  assert.match(
    messageOf(ShapeError, () => slice(x, { starts: [0], ends: [1], axes: [2] })),
    /Slice: axis 2 is outside/,
  )
  assert.match(
    messageOf(ShapeError, () => slice(x, { starts: [0.5], ends: [1] })),
    /wanted integers/,
  )
})

test('pad: the examples of numpy.pad', () => {
  const x = tensor([1, 2, 3, 4, 5])
  assert.equal(values(pad(x, { pads: [2, 3], value: 9 })), [9, 9, 1, 2, 3, 4, 5, 9, 9, 9])
  assert.equal(values(pad(x, { pads: [2, 3], mode: 'edge' })), [1, 1, 1, 2, 3, 4, 5, 5, 5, 5])
  assert.equal(values(pad(x, { pads: [2, 3], mode: 'reflect' })), [3, 2, 1, 2, 3, 4, 5, 4, 3, 2])
  assert.equal(values(pad(x, { pads: [2, 3], mode: 'wrap' })), [4, 5, 1, 2, 3, 4, 5, 1, 2, 3])
  assert.equal(values(pad(tensor([1, 2]), { pads: [3, 2], mode: 'wrap' })), [2, 1, 2, 1, 2, 1, 2])
})

test('pad: two dimensions, all begins before all ends', () => {
  const x = tensor([1, 2, 3, 4], [2, 2])
  assert.equal(values(pad(x, { pads: [1, 0, 0, 1] })), [0, 0, 0, 1, 2, 0, 3, 4, 0])
  assert.equal(values(pad(x, { pads: [1, 1, 0, 0], mode: 'reflect' })), [4, 3, 4, 2, 1, 2, 4, 3, 4])
  assert.equal(values(pad(x, { pads: [-1, 1, 0, -1] })), [0, 3])
  assert.equal(values(pad(tensor([7], []), { pads: [] })), [7])
  assert.equal(values(pad(zeros([0]), { pads: [1, 1], value: 2 })), [2, 2])
  assert.equal(pad(zeros([0, 2]), { pads: [0, 1, 0, 1] }).shape, [0, 4])
})

test('pad: negative pads crop first, then what is left is extended', () => {
  const x = tensor([1, 2, 3, 4, 5])
  assert.equal(values(pad(x, { pads: [-1, 2], mode: 'edge' })), [2, 3, 4, 5, 5, 5])
  assert.equal(values(pad(x, { pads: [3, -1], mode: 'reflect' })), [4, 3, 2, 1, 2, 3, 4])
  assert.equal(values(pad(x, { pads: [2, -3], mode: 'wrap' })), [1, 2, 1, 2])
  assert.equal(values(pad(x, { pads: [-2, -3], mode: 'wrap' })), [])
  assert.equal(values(pad(x, { pads: [-7, 4], value: 8 })), [8, 8])
  const y = tensor([1, 2, 3], [3], { requiresGrad: true })
  pad(y, { pads: [-1, 3], mode: 'wrap' }).backward(tensor([1, 2, 4, 8, 16]))
  assert.equal(values(y.grad!), [0, 21, 10])
  const [bytes] = applyOp(Pad, [tensor([1, -2], [2], { dtype: 'int8' })], { pads: [1, 0], value: -5 })
  assert.is(bytes.dtype, 'int8')
  assert.equal(values(bytes), [-5, 1, -2])
})

test('pad: the gradient of an element sums over its copies', () => {
  const x = tensor([1, 2, 3], [3], { requiresGrad: true })
  pad(x, { pads: [2, 1], mode: 'edge' }).backward(tensor([1, 2, 4, 8, 16, 32]))
  assert.equal(values(x.grad!), [7, 8, 48])
  const y = tensor([1, 2, 3], [3], { requiresGrad: true })
  pad(y, { pads: [2, 1], mode: 'reflect' }).backward(tensor([1, 2, 4, 8, 16, 32]))
  assert.equal(values(y.grad!), [4, 42, 17])
})

test('pad: shapes and refusals', () => {
  assert.equal(infer(Pad, [null, 3, 4], { pads: [0, 1, 2, 0, 1, 2] }), [null, 5, 8])
  const x = zeros([2, 3])
  assert.is(
    messageOf(ShapeError, () => pad(x, { pads: [1, 1] })),
    'Pad: [2, 3] by [1, 1] (constant): wanted 4 integers: all begins, then all ends',
  )
  assert.is(
    messageOf(ShapeError, () => pad(x, { pads: [2, 0, 0, 0], mode: 'reflect' })),
    'Pad: [2, 3] by [2, 0, 0, 0] (reflect): dimension 0 has no more than 1 elements to reflect',
  )
  assert.match(
    messageOf(ShapeError, () => pad(x, { pads: [-1, 0, 1, 0], mode: 'reflect' })),
    /dimension 0 has no more than 0 elements to reflect/,
  )
  assert.match(
    messageOf(ShapeError, () => pad(x, { pads: [-1, 0, -2, 0] })),
    /dimension 0 would be cropped to less than nothing/,
  )
  assert.match(
    messageOf(ShapeError, () => pad(zeros([0]), { pads: [1, 0], mode: 'edge' })),
    /dimension 0 has no element to repeat/,
  )
  assert.match(
    messageOf(ShapeError, () => pad(x, { pads: [0, 0, 0, 0], mode: 'mirror' as 'edge' })),
    /the mode is none of 'constant', 'reflect', 'edge', 'wrap'/,
  )
})

test.run()
