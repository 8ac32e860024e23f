import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { applyFloat } from '../../../engine/core/tape.ts'
import { type FloatTensor, full, tensor, zeros } from '../../../engine/core/tensor.ts'
import { AveragePool, avgPool2d } from '../../../engine/ops/averagePool.ts'
import { globalAvgPool2d } from '../../../engine/ops/globalAveragePool.ts'
import { globalMaxPool2d } from '../../../engine/ops/globalMaxPool.ts'
import { MaxPool, maxPool2d } from '../../../engine/ops/maxPool.ts'
import type { Op } from '../../../engine/ops/op.ts'
import { assertClose } from '../../support/close.ts'
import { messageOf } from '../../support/messageOf.ts'

const test = suite('pooling')

const values = (t: { data: ArrayLike<number> }): number[] => Array.from(t.data)

test('max: windows apart drop the odd column, the gradient goes to the maximum', () => {
  const x = tensor([1, 5, 9, 3, 2, 9, -4, -3, 9, -2, -1, 9], [1, 1, 4, 3], { requiresGrad: true })
  const y = maxPool2d(x, { kernel: 2 })
  assert.equal(y.shape, [1, 1, 2, 1])
  assert.equal(values(y), [5, -1])
  y.backward(tensor([10, 20], y.shape))
  assert.equal(values(x.grad!), [0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0])
})

test('max: padding is minus infinity, never a zero', () => {
  const y = maxPool2d(tensor([-1, -2, -3, -4], [1, 1, 2, 2]), { kernel: 2, stride: 2, padding: 1 })
  assert.equal(values(y), [-1, -2, -3, -4])
})

test('max: of equal taps the first gets the gradient, and +0 before -0 stays +0', () => {
  const x = tensor([7, 7, 7, 7], [1, 1, 2, 2], { requiresGrad: true })
  maxPool2d(x, { kernel: 2 }).backward()
  assert.equal(values(x.grad!), [1, 0, 0, 0])
  assert.ok(Object.is(maxPool2d(tensor([0, -0], [1, 1, 1, 2]), { kernel: [1, 2] }).data[0], 0))
  assert.ok(Object.is(maxPool2d(tensor([-0, 0], [1, 1, 1, 2]), { kernel: [1, 2] }).data[0], -0))
})

test('max: NaN wins wherever it stands; minus infinities are values like others', () => {
  for (const position of [0, 1, 2, 3]) {
    const x = tensor([1, 2, Infinity, 3], [1, 1, 2, 2], { requiresGrad: true })
    x.data[position] = Number.NaN
    const y = maxPool2d(x, { kernel: 2 })
    assert.ok(Number.isNaN(y.data[0]))
    y.backward()
    assert.equal(x.grad!.data[position], 1)
  }
  const low = full([1, 1, 2, 2], -Infinity, { requiresGrad: true })
  const y = maxPool2d(low, { kernel: 2 })
  assert.is(y.data[0], -Infinity)
  y.backward()
  assert.equal(values(low.grad!), [1, 0, 0, 0])
})

test('max: a dilated window between the pixels gives minus infinity and no gradient', () => {
  // Taps at -1 and 1 of a picture of one pixel: both in the padding.
  const x = tensor([5], [1, 1, 1, 1], { requiresGrad: true })
  const y = maxPool2d(x, { kernel: 2, padding: 1, dilation: 2, stride: 1 })
  assert.equal(values(y), [-Infinity])
  y.backward()
  assert.equal(values(x.grad!), [0])
})

test('max: gradients of overlapping windows add up', () => {
  const x = tensor([0, 0, 0, 0, 9, 0, 0, 0, 0], [1, 1, 3, 3], { requiresGrad: true })
  const y = maxPool2d(x, { kernel: 2, stride: 1 })
  assert.equal(values(y), [9, 9, 9, 9])
  y.backward(tensor([1, 2, 4, 8], y.shape))
  assert.equal(values(x.grad!), [0, 0, 0, 0, 15, 0, 0, 0, 0])
})

test('ceiling mode keeps a partial window, but none that starts in the padding', () => {
  const x = tensor([1, 2, 3, 4, 5], [1, 1, 1, 5])
  assert.equal(values(maxPool2d(x, { kernel: [1, 2], stride: [1, 2] })), [2, 4])
  assert.equal(values(maxPool2d(x, { kernel: [1, 2], stride: [1, 2], ceilMode: true })), [2, 4, 5])
  // Extent 2, pads 1 and 1, stride 3: ceil((4 - 2) / 3) + 1 = 2 windows at -1 and 2, the second beyond the input.
  const padded = maxPool2d(tensor([1, 2], [1, 1, 1, 2]), {
    kernel: [1, 2],
    stride: [1, 3],
    padding: [0, 1],
    ceilMode: true,
  })
  assert.equal(values(padded), [1])
})

