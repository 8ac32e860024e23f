import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DType } from '../../../engine/base/dtype.ts'
import { ShapeError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { type Shape, sizeOf } from '../../../engine/base/shape.ts'
import { applyOp } from '../../../engine/core/tape.ts'
import { type Tensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import type { ConvAttributes } from '../../../engine/ops/convolution.ts'
import { ConvInteger } from '../../../quant/operators/convInteger.ts'
import { QLinearConv } from '../../../quant/operators/qLinearConv.ts'
import { messageOf } from '../../support/messageOf.ts'
import { codesOf, requantised } from './oracle.ts'

const test = suite('ConvInteger, QLinearConv')

const codes = (values: number[], shape: Shape, dtype: DType = 'uint8'): Tensor => tensor(values, shape, { dtype })
const scalar = (value: number, dtype: DType = 'float32'): Tensor => tensor([value], [], { dtype })
const sums = (inputs: (Tensor | null)[], attributes: ConvAttributes = {}): Tensor =>
  applyOp(ConvInteger, inputs, attributes)[0]
const linear = (inputs: (Tensor | null)[], attributes: ConvAttributes = {}): Tensor =>
  applyOp(QLinearConv, inputs, attributes)[0]

test('ConvInteger: the examples of the ONNX text; padding stands for the zero point', () => {
  const x = codes([2, 3, 4, 5, 6, 7, 8, 9, 10], [1, 1, 3, 3])
  const w = codes([1, 1, 1, 1], [1, 1, 2, 2])
  assert.equal(codesOf(sums([x, w, codes([1], [1])]), 'int32'), [12, 16, 24, 28])
  const padded = sums([x, w, codes([1], [1])], { pads: [1, 1, 1, 1] })
  assert.equal(padded.shape, [1, 1, 4, 4])
  assert.equal(codesOf(padded, 'int32'), [1, 3, 5, 3, 5, 12, 16, 9, 11, 24, 28, 15, 7, 15, 17, 9])
})

test('ConvInteger over lines; zero points of the weight count only inside the line', () => {
  const x = codes([1, 2], [1, 1, 2])
  const w = codes([3, 4], [1, 1, 2])
  const zero = scalar(1, 'uint8')
  assert.equal(codesOf(sums([x, w, zero, zero], { pads: [1, 1] }), 'int32'), [0, 3, 2])
  assert.equal(sums([x, w], { pads: [2, 1], strides: [2] }).shape, [1, 1, 2])
  const dilated = sums([codes([1, 2, 3, 4], [1, 1, 4]), w], { dilations: [2], kernel_shape: [2] })
  assert.equal(codesOf(dilated, 'int32'), [15, 22])
  assert.equal(sums([zeros([0, 1, 4], { dtype: 'int8' }), w]).shape, [0, 1, 3])
})

test('QLinearConv: the example of the ONNX text', () => {
  const x = [
    255, 174, 162, 25, 203, 168, 58, 15, 59, 237, 95, 129, 0, 64, 56, 242, 153, 221, 168, 12, 166, 232, 178, 186, 195,
    237, 162, 237, 188, 39, 124, 77, 80, 102, 43, 127, 230, 21, 83, 41, 40, 134, 255, 154, 92, 141, 42, 148, 247,
  ]
  const inputs = [
    codes(x, [1, 1, 7, 7]),
    scalar(0.00369204697),
    scalar(132, 'uint8'),
    codes([0], [1, 1, 1, 1]),
    tensor([0.00172794575]),
    codes([255], [1]),
    scalar(0.00162681262),
    scalar(123, 'uint8'),
  ]
  const wanted = [
    0, 81, 93, 230, 52, 87, 197, 240, 196, 18, 160, 126, 255, 191, 199, 13, 102, 34, 87, 243, 89, 23, 77, 69, 60, 18,
    93, 18, 67, 216, 131, 178, 175, 153, 212, 128, 25, 234, 172, 214, 215, 121, 0, 101, 163, 114, 213, 107, 8,
  ]
  assert.equal(codesOf(linear(inputs), 'uint8'), wanted)
})

test('QLinearConv: ties go to even before an odd zero point is added; the bias is part of the sum', () => {
  const x = codes([1, 3, 5, -1, -3], [1, 1, 5], 'int8')
  const none = scalar(0, 'int8')
  const at = (zero: number, bias: number | null) =>
    codesOf(
      linear([
        ...[x, scalar(0.5), none, codes([1], [1, 1, 1], 'int8'), scalar(1), none, scalar(1), scalar(zero, 'int8')],
        ...(bias === null ? [] : [tensor([bias], [1], { dtype: 'int32' })]),
      ]),
      'int8',
    )
  assert.equal(at(0, null), [0, 2, 2, 0, -2])
  assert.equal(at(1, null), [1, 3, 3, 1, -1])
  assert.equal(at(1, 2), [3, 3, 5, 1, 1])
  assert.equal(at(126, -20), [116, 118, 118, 116, 114])
})

/** One geometry of a convolution; all extents as [height, width]. */
interface Geometry {
  readonly x: readonly [number, number, number, number]
  readonly out: number
  readonly kernel: readonly [number, number]
  readonly strides: readonly [number, number]
  readonly pads: readonly [number, number, number, number]
  readonly dilations: readonly [number, number]
  readonly group: number
}

/** The sum of one output by its definition, on the padded picture. */
function sumAt(
  g: Geometry,
  x: Tensor,
  xZero: number,
  w: Tensor,
  wZero: number,
  [n, o, oy, ox]: readonly number[],
): bigint {
  const [, channels, height, width] = g.x
  const perGroup = channels / g.group
  const group = Math.floor(o / (g.out / g.group))
  let sum = 0n
  for (let c = 0; c < perGroup; c++) {
    for (let ky = 0; ky < g.kernel[0]; ky++) {
      for (let kx = 0; kx < g.kernel[1]; kx++) {
        const y = oy * g.strides[0] + ky * g.dilations[0] - g.pads[0]
        const z = ox * g.strides[1] + kx * g.dilations[1] - g.pads[1]
        const inside = y >= 0 && y < height && z >= 0 && z < width
        const value = inside ? x.data[((n * channels + group * perGroup + c) * height + y) * width + z] - xZero : 0
        const weight = w.data[((o * perGroup + c) * g.kernel[0] + ky) * g.kernel[1] + kx] - wZero
        sum += BigInt(value) * BigInt(weight)
      }
    }
  }
  return sum
}

const geometries: readonly Geometry[] = [
  { x: [2, 3, 5, 6], out: 4, kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 },
  { x: [1, 6, 7, 5], out: 6, kernel: [3, 2], strides: [2, 1], pads: [0, 1, 2, 0], dilations: [1, 1], group: 6 },
  { x: [1, 4, 6, 7], out: 6, kernel: [2, 3], strides: [1, 2], pads: [1, 2, 0, 1], dilations: [2, 2], group: 2 },
  { x: [2, 5, 1, 1], out: 3, kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 },
]

test('both agree with their definitions: strides, pads, dilations, groups, depthwise, per channel, dense ties', () => {
  const random = new RandomStream(4, 'convolutions')
  const integer = (least: number, greatest: number) => least + Math.floor(random.uniform() * (greatest - least + 1))
  for (const [round, g] of [...geometries, ...geometries].entries()) {
    const { strides, pads, dilations, group } = g
    const attributes = { strides, pads, dilations, group }
    const dense = round < geometries.length
    const draw = (shape: Shape, least: number, dtype: DType) =>
      codes(
        Array.from({ length: sizeOf(shape) }, () => integer(least, least + 255)),
        shape,
        dtype,
      )
    const x = draw(g.x, 0, 'uint8')
    const w = draw([g.out, g.x[1] / group, ...g.kernel], -128, 'int8')
    const xZero = integer(0, 255)
    const wZero = draw([g.out], -128, 'int8')
    const bias = tensor(
      Array.from({ length: g.out }, () => integer(-9999, 9999)),
      [g.out],
      { dtype: 'int32' },
    )
    const zeroPoints = [scalar(xZero, 'uint8'), wZero]
    const plain = sums([x, w, ...zeroPoints], attributes)
    const xScale = dense ? 0.75 : 0.0173
    const wScale = tensor(Array.from({ length: g.out }, () => (dense ? integer(1, 6) / 8 : random.uniform() + 0.01)))
    const yScale = dense ? 512 : 31.7
    const yZero = integer(-128, 127)
    const parameters = [wScale, wZero, scalar(yScale), scalar(yZero, 'int8'), bias]
    const y = codesOf(linear([x, scalar(xScale), zeroPoints[0], w, ...parameters], attributes), 'int8')
    const [, , height, width] = plain.shape
    for (const [i, got] of codesOf(plain, 'int32').entries()) {
      const plane = Math.floor(i / (height * width))
      const o = plane % g.out
      const at = [Math.floor(plane / g.out), o, Math.floor(i / width) % height, i % width]
      const sum = sumAt(g, x, xZero, w, wZero.data[o], at)
      assert.is(got, Number(sum))
      const total = sum + BigInt(bias.data[o])
      assert.is(y[i], requantised(total, [xScale, wScale.data[o], yScale], yZero, -128, 127))
    }
  }
})

test('QLinearConv rounds the sum and each product of scales to float32: every sum is next to a tie', () => {
  const random = new RandomStream(6, 'near ties')
  const channels = 3000
  const xScale = Math.fround(0.0173)
  const yScale = Math.fround(0.37)
  // A draw has 24 bits, too few for sums that float32 cannot hold.
  const sum = () => Math.floor((random.uniform() * 2 - 1) * 2 ** 31) + Math.floor(random.uniform() * 256)
  const bias = Int32Array.from({ length: channels }, sum)
  assert.ok(bias.some((value) => Math.fround(value) !== value))
  const wScale = Float32Array.from(bias, (value) => {
    const tie = Math.floor(random.uniform() * 120) + 0.5
    return (tie * yScale) / (Math.abs(value) * xScale)
  })
  const none = scalar(0, 'int8')
  const y = linear([
    ...[
      codes([0], [1, 1, 1], 'int8'),
      scalar(xScale),
      none,
      codes(new Array<number>(channels).fill(0), [channels, 1, 1], 'int8'),
    ],
    ...[tensor(wScale), none, scalar(yScale), none, tensor(bias, [channels], { dtype: 'int32' })],
  ])
  const wanted = [...bias].map((value, c) => requantised(BigInt(value), [xScale, wScale[c], yScale], 0, -128, 127))
  assert.equal(codesOf(y, 'int8'), wanted)
})

test('sums and bias wrap as int32', () => {
  // 255 * 255 * 33026 = 2^31 + 32,002.
  const length = 33026
  const x = codes(new Array<number>(length).fill(255), [1, length, 1])
  assert.equal(codesOf(sums([x, x]), 'int32'), [-(2 ** 31) + 32002])
  const none = scalar(0, 'uint8')
  const bias = tensor([2 ** 31 - 1], [1], { dtype: 'int32' })
  const one = codes([1], [1, 1, 1])
  const scale = scalar(2 ** -24)
  const y = linear([one, scale, none, one, scalar(1), none, scalar(1), scalar(0, 'int8'), bias])
  assert.equal(codesOf(y, 'int8'), [-128])
})

test('operands that do not fit are refused', () => {
  const fails = (body: () => unknown, message: RegExp) => assert.match(messageOf(ShapeError, body), message)
  const x = zeros([1, 4, 5, 5], { dtype: 'uint8' })
  const w = zeros([6, 2, 3, 3], { dtype: 'int8' })
  const group = { group: 2 }
  fails(() => sums([x]), /ConvInteger: wanted x, w and optionally their zero points, got 1 inputs/)
  fails(() => sums([zeros([1, 4, 5, 5]), w], group), /wanted x as int8 or uint8, got float32/)
  fails(() => sums([x, w]), /ConvInteger: x is \[1, 4, 5, 5\], the weight \[6, 2, 3, 3\] with 1 group/)
  fails(
    () => sums([x, zeros([6, 2, 3], { dtype: 'int8' })]),
    /ConvInteger: wanted a weight of rank 4 and known shape, got \[6, 2, 3\]/,
  )
  fails(() => sums([x, w], { group: 2, kernel_shape: [2, 2] }), /kernel_shape is \[2, 2\]/)
  fails(() => sums([x, zeros([6, 2, 7, 7], { dtype: 'int8' })], group), /leaves no output/)
  fails(() => sums([x, w, zeros([4], { dtype: 'uint8' })], group), /the zero point of x is \[4\]; wanted one value$/)
  fails(
    () => sums([x, w, null, zeros([4], { dtype: 'int8' })], group),
    /the zero point of w is \[4\]; wanted one value or \[6\], one for each output channel/,
  )
  const q = (dtype: DType) => [scalar(1), scalar(0, dtype)]
  fails(() => linear([x, ...q('uint8'), w, ...q('int8')], group), /wanted x, w and y, each with scale and zero point/)
  fails(
    () => linear([x, ...q('uint8'), w, scalar(1), zeros([6], { dtype: 'uint8' }), ...q('int8')], group),
    /the scale of w is float32, its zero point uint8; wanted float32 and int8/,
  )
  fails(
    () => linear([x, ...q('uint8'), w, ...q('int8'), ...q('int8'), zeros([6])], group),
    /the bias is float32 \[6\]; wanted int32/,
  )
  fails(
    () => linear([x, ...q('uint8'), w, ...q('int8'), ...q('int8'), zeros([4], { dtype: 'int32' })], group),
    /the bias is \[4\]; wanted \[6\]/,
  )
})

test.run()
