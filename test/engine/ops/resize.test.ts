import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { stridesOf } from '../../../engine/base/shape.ts'
import { applyOp, backward } from '../../../engine/core/tape.ts'
import { type FloatTensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import { Resize, type ResizeAttributes, resize } from '../../../engine/ops/resize.ts'
import { assertClose, uniformArray } from '../../support/close.ts'
import { messageOf } from '../../support/messageOf.ts'

const test = suite('resize')

const picture = (height: number, width: number, requiresGrad = false): FloatTensor =>
  tensor(
    Array.from({ length: height * width }, (_, i) => i + 1),
    [1, 1, height, width],
    { requiresGrad },
  )
const values = (t: { data: ArrayLike<number> } | null) => Array.from((t as FloatTensor).data)
const f32 = Math.fround

/** What the ONNX operator page and its node tests give for a picture 1, 2, 3, ... of some height and width. */
const documented: [string, [number, number], ResizeAttributes, [number, number], number[]][] = [
  [
    'nearest, twice as high, three times as wide',
    [2, 2],
    { scales: [1, 1, 2, 3] },
    [4, 6],
    [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4],
  ],
  ['nearest, smaller', [2, 4], { scales: [1, 1, f32(0.6), f32(0.6)] }, [1, 2], [1, 3]],
  [
    'nearest by sizes, ceiling',
    [4, 4],
    { sizes: [1, 1, 8, 8], nearest_mode: 'ceil' },
    [8, 8],
    [1, 2, 2, 3, 3, 4, 4, 4].flatMap((_, row) =>
      [1, 2, 2, 3, 3, 4, 4, 4].map((column) => [0, 4, 4, 8, 8, 12, 12, 12][row] + column),
    ),
  ],
  [
    'nearest by sizes, floor, corners aligned',
    [4, 4],
    { sizes: [1, 1, 8, 8], nearest_mode: 'floor', coordinate_transformation_mode: 'align_corners' },
    [8, 8],
    [0, 0, 0, 4, 4, 8, 8, 12].flatMap((row) => [1, 1, 1, 2, 2, 3, 3, 4].map((column) => row + column)),
  ],
  [
    'nearest by sizes, ties up, asymmetric',
    [4, 4],
    { sizes: [1, 1, 8, 8], nearest_mode: 'round_prefer_ceil', coordinate_transformation_mode: 'asymmetric' },
    [8, 8],
    [0, 4, 4, 8, 8, 12, 12, 12].flatMap((row) => [1, 2, 2, 3, 3, 4, 4, 4].map((column) => row + column)),
  ],
  [
    'linear',
    [2, 2],
    { mode: 'linear', scales: [1, 1, 2, 2] },
    [4, 4],
    [1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4],
  ],
  [
    'linear, corners aligned',
    [2, 2],
    { mode: 'linear', scales: [1, 1, 2, 2], coordinate_transformation_mode: 'align_corners' },
    [4, 4],
    [3, 5, 7, 9].flatMap((row) => [0, 1, 2, 3].map((column) => (row + column) / 3)),
  ],
  ['linear, smaller', [2, 4], { mode: 'linear', scales: [1, 1, f32(0.6), f32(0.6)] }, [1, 2], [2.6666665, 4.3333331]],
  [
    'linear, smaller, corners aligned',
    [2, 4],
    { mode: 'linear', scales: [1, 1, f32(0.6), f32(0.6)], coordinate_transformation_mode: 'align_corners' },
    [1, 2],
    [1, 3.142857],
  ],
  [
    'linear by sizes, as PyTorch',
    [4, 4],
    { mode: 'linear', sizes: [1, 1, 3, 1], coordinate_transformation_mode: 'pytorch_half_pixel' },
    [3, 1],
    [1.6666666, 7, 12.333333],
  ],
  [
    'linear, smaller, symmetric',
    [1, 4],
    { mode: 'linear', scales: [1, 1, 1, f32(0.6)], coordinate_transformation_mode: 'half_pixel_symmetric' },
    [1, 2],
    [1.6666667, 3.3333333],
  ],
  [
    'linear, larger, symmetric',
    [2, 2],
    { mode: 'linear', scales: [1, 1, f32(2.3), f32(2.94)], coordinate_transformation_mode: 'half_pixel_symmetric' },
    [4, 5],
    [0, 0.56521738, 1.43478262, 2].flatMap((row) => [1, 1.15986395, 1.5, 1.84013605, 2].map((column) => row + column)),
  ],
  [
    'not larger: one scale of 3.5 for both axes',
    [2, 2],
    { sizes: [7, 8], axes: [2, 3], keep_aspect_ratio_policy: 'not_larger' },
    [7, 7],
    [0, 0, 0, 0, 2, 2, 2].flatMap((row) => [1, 1, 1, 1, 2, 2, 2].map((column) => row + column)),
  ],
  [
    'not smaller, on axes in another order',
    [2, 4],
    { sizes: [3, 1], axes: [3, 2], keep_aspect_ratio_policy: 'not_smaller' },
    [2, 3],
    // The scale is 3/4, and 1.5 rows are rounded up to 2.
    [1, 2, 4, 5, 6, 8],
  ],
]

for (const [name, [height, width], attributes, out, wanted] of documented) {
  test(`the ONNX operator page: ${name}`, () => {
    const y = resize(picture(height, width), attributes)
    assert.equal(y.shape, [1, 1, ...out])
    assertClose(y.data, wanted, name)
    assert.equal(Resize.shape([{ dtype: 'float32', shape: [1, 1, height, width] }], attributes)[0].shape, y.shape)
  })
}

test('nearest: ties between two elements', () => {
  // Twice as wide, asymmetric: places 0, 1/2, 1 and 3/2.
  const row = (nearest_mode: ResizeAttributes['nearest_mode']) =>
    values(resize(tensor([1, 2]), { scales: [2], nearest_mode, coordinate_transformation_mode: 'asymmetric' }))
  assert.equal(row('round_prefer_floor'), [1, 1, 2, 2])
  assert.equal(row('round_prefer_ceil'), [1, 2, 2, 2])
  assert.equal(row('floor'), [1, 1, 2, 2])
  assert.equal(row('ceil'), [1, 2, 2, 2])
})

test('linear: any rank against the definition, corner by corner, in double', () => {
  const random = new RandomStream(5, 'resize')
  for (let round = 0; round < 40; round++) {
    const rank = 1 + random.integer(4)
    const shape = Array.from({ length: rank }, () => 1 + random.integer(5))
    const sizes = shape.map((extent) => (random.integer(3) === 0 ? extent : 1 + random.integer(7)))
    const data = uniformArray(
      () => random.uniform(),
      shape.reduce((a, b) => a * b),
    )
    const y = resize(tensor(data, shape), { mode: 'linear', sizes })
    const strides = stridesOf(shape)
    const wanted = Array.from(y.data, (_, at) => {
      let sum = 0
      for (let corner = 0; corner < 2 ** rank; corner++) {
        let weight = 1
        let offset = 0
        for (let axis = rank - 1, rest = at; axis >= 0; axis--) {
          const place = (((rest % sizes[axis]) + 0.5) * shape[axis]) / sizes[axis] - 0.5
          rest = Math.floor(rest / sizes[axis])
          const index = Math.floor(place) + ((corner >> axis) & 1)
          weight *= 1 - Math.abs(place - index)
          offset += Math.min(Math.max(index, 0), shape[axis] - 1) * strides[axis]
        }
        sum += weight * data[offset]
      }
      return sum
    })
    assertClose(y.data, wanted, `[${shape}] to [${sizes}]`)
  }
})

test('gradients: what an element gave comes back to it', () => {
  const x = picture(1, 2, true)
  backward(resize(x, { axes: [3], scales: [2] }), tensor([1, 2, 4, 8], [1, 1, 1, 4]))
  assert.equal(values(x.grad), [3, 12])
  const z = picture(1, 2, true)
  // Weights of the first element: 1, 3/4, 1/4, 0.
  backward(resize(z, { mode: 'linear', axes: [3], scales: [2] }), tensor([1, 2, 4, 8], [1, 1, 1, 4]))
  assert.equal(values(z.grad), [3.5, 11.5])
})

test('nothing to resize is a copy; an empty batch and an empty result', () => {
  const x = picture(2, 2, true)
  const y = resize(x, { mode: 'linear', sizes: [1, 1, 2, 2] })
  assert.equal(values(y), [1, 2, 3, 4])
  assert.ok(y.data !== x.data)
  backward(y, tensor([1, 2, 3, 4], [1, 1, 2, 2]))
  assert.equal(values(x.grad), [1, 2, 3, 4])
  assert.equal(resize(zeros([0, 1, 2, 2]), { scales: [1, 1, 2, 2] }).shape, [0, 1, 4, 4])
  assert.equal(resize(zeros([0, 1, 2, 2]), { mode: 'linear', sizes: [0, 1, 4, 4] }).shape, [0, 1, 4, 4])
  assert.equal(resize(zeros([2]), { scales: [0.25] }).shape, [0])
})

test('nearest moves any dtype, linear refuses integers', () => {
  const bytes = tensor([1, -2], [2], { dtype: 'int8' })
  const [y] = applyOp(Resize, [bytes], { scales: [2] })
  assert.is(y.dtype, 'int8')
  assert.equal(values(y), [1, 1, -2, -2])
  assert.is(
    messageOf(ShapeError, () => applyOp(Resize, [bytes], { mode: 'linear', scales: [2] })),
    'Resize: linear interpolation wants a float32 tensor, got int8',
  )
})

test('unknown extents', () => {
  const infer = (shape: (number | null)[], attributes: ResizeAttributes) =>
    Resize.shape([{ dtype: 'float32', shape }], attributes)[0].shape
  assert.equal(infer([null, 3, 4, 5], { scales: [1, 1, 2, 2] }), [null, 3, 8, 10])
  assert.equal(infer([null, 3, 4, 5], { axes: [2, 3], sizes: [7, 7] }), [null, 3, 7, 7])
  assert.equal(infer([null, 3, null, 5], { axes: [2, 3], sizes: [7, 7] }), [null, 3, 7, 7])
  assert.equal(infer([null, 3, null, 5], { axes: [-2, -1], scales: [2, 2] }), [null, 3, null, 10])
  const policy = { axes: [2, 3], sizes: [7, 7], keep_aspect_ratio_policy: 'not_larger' } as const
  assert.equal(infer([null, 3, null, 5], policy), [null, 3, null, null])
  assert.equal(infer([null, 3, 14, 7], policy), [null, 3, 7, 4])
})

test('refusals', () => {
  const x = zeros([1, 2])
  const refused = (attributes: object) => messageOf(ShapeError, () => applyOp(Resize, [x], attributes))
  assert.is(
    refused({}),
    'Resize: [1, 2] by scales absent, sizes absent; wanted one of them, with a scale above 0 or a size from 0 on for each of the axes [0, 1], none twice',
  )
  assert.match(refused({ scales: [1, 1], sizes: [1, 2] }), /wanted one of them/)
  assert.match(refused({ scales: [2] }), /for each of the axes \[0, 1\]/)
  assert.match(refused({ scales: [1, 0] }), /a scale above 0/)
  assert.match(refused({ sizes: [1, 1.5] }), /a size from 0 on/)
  assert.match(refused({ scales: [1, 2], axes: [1, -1] }), /none twice/)
  assert.match(refused({ scales: [1], axes: [2] }), /Resize: axis 2 is outside/)
  assert.is(refused({ mode: 'cubic', scales: [1, 1] }), 'Resize: mode is cubic; wanted nearest, linear')
  assert.match(
    refused({ coordinate_transformation_mode: 'tf_crop_and_resize', scales: [1, 1] }),
    /coordinate_transformation_mode is tf_crop_and_resize; wanted half_pixel, /,
  )
  assert.is(refused({ antialias: 1, scales: [1, 1] }), 'Resize: antialias is 1; wanted 0')
  assert.match(
    messageOf(ShapeError, () => resize(zeros([0, 2]), { sizes: [3, 2] })),
    /Resize: dimension 0 of \[0, 2\] is empty and cannot be enlarged/,
  )
})

test.run()
