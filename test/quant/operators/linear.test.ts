import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DType } from '../../../engine/base/dtype.ts'
import { NumericError, ShapeError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { applyOp } from '../../../engine/core/tape.ts'
import { type Tensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import { DequantizeLinear } from '../../../quant/operators/dequantizeLinear.ts'
import { DynamicQuantizeLinear } from '../../../quant/operators/dynamicQuantizeLinear.ts'
import { QuantizeLinear, type QuantizeLinearAttributes } from '../../../quant/operators/quantizeLinear.ts'
import type { ScaleAttributes } from '../../../quant/operators/scaleLayout.ts'
import { messageOf } from '../../support/messageOf.ts'
import { code, codesOf, exact, over, times, toFloat32 } from './oracle.ts'

const test = suite('QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear')

const scalar = <D extends DType = 'float32'>(value: number, dtype?: D) => tensor([value], [], { dtype })
const quantised = (inputs: (Tensor | null)[], attributes: QuantizeLinearAttributes = {}): Tensor =>
  applyOp(QuantizeLinear, inputs, attributes)[0]
const dequantised = (inputs: (Tensor | null)[], attributes: ScaleAttributes = {}): number[] =>
  codesOf(applyOp(DequantizeLinear, inputs, attributes)[0], 'float32')

const axisInput = [-162, 10, -100, 232, -20, -50, -76, 0, 0, 252, 32, -44, 245, -485, -960, -270, -375, -470]
const axisCodes = [3, 89, 34, 200, 74, 59, 5, 24, 24, 87, 32, 13, 245, 99, 4, 142, 121, 102]

test('the examples of the ONNX text: one scale, one for each channel', () => {
  const x = tensor([0, 2, 3, 1000, -254, -1000])
  assert.equal(codesOf(quantised([x, scalar(2), scalar(128, 'uint8')]), 'uint8'), [128, 129, 130, 255, 1, 0])
  const scales = tensor([2, 4, 5])
  const zeroPoints = tensor([84, 24, 196], [3], { dtype: 'uint8' })
  const inputs = [tensor(axisInput, [1, 3, 3, 2]), scales, zeroPoints]
  assert.equal(codesOf(quantised(inputs), 'uint8'), axisCodes)
  // The axis counted from the end.
  assert.equal(codesOf(quantised(inputs, { axis: -3 }), 'uint8'), axisCodes)
  const codes = tensor(axisCodes, [1, 3, 3, 2], { dtype: 'uint8' })
  assert.equal(dequantised([codes, scales, zeroPoints], { axis: -3 }), axisInput)
})

test('ties go to even before the zero point is added, on both sides of 0', () => {
  const x = tensor([0.25, 0.75, 1.25, -0.25, -0.75, -1.25])
  for (const zeroPoint of [0, 1, -3]) {
    const codes = codesOf(quantised([x, scalar(0.5), scalar(zeroPoint, 'int8')]), 'int8')
    assert.equal(
      codes,
      [0, 2, 2, 0, -2, -2].map((q) => q + zeroPoint),
    )
  }
})

test('every type saturates at its ends; infinities and NaN', () => {
  const limits = {
    int4: ['int8', -8, 7],
    uint4: ['uint8', 0, 15],
    int8: ['int8', -128, 127],
    uint8: ['uint8', 0, 255],
    int16: ['int16', -32768, 32767],
    uint16: ['uint16', 0, 65535],
  } as const
  const { POSITIVE_INFINITY: infinity, NaN: nan } = Number
  for (const [output_dtype, [dtype, lowest, highest]] of Object.entries(limits)) {
    const x = tensor([
      lowest - 1,
      lowest,
      lowest + 1,
      highest - 1,
      highest,
      highest + 1,
      infinity,
      -infinity,
      nan,
      3e38,
    ])
    const y = quantised([x, scalar(1)], { output_dtype })
    const wanted = [lowest, lowest, lowest + 1, highest - 1, highest, highest, highest, lowest, lowest, highest]
    assert.equal(codesOf(y, dtype), wanted)
  }
})

test('the type comes from the attribute, else from the zero point, else it is uint8', () => {
  const x = tensor([1, -1])
  assert.is(quantised([x, scalar(1)]).dtype, 'uint8')
  assert.is(quantised([x, scalar(1), null], { output_dtype: 'int16' }).dtype, 'int16')
  assert.is(quantised([x, scalar(1), scalar(0, 'int8')]).dtype, 'int8')
  assert.equal(codesOf(quantised([x, scalar(1), scalar(7, 'int8')], { output_dtype: 'int4' }), 'int8'), [7, 6])
  assert.match(
    messageOf(ShapeError, () => quantised([x, scalar(1), scalar(0, 'uint8')], { output_dtype: 'int4' })),
    /QuantizeLinear: the zero point is uint8, wanted int8/,
  )
  assert.match(
    messageOf(ShapeError, () => quantised([x, scalar(1)], { output_dtype: 'float8e4m3fn' })),
    /no codes of type float8e4m3fn; wanted int4, uint4, int8/,
  )
  assert.match(
    messageOf(NumericError, () => quantised([x, scalar(1), scalar(9, 'int8')], { output_dtype: 'int4' })),
    /hold 9, which is no code: wanted \[-8, 7\]/,
  )
})

test('blocks, the last one ragged, on the first, a middle and the last axis', () => {
  const x = tensor([10, 20, 30, 40, 50, 60, 70, 80, 90, 100], [2, 5])
  const scales = [1, 10, 5, 2, 20, 25]
  const zeroPoints = [0, 1, 2, 3, 4, 5]
  // Blocks of 2 along rows of 5: elements 0 and 1, 2 and 3, then 4 alone.
  const wanted = [10, 20, 4, 5, 12, 33, 38, 8, 8, 9]
  const last = { axis: -1, block_size: 2 }
  const codes = quantised([x, tensor(scales, [2, 3]), tensor(zeroPoints, [2, 3], { dtype: 'uint8' })], last)
  assert.equal(codesOf(codes, 'uint8'), wanted)

  const transposed = tensor([10, 60, 20, 70, 30, 80, 40, 90, 50, 100], [5, 2])
  const turn = [0, 3, 1, 4, 2, 5]
  const turnedScales = tensor(
    turn.map((i) => scales[i]),
    [3, 2],
  )
  const turnedZeros = tensor(
    turn.map((i) => zeroPoints[i]),
    [3, 2],
    { dtype: 'uint8' },
  )
  const first = quantised([transposed, turnedScales, turnedZeros], { axis: 0, block_size: 2 })
  const byColumn = [10, 33, 20, 38, 4, 8, 5, 8, 12, 9]
  assert.equal(codesOf(first, 'uint8'), byColumn)

  const cube = (t: Tensor, dtype: DType) => tensor(t.data, [1, ...t.shape], { dtype })
  const middleInputs = [cube(transposed, 'float32'), cube(turnedScales, 'float32'), cube(turnedZeros, 'uint8')]
  const middle = quantised(middleInputs, { block_size: 2 })
  assert.equal(codesOf(middle, 'uint8'), byColumn)
  const back = dequantised([middle, ...middleInputs.slice(1)], { axis: 1, block_size: 2 })
  // 90 / 20 was a tie and went down to 4.
  assert.equal(back, [10, 60, 20, 70, 30, 80, 40, 80, 50, 100])
  // A block as long as the axis or longer is one block.
  const one = { axis: 1, block_size: 9 }
  assert.equal(codesOf(quantised([x, tensor([10, 20], [2, 1])], one), 'uint8'), [1, 2, 3, 4, 5, 3, 4, 4, 4, 5])
})

test('random values agree with exact rational arithmetic, ties included', () => {
  const random = new RandomStream(5, 'quantise')
  const integer = (bound: number): number => Math.floor(random.uniform() * (2 * bound + 1)) - bound
  let ties = 0
  for (let round = 0; round < 60; round++) {
    // Ratios of small integers meet many ties; free scales and huge or tiny values show the rounding of the quotient.
    const dense = round % 2 === 0
    const scale = Math.fround(dense ? (1 + (round % 7)) / 8 : 2 ** integer(40) * (1 + random.uniform()))
    const zeroPoint = integer(128) & 0x7f
    const values = Float32Array.from({ length: 100 }, () =>
      dense ? (integer(300) * scale) / 2 : integer(1000) * scale * random.uniform(),
    )
    const codes = codesOf(quantised([tensor(values), scalar(scale), scalar(zeroPoint, 'int8')]), 'int8')
    const back = dequantised([tensor(codes, [100], { dtype: 'int8' }), scalar(scale), scalar(zeroPoint, 'int8')])
    for (const [i, value] of values.entries()) {
      const steps = toFloat32(over(exact(value), exact(scale)))
      if (Math.abs(steps % 1) === 0.5) ties++
      assert.is(codes[i], code(steps, zeroPoint, -128, 127), `${value} / ${scale} + ${zeroPoint}`)
      assert.is(back[i], toFloat32(times([BigInt(codes[i] - zeroPoint), 1n], exact(scale))))
    }
  }
  assert.ok(ties > 500, `${ties} ties`)
})

test('int32: a bias is rounded to float32 before and after the scale, without a zero point', () => {
  const x = tensor([7, -16777217, 16777219, 2147483647], [4], { dtype: 'int32' })
  assert.equal(dequantised([x, scalar(1)]), [7, -16777216, 16777220, 2147483648])
  const tenth = Math.fround(0.1)
  const wanted = [...x.data].map((q) => toFloat32(times(exact(toFloat32([BigInt(q), 1n])), exact(tenth))))
  assert.equal(dequantised([x, scalar(0.1), scalar(0, 'int32')]), wanted)
  assert.match(
    messageOf(NumericError, () => dequantised([x, scalar(1), scalar(1, 'int32')])),
    /int32 codes have no zero point/,
  )
  // QuantizeLinear takes int32 as well: 25 / 10 is a tie.
  assert.equal(codesOf(quantised([tensor([25, 35, -25], [3], { dtype: 'int32' }), scalar(10)]), 'uint8'), [2, 4, 0])
})

test('all 16-bit codes come back exactly, with the zero point at either end', () => {
  const codes = tensor([0, 1, 32768, 65534, 65535], [5], { dtype: 'uint16' })
  assert.equal(dequantised([codes, scalar(2), scalar(65535, 'uint16')]), [-131070, -131068, -65534, -2, 0])
  const signed = tensor([-32768, 0, 32767], [3], { dtype: 'int16' })
  assert.equal(dequantised([signed, scalar(1), scalar(-32768, 'int16')]), [0, 32768, 65535])
})

test('empty tensors', () => {
  assert.equal(quantised([zeros([0, 3]), scalar(1)]).shape, [0, 3])
  assert.equal(dequantised([zeros([2, 0], { dtype: 'int8' }), tensor([]), null], { axis: 1 }), [])
})

test('scales and zero points that do not fit are refused', () => {
  const x = zeros([2, 5])
  const fails = (inputs: (Tensor | null)[], attributes: QuantizeLinearAttributes, message: RegExp) =>
    assert.match(
      messageOf(ShapeError, () => quantised(inputs, attributes)),
      message,
    )
  fails([x], {}, /wanted x, the scale and optionally the zero point, got 1 inputs/)
  fails([zeros([2], { dtype: 'int8' }), scalar(1)], {}, /wanted x as float32 or int32, got int8/)
  fails([x, scalar(1, 'int32')], {}, /wanted a float32 scale, got int32/)
  fails([x, zeros([2])], {}, /x is \[2, 5\], the scale \[2\]; wanted one scale or, with axis 1, \[5\]/)
  fails([x, zeros([5])], { axis: 2 }, /axis 2 is outside \[-2, 2\)/)
  fails(
    [x, zeros([5]), scalar(0, 'int8')],
    {},
    /the scale is \[5\], the zero point \[\]; they must have the same shape/,
  )
  fails([x, zeros([2, 2])], { block_size: 2 }, /in blocks of 2, \[2, 3\]/)
  fails([x, zeros([2, 3])], { block_size: -1 }, /block_size is -1; wanted an integer from 0 on/)
  assert.match(
    messageOf(ShapeError, () => dequantised([x, scalar(1)])),
    /DequantizeLinear: wanted x as integer codes, got float32/,
  )
  assert.match(
    messageOf(ShapeError, () => dequantised([zeros([2], { dtype: 'int8' }), scalar(1), scalar(0, 'uint8')])),
    /the zero point is uint8, wanted int8/,
  )
})

test('unknown dimensions pass; what is known is still checked', () => {
  const shapeOf = (scale: (number | null)[], attributes: QuantizeLinearAttributes) =>
    QuantizeLinear.shape(
      [
        { dtype: 'float32', shape: [null, 5, 3] },
        { dtype: 'float32', shape: scale },
      ],
      attributes,
    )
  assert.equal(shapeOf([5], {}), [{ dtype: 'uint8', shape: [null, 5, 3] }])
  assert.equal(shapeOf([null, 3, 3], { block_size: 2 })[0].shape, [null, 5, 3])
  assert.equal(shapeOf([7], { axis: 0 })[0].shape, [null, 5, 3])
  assert.match(
    messageOf(ShapeError, () => shapeOf([7], {})),
    /wanted one scale or, with axis 1, \[5\]/,
  )
})

const dynamic = (values: number[], shape: number[] = [values.length]) => {
  const [codes, scale, zeroPoint] = applyOp(DynamicQuantizeLinear, [tensor(values, shape)], {})
  assert.equal([scale.shape, zeroPoint.shape, codes.shape], [[], [], shape])
  return { codes: codesOf(codes, 'uint8'), scale: scale.item(), zeroPoint: codesOf(zeroPoint, 'uint8')[0] }
}

test('DynamicQuantizeLinear: the examples of the ONNX text', () => {
  const mixed = dynamic([0, 2, -3, -2.5, 1.34, 0.5])
  assert.equal(mixed.codes, [153, 255, 0, 26, 221, 179])
  assert.is(mixed.zeroPoint, 153)
  assert.is(mixed.scale, toFloat32([5n, 255n]))
  const negative = dynamic([-1, -2.1, -1.3, -2.5, -3.34, -4])
  assert.equal([negative.codes, negative.zeroPoint], [[191, 121, 172, 96, 42, 0], 255])
  const positive = dynamic([1, 2.1, 1.3, 2.5, 3.34, 4, 1.5, 2.6, 3.9, 4, 3, 2.345], [3, 4])
  assert.equal([positive.codes, positive.zeroPoint], [[64, 134, 83, 159, 213, 255, 96, 166, 249, 255, 191, 149], 0])
})

test('DynamicQuantizeLinear: no range, and none that is finite', () => {
  assert.equal(dynamic([0, -0, 0]), { codes: [0, 0, 0], scale: 1, zeroPoint: 0 })
  assert.equal(dynamic([], [0, 2]), { codes: [], scale: 1, zeroPoint: 0 })
  assert.equal(dynamic([2 ** -149, 0]), { codes: [0, 0], scale: 1, zeroPoint: 0 })
  for (const values of [[1, Number.NaN], [Number.NEGATIVE_INFINITY], [3e38, -3e38]]) {
    assert.match(
      messageOf(NumericError, () => dynamic(values)),
      /is not finite in float32/,
    )
  }
})

test.run()