test('average: the three counts of a window at the border', () => {
  const x = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 3, 3])
  // Top-left window of a padded 2x2: one pixel of four taps.
  assert.equal(values(avgPool2d(x, { kernel: 2, stride: 2, padding: 1 })), [1, 2.5, 5.5, 7])
  assert.equal(values(avgPool2d(x, { kernel: 2, stride: 2, padding: 1, countIncludePad: true })), [0.25, 1.25, 2.75, 7])
  // Ceiling mode without padding: the last column of windows holds one column; what is beyond never counts.
  for (const countIncludePad of [false, true]) {
    const y = avgPool2d(x, { kernel: 2, stride: 2, ceilMode: true, countIncludePad })
    assert.equal(values(y), [3, 4.5, 7.5, 9])
  }
})

test('average: uneven ONNX pads count on the sides where they are', () => {
  const x = tensor([2, 4], [1, 1, 1, 2])
  const attributes = { kernel_shape: [1, 2], strides: [1, 1], pads: [0, 0, 0, 1], count_include_pad: 1 as const }
  assert.equal(values(applyFloat(AveragePool, [x], attributes)), [3, 2])
  assert.equal(values(applyFloat(AveragePool, [x], { ...attributes, count_include_pad: 0 })), [3, 4])
})

test('average: one f32 accumulator in window order, then one division', () => {
  // 2^24 + 1 + 1 stays 2^24 when added one by one, and would be 2^24 + 2 in any other order or in double.
  const big = 16777216
  assert.is(avgPool2d(tensor([big, 1, 1, 0], [1, 1, 2, 2]), { kernel: 2 }).data[0], big / 4)
  assert.is(avgPool2d(tensor([1, 1, big, 0], [1, 1, 2, 2]), { kernel: 2 }).data[0], (big + 2) / 4)
})

test('global average: the 16-lane sum of each plane', () => {
  assert.equal(values(globalAvgPool2d(tensor([1, 2, 3, 6, -1, -2, -3, -6], [1, 2, 2, 2]))), [3, -3])
  // Lanes 0 and 1 hold 2^24 and 1 + 1: the second 1 (element 17) joins the first and survives the last addition.
  const x = zeros([1, 1, 1, 18])
  x.data.set([16777216, 1])
  x.data[17] = 1
  assert.is(globalAvgPool2d(x).data[0], Math.fround(16777218 / 18))
  const y = tensor([1, 2, 3], [1, 1, 1, 3], { requiresGrad: true })
  globalAvgPool2d(y).backward()
  assert.equal(values(y.grad!), Array(3).fill(Math.fround(1 / 3)))
})

test('global max', () => {
  const x = tensor([-4, -2, -3, -2, 8, Number.NaN, 9, 1], [2, 1, 2, 2], { requiresGrad: true })
  const y = globalMaxPool2d(x)
  assert.equal(y.shape, [2, 1, 1, 1])
  assert.equal(values(y), [-2, Number.NaN])
  y.backward(tensor([3, 5], y.shape))
  assert.equal(values(x.grad!), [0, 3, 0, 0, 0, 5, 0, 0])
})

test('random windows equal a reference that looks at every tap of the padded picture', () => {
  const random = new RandomStream(5, 'pooling')
  const between = (low: number, high: number): number => low + random.integer(high - low + 1)
  for (let round = 0; round < 200; round++) {
    const kernel = [between(1, 4), between(1, 4)]
    const strides = [between(1, 3), between(1, 3)]
    const pads = [0, 1, 0, 1].map((axis) => between(0, kernel[axis] - 1))
    const ceil_mode = between(0, 1) as 0 | 1
    const count_include_pad = between(0, 1) as 0 | 1
    const [height, width] = [between(4, 9), between(4, 9)]
    const shape = [between(1, 2), between(1, 3), height, width]
    const length = shape[0] * shape[1] * height * width
    const x = tensor(
      Array.from({ length }, () => random.integer(7) - 3),
      shape,
    )
    const attributes = { kernel_shape: kernel, strides, pads, ceil_mode }
    const max = applyFloat(MaxPool, [x], attributes)
    const average = applyFloat(AveragePool, [x], { ...attributes, count_include_pad })
    const place = JSON.stringify({ shape, ...attributes, count_include_pad })

    const outs = [height, width].map((extent, axis) => {
      const starts: number[] = []
      const padded = extent + pads[axis] + pads[axis + 2]
      for (let start = 0; ; start += strides[axis]) {
        const whole = start + kernel[axis] <= padded
        const begins = start < extent + pads[axis]
        if (!(whole || (ceil_mode && begins && start - strides[axis] + kernel[axis] < padded))) break
        starts.push(start - pads[axis])
      }
      return starts
    })
    const expectedMax: number[] = []
    const expectedAverage: number[] = []
    for (let plane = 0; plane < shape[0] * shape[1]; plane++) {
      for (const top of outs[0]) {
        for (const left of outs[1]) {
          const inside: number[] = []
          let padding = 0
          for (let y = top; y < top + kernel[0]; y++) {
            for (let z = left; z < left + kernel[1]; z++) {
              if (y >= height + pads[2] || z >= width + pads[3]) continue
              if (y < 0 || z < 0 || y >= height || z >= width) padding++
              else inside.push(x.data[(plane * height + y) * width + z])
            }
          }
          expectedMax.push(Math.max(...inside))
          const count = inside.length + (count_include_pad ? padding : 0)
          // Small integers: the sum is exact, so that the one division rounds alike here and there.
          expectedAverage.push(Math.fround(inside.reduce((a, b) => a + b, 0) / count))
        }
      }
    }
    assert.equal(max.shape, [shape[0], shape[1], outs[0].length, outs[1].length], place)
    assert.equal(average.shape, max.shape, place)
    assert.ok(
      expectedMax.every((value, i) => value === max.data[i]),
      place,
    )
    assert.ok(
      expectedAverage.every((value, i) => value === average.data[i]),
      place,
    )
  }
})

