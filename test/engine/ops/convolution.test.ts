import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError } from '../../../engine/base/errors.ts'
import type { SymbolicShape } from '../../../engine/base/shape.ts'
import { applyFloat } from '../../../engine/core/tape.ts'
import { tensor, zeros } from '../../../engine/core/tensor.ts'
import { Conv, conv2d } from '../../../engine/ops/conv.ts'
import type { ConvAttributes } from '../../../engine/ops/convolution.ts'
import { ConvTranspose, convTranspose2d } from '../../../engine/ops/convTranspose.ts'
import type { TensorSpec } from '../../../engine/ops/op.ts'

const test = suite('Conv and ConvTranspose')

const spec = (shape: SymbolicShape): TensorSpec => ({ dtype: 'float32', shape })

/** Fails unless `body` throws a `ShapeError` whose message says all of `parts`. */
function refuses(body: () => unknown, ...parts: string[]): void {
  assert.throws(body, (error: unknown) => {
    assert.instance(error, ShapeError)
    for (const part of parts) assert.ok((error as Error).message.includes(part), (error as Error).message)
    return true
  })
}

test('Conv infers extents, with and without a known batch and picture', () => {
  const infer = (x: SymbolicShape, w: SymbolicShape, attributes: ConvAttributes = {}): SymbolicShape =>
    Conv.shape([spec(x), spec(w)], attributes)[0].shape
  assert.equal(infer([2, 3, 224, 224], [64, 3, 7, 7], { strides: [2, 2], pads: [3, 3, 3, 3] }), [2, 64, 112, 112])
  assert.equal(infer([null, 1, 28, 28], [6, 1, 5, 5], { kernel_shape: [5, 5] }), [null, 6, 24, 24])
  assert.equal(infer([null, null, null, 9], [6, 2, 3, 3], { dilations: [1, 3], group: 2 }), [null, 6, null, 3])
  assert.equal(infer([1, 1, 5, 6], [1, 1, 1, 1], { pads: [0, 1, 2, 3] }), [1, 1, 7, 10])
  // Windows that lie in the padding altogether count: ten positions, four of them beyond the picture.
  assert.equal(infer([1, 1, 1, 4], [1, 1, 1, 1], { pads: [0, 3, 0, 3] }), [1, 1, 1, 10])
})

test('ConvTranspose infers extents', () => {
  const infer = (x: SymbolicShape, w: SymbolicShape, attributes: object = {}): SymbolicShape =>
    ConvTranspose.shape([spec(x), spec(w)], attributes)[0].shape
  const attributes = { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 0] }
  assert.equal(infer([null, 3, 5, 5], [3, 4, 3, 3], attributes), [null, 4, 10, 9])
  assert.equal(infer([1, 4, 3, null], [4, 2, 2, 2], { group: 2, dilations: [3, 1] }), [1, 4, 6, null])
})

test('conv2d takes one number or two for each option', () => {
  const x = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 3, 3])
  const weight = tensor([1, 10], [1, 1, 1, 2])
  assert.equal([...conv2d(x, weight).data], [21, 32, 54, 65, 87, 98])
  assert.equal([...conv2d(x, weight, tensor([0.5]), { stride: [2, 1] }).data], [21.5, 32.5, 87.5, 98.5])
  assert.equal([...conv2d(x, weight, null, { dilation: 2 }).data], [31, 64, 97])
  const padded = conv2d(x, weight, null, { padding: [0, 1], stride: [3, 1] })
  assert.equal([...padded.data], [10, 21, 32, 3])
})

test('convTranspose2d by hand', () => {
  const x = tensor([1, 2], [1, 1, 1, 2])
  const weight = tensor([1, 10, 100], [1, 1, 1, 3])
  assert.equal([...convTranspose2d(x, weight).data], [1, 12, 120, 200])
  assert.equal([...convTranspose2d(x, weight, tensor([0.5]), { stride: 2 }).data], [1.5, 10.5, 102.5, 20.5, 200.5])
  const trimmed = convTranspose2d(x, weight, null, { stride: [1, 2], padding: [0, 1], outputPadding: [0, 1] })
  assert.equal([...trimmed.data], [10, 102, 20, 200])
})

test('over lines: the same as over pictures of one row, shapes and values', () => {
  const line = tensor([1, 2, 3, 4, 5], [1, 1, 5])
  const attributes = { strides: [2], pads: [1, 2], dilations: [2] }
  const out = applyFloat(Conv, [line, tensor([1, 10], [1, 1, 2]), tensor([0.5])], attributes)
  assert.equal(out.shape, [1, 1, 3])
  // Taps at -1 and 1, 1 and 3, 3 and 5.
  assert.equal([...out.data], [20.5, 42.5, 4.5])
  const back = applyFloat(ConvTranspose, [tensor([1, 2], [1, 1, 2]), tensor([1, 10, 100], [1, 1, 3])], {
    kernel_shape: [3],
    strides: [2],
    pads: [1, 0],
    output_padding: [1],
  })
  assert.equal(back.shape, [1, 1, 5])
  assert.equal([...back.data], [10, 102, 20, 200, 0])
  const infer = Conv.shape([spec([null, 3, null]), spec([6, 3, 5])], { pads: [2, 2] })[0].shape
  assert.equal(infer, [null, 6, null])
  assert.equal(Conv.shape([spec([0, 1, 5]), spec([1, 1, 2])], {})[0].shape, [0, 1, 4])
})

test('an empty batch gives an empty result and zero gradients', () => {
  for (const layer of [conv2d, convTranspose2d]) {
    const x = zeros([0, 2, 5, 5], { requiresGrad: true })
    const weight = tensor(new Array(36).fill(1), [2, 2, 3, 3], { requiresGrad: true })
    const bias = tensor([1, 2], [2], { requiresGrad: true })
    const out = layer(x, weight, bias)
    assert.is(out.size, 0)
    out.backward(zeros(out.shape))
    assert.equal(x.grad?.shape, [0, 2, 5, 5])
    assert.equal([...(weight.grad?.data ?? [])], new Array(36).fill(0))
    assert.equal([...(bias.grad?.data ?? [])], [0, 0])
  }
})

test('only wanted gradients are computed', () => {
  const x = tensor([1, 2, 3, 4], [1, 1, 2, 2])
  const weight = tensor([2], [1, 1, 1, 1], { requiresGrad: true })
  conv2d(x, weight).backward(tensor([1, 1, 1, 1], [1, 1, 2, 2]))
  assert.is(x.grad, null)
  assert.equal([...(weight.grad?.data ?? [])], [10])
})

test('errors name the operation, what came and what was wanted', () => {
  const x = spec([1, 4, 5, 5])
  const w = spec([6, 4, 3, 3])
  refuses(() => Conv.shape([x], {}), 'Conv', 'X, W')
  refuses(() => Conv.shape([spec([1, 4, 5]), w], {}), 'rank 3', '[6, 4, 3, 3]')
  refuses(() => Conv.shape([spec([1, 4, 5, 5, 5]), w], {}), 'one or two dimensions', '[1, 4, 5, 5, 5]')
  refuses(
    () => Conv.shape([spec([1, 4, 5]), spec([6, 4, 3])], { strides: [1, 2] }),
    'strides is [1, 2]; wanted 1 integer ',
  )
  refuses(
    () => Conv.shape([spec([1, 4, 5]), spec([6, 4, 3])], { kernel_shape: [2] }),
    'kernel_shape is [2]',
    '[6, 4, 3]',
  )
  refuses(() => Conv.shape([x, spec([6, 4, 3])], {}), 'rank 4', '[6, 4, 3]')
  refuses(() => Conv.shape([x, spec([null, 4, 3, 3])], {}), 'known shape', '[?, 4, 3, 3]')
  refuses(() => Conv.shape([{ dtype: 'int8', shape: [1, 4, 5, 5] }, w], {}), 'float32', 'int8')
  refuses(() => Conv.shape([x, spec([6, 3, 3, 3])], {}), '[6, 3, 3, 3]', 'wanted 3 channels')
  refuses(() => Conv.shape([x, spec([6, 2, 3, 3])], { group: 4 }), 'does not split into 4 groups')
  refuses(() => Conv.shape([x, w], { group: 0 }), 'group is 0')
  refuses(() => Conv.shape([x, w], { kernel_shape: [3, 2] }), 'kernel_shape is [3, 2]', '[6, 4, 3, 3]')
  refuses(() => Conv.shape([x, w], { strides: [0, 1] }), 'strides')
  refuses(() => Conv.shape([x, w], { pads: [1, 1] }), 'pads')
  refuses(() => Conv.shape([x, w, spec([5])], {}), 'bias is [5]', 'wanted [6]')
  refuses(() => Conv.shape([x, w], { dilations: [3, 1] }), 'leaves no output', '[1, 4, 5, 5]')
  refuses(() => Conv.shape([spec([1, 4, 0, 5]), w], { pads: [2, 2, 2, 2] }), 'leaves no output')
  refuses(() => ConvTranspose.shape([x, spec([3, 2, 3, 3])], {}), 'ConvTranspose', 'wanted 3 channels')
  refuses(() => ConvTranspose.shape([x, w, spec([6])], {}), 'wanted 6 channels')
  refuses(
    () => ConvTranspose.shape([x, spec([4, 6, 3, 3])], { strides: [2, 1], output_padding: [1, 1] }),
    'output_padding is [1, 1]',
  )
  refuses(
    () => ConvTranspose.shape([spec([1, 4, 5]), spec([4, 6, 3])], { output_padding: [1] }),
    'output_padding is [1]; wanted 1 integer ',
  )
  refuses(() => ConvTranspose.shape([spec([1, 4, 1, 1]), spec([4, 1, 1, 1])], { pads: [1, 0, 0, 0] }), 'no output')
})

test.run()