/** Every place of a grid, last axis fastest. */
function grid(extents: readonly number[]): number[][] {
  return extents.reduce<number[][]>(
    (places, extent) => places.flatMap((place) => Array.from({ length: extent }, (_, i) => [...place, i])),
    [[]],
  )
}

test('one to four spatial axes, with dilation, against a reference that looks at every tap', () => {
  const random = new RandomStream(6, 'pooling')
  const between = (low: number, high: number): number => low + random.integer(high - low + 1)
  for (let round = 0; round < 120; round++) {
    const rank = 1 + (round % 4)
    const kernel_shape = Array.from({ length: rank }, () => between(1, 3))
    const dilations = kernel_shape.map(() => between(1, 3))
    const strides = kernel_shape.map(() => between(1, 2))
    const reach = kernel_shape.map((taps, axis) => dilations[axis] * (taps - 1) + 1)
    const pads = [...reach, ...reach].map((taps) => between(0, Math.min(taps - 1, 2)))
    const extents = reach.map((taps) => between(taps, taps + 3))
    const count_include_pad = between(0, 1) as 0 | 1
    const size = extents.reduce((a, b) => a * b)
    const x = tensor(
      Array.from({ length: 2 * size }, () => random.integer(9) - 4),
      [1, 2, ...extents],
    )
    const attributes = { kernel_shape, dilations, strides, pads }
    const outs = extents.map((extent, axis) =>
      Math.floor((extent + pads[axis] + pads[axis + rank] - reach[axis]) / strides[axis] + 1),
    )
    const expectedMax: number[] = []
    const expectedAverage: number[] = []
    for (const [plane, ...place] of grid([2, ...outs])) {
      const inside = grid(kernel_shape)
        .map((tap) => tap.map((k, axis) => place[axis] * strides[axis] - pads[axis] + k * dilations[axis]))
        .filter((at) => at.every((index, axis) => index >= 0 && index < extents[axis]))
        .map((at) => x.data[at.reduce((offset, index, axis) => offset * extents[axis] + index, plane)])
      const count = count_include_pad ? kernel_shape.reduce((a, b) => a * b) : inside.length
      expectedMax.push(Math.max(...inside))
      expectedAverage.push(inside.reduce((a, b) => a + b, 0) / count)
    }
    const name = JSON.stringify({ extents, ...attributes, count_include_pad })
    const max = applyFloat(MaxPool, [x], attributes)
    const average = applyFloat(AveragePool, [x], { ...attributes, count_include_pad })
    assert.equal(max.shape, [1, 2, ...outs], name)
    assert.equal(values(max), expectedMax, name)
    assertClose(average.data, expectedAverage, name)
  }
})

test('over volumes: the gradient goes to the first of equal maxima, a NaN wins', () => {
  const x = tensor([1, 7, 7, 0, 7, 7, 0, 0], [1, 1, 2, 2, 2], { requiresGrad: true })
  const y = applyFloat(MaxPool, [x], { kernel_shape: [2, 2, 2] })
  assert.equal(values(y), [7])
  y.backward(tensor([3], y.shape))
  assert.equal(values(x.grad!), [0, 3, 0, 0, 0, 0, 0, 0])
  const z = tensor([1, 7, Number.NaN, 0, 9, Number.NaN, 0, 0], [1, 1, 2, 2, 2], { requiresGrad: true })
  const global = globalMaxPool2d(z)
  assert.equal(global.shape, [1, 1, 1, 1, 1])
  assert.equal(values(global), [Number.NaN])
  global.backward(tensor([3], global.shape))
  assert.equal(values(z.grad!), [0, 0, 3, 0, 0, 0, 0, 0])
})

test('over lines and volumes: global pools, empty batches', () => {
  assert.equal(values(globalAvgPool2d(tensor([1, 2, 6, 4, 4, 7], [1, 2, 3]))), [3, 5])
  assert.equal(globalAvgPool2d(zeros([2, 3, 4, 5, 6])).shape, [2, 3, 1, 1, 1])
  assert.equal(globalMaxPool2d(tensor([1, 2, 6, 4, 4, 7], [1, 2, 3])).shape, [1, 2, 1])
  for (const extents of [[4], [3, 4, 5]]) {
    for (const op of [MaxPool, AveragePool]) {
      const x = zeros([0, 3, ...extents], { requiresGrad: true })
      const y = applyFloat(op, [x], { kernel_shape: extents.map(() => 2) })
      assert.equal(y.shape, [0, 3, ...extents.map((extent) => extent - 1)])
      y.backward(zeros(y.shape))
      assert.equal(x.grad!.shape, x.shape)
    }
  }
})

test('average: a dilated window that misses the input altogether has no mean', () => {
  // Taps at -1 and 1 of a single element.
  const x = tensor([5], [1, 1, 1], { requiresGrad: true })
  const attributes = { kernel_shape: [2], dilations: [2], pads: [1, 1] }
  assert.equal(values(applyFloat(AveragePool, [x], { ...attributes, count_include_pad: 1 })), [0])
  const y = applyFloat(AveragePool, [x], attributes)
  assert.equal(values(y), [Number.NaN])
  y.backward(tensor([1], y.shape))
  assert.equal(values(x.grad!), [0])
})

test('an empty batch gives an empty result and an empty gradient', () => {
  for (const pool of [
    (x: FloatTensor) => maxPool2d(x, { kernel: 2 }),
    (x: FloatTensor) => avgPool2d(x, { kernel: 2 }),
    globalAvgPool2d,
    globalMaxPool2d,
  ]) {
    const x = zeros([0, 3, 4, 4], { requiresGrad: true })
    const y = pool(x)
    assert.is(y.size, 0)
    assert.equal(y.shape.slice(0, 2), [0, 3])
    y.backward(zeros(y.shape))
    assert.equal(x.grad!.shape, [0, 3, 4, 4])
  }
})

test('shapes with unknown extents', () => {
  const shape = [null, 8, null, 9]
  const infer = (op: Op<never>, attributes: object): unknown =>
    op.shape([{ dtype: 'float32', shape }], attributes as never)[0].shape
  assert.equal(infer(MaxPool as Op<never>, { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }), [
    null,
    8,
    null,
    5,
  ])
  assert.equal(infer(AveragePool as Op<never>, { kernel_shape: [2, 2], strides: [2, 2] }), [null, 8, null, 4])
})

test('what does not fit is refused with the reason', () => {
  const x = zeros([1, 1, 4, 4])
  assert.is(
    messageOf(ShapeError, () => maxPool2d(zeros([4, 4]), { kernel: 2 })),
    'MaxPool: wanted a tensor of rank 3 or more, [N, C, ...], got [4, 4]; reshape it first',
  )
  assert.is(
    messageOf(ShapeError, () => globalAvgPool2d(zeros([1, 2, 0, 4]))),
    'GlobalAveragePool: [1, 2, 0, 4] has no pixels; spatial extents must be at least 1',
  )
  assert.is(
    messageOf(ShapeError, () => maxPool2d(x, { kernel: 5 })),
    'MaxPool: a window of 5x5 (dilation 1x1) is larger than the padded input [4, 4] with pads [0, 0, 0, 0]',
  )
  assert.match(
    messageOf(ShapeError, () => avgPool2d(x, { kernel: 2, padding: 2 })),
    /AveragePool: pads \[2, 2, 2, 2\] are not all less than the window of 2x2/,
  )
  assert.is(
    messageOf(ShapeError, () => maxPool2d(x, { kernel: 2, stride: 0 })),
    'MaxPool: strides is [0, 0]; wanted 2 integers from 1 on',
  )
  assert.is(
    messageOf(ShapeError, () => applyFloat(MaxPool, [x], { kernel_shape: [2] })),
    'MaxPool: kernel_shape is [2]; wanted 2 integers from 1 on',
  )
  assert.is(
    messageOf(ShapeError, () => applyFloat(AveragePool, [zeros([1, 1, 3])], { kernel_shape: [2, 2] })),
    'AveragePool: kernel_shape is [2, 2]; wanted 1 integer from 1 on',
  )
  assert.is(
    messageOf(ShapeError, () =>
      MaxPool.shape([tensor([1], [1, 1, 1, 1], { dtype: 'int8' })], { kernel_shape: [1, 1] }),
    ),
    'MaxPool: wanted a float32 tensor, got int8',
  )
})

test.run()
