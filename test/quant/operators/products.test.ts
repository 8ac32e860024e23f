import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DType } from '../../../engine/base/dtype.ts'
import { ShapeError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import type { Shape } from '../../../engine/base/shape.ts'
import { applyOp } from '../../../engine/core/tape.ts'
import { type Tensor, tensor, zeros } from '../../../engine/core/tensor.ts'
import { MatMulInteger } from '../../../quant/operators/matMulInteger.ts'
import { QLinearMatMul } from '../../../quant/operators/qLinearMatMul.ts'
import { messageOf } from '../../support/messageOf.ts'
import { codesOf, requantised } from './oracle.ts'

const test = suite('MatMulInteger, QLinearMatMul')

const codes = (values: number[], shape: Shape, dtype: DType = 'uint8'): Tensor => tensor(values, shape, { dtype })
const scalar = (value: number, dtype: DType = 'float32'): Tensor => tensor([value], [], { dtype })
const product = (...inputs: (Tensor | null)[]): Tensor => applyOp(MatMulInteger, inputs, {})[0]
const linear = (...inputs: (Tensor | null)[]): Tensor => applyOp(QLinearMatMul, inputs, {})[0]

test('the example of the ONNX text', () => {
  const a = codes([11, 7, 3, 10, 6, 2, 9, 5, 1, 8, 4, 0], [4, 3])
  const b = codes([1, 4, 2, 5, 3, 6], [3, 2])
  const y = product(a, b, codes([12], [1]), codes([0], [1]))
  assert.equal(y.shape, [4, 2])
  assert.equal(codesOf(y, 'int32'), [-38, -83, -44, -98, -50, -113, -56, -128])
})

test('mixed types, zero points by row and by column, absent ones', () => {
  const a = codes([1, 2, 3, 4], [2, 2])
  const b = codes([-1, 5, 2, -6], [2, 2], 'int8')
  assert.equal(codesOf(product(a, b), 'int32'), [3, -7, 5, -9])
  // a - rows: [[0, 1], [1, 2]]; b - columns: [[1, 2], [4, -9]].
  const rows = codes([1, 2], [2])
  const columns = codes([-2, 3], [2], 'int8')
  assert.equal(codesOf(product(a, b, rows, columns), 'int32'), [4, -9, 9, -16])
  assert.equal(codesOf(product(a, b, null, columns), 'int32'), [9, -16, 19, -30])
  assert.equal(codesOf(product(a, b, codes([1, 2], [2, 1]), codes([-2, 3], [1, 2], 'int8')), 'int32'), [4, -9, 9, -16])
})

test('the sum wraps as int32', () => {
  // 255 * 255 * 33026 = 2,147,515,650 = 2^31 + 32,002.
  const length = 33026
  const ones = codes(new Array<number>(length).fill(255), [length])
  assert.equal(codesOf(product(ones, ones), 'int32'), [-(2 ** 31) + 32002])
  // 255 * (0 - 255): the other end.
  const zeroPoint = scalar(255, 'uint8')
  assert.equal(codesOf(product(ones, codes(new Array<number>(length).fill(0), [length]), null, zeroPoint), 'int32'), [
    2 ** 31 - 32002,
  ])
})

test('shapes as of NumPy: vectors, batches that broadcast, empty extents', () => {
  const shapeOf = (a: Shape, b: Shape) => product(zeros(a, { dtype: 'int8' }), zeros(b, { dtype: 'uint8' })).shape
  assert.equal(shapeOf([4], [4]), [])
  assert.equal(shapeOf([4], [2, 4, 3]), [2, 3])
  assert.equal(shapeOf([2, 3, 4], [4]), [2, 3])
  assert.equal(shapeOf([2, 1, 3, 4], [5, 4, 6]), [2, 5, 3, 6])
  assert.equal(shapeOf([0, 4], [4, 2]), [0, 2])
  assert.equal(codesOf(product(zeros([2, 0], { dtype: 'int8' }), zeros([0, 1], { dtype: 'int8' })), 'int32'), [0, 0])
  assert.equal(MatMulInteger.shape([spec([null, 4], 'int8'), spec([4, 3], 'int8')], {}), [
    { dtype: 'int32', shape: [null, 3] },
  ])
})

const spec = (shape: (number | null)[], dtype: DType) => ({ dtype, shape })

test('batches: each product takes its own matrices and its own zero points', () => {
  const random = new RandomStream(3, 'batches')
  const draw = (size: number, least: number) =>
    Array.from({ length: size }, () => least + Math.floor(random.uniform() * 256))
  const a = codes(draw(2 * 2 * 3, 0), [2, 1, 2, 3])
  const b = codes(draw(3 * 3 * 2, -128), [3, 3, 2], 'int8')
  const aZero = codes(draw(4, 0), [2, 1, 2, 1])
  const bZero = codes(draw(6, -128), [3, 1, 2], 'int8')
  const y = product(a, b, aZero, bZero)
  assert.equal(y.shape, [2, 3, 2, 2])
  const got = codesOf(y, 'int32')
  for (let i = 0, at = 0; i < 2; i++) {
    for (let j = 0; j < 3; j++) {
      for (let r = 0; r < 2; r++) {
        for (let c = 0; c < 2; c++, at++) {
          let sum = 0n
          for (let p = 0; p < 3; p++) {
            const left = a.data[i * 6 + r * 3 + p] - aZero.data[i * 2 + r]
            const right = b.data[j * 6 + p * 2 + c] - bZero.data[j * 2 + c]
            sum += BigInt(left) * BigInt(right)
          }
          assert.is(got[at], Number(sum))
        }
      }
    }
  }
})

test('QLinearMatMul: the example of the ONNX text, as a matrix and as two', () => {
  const a = [208, 236, 0, 238, 3, 214, 255, 29]
  const b = [152, 51, 244, 60, 26, 255, 0, 127, 246, 127, 254, 247]
  const parameters = (scale: number, zero: number) => [tensor([scale], [1]), codes([zero], [1])]
  const [aQ, bQ, yQ] = [parameters(0.0066, 113), parameters(0.00705, 114), parameters(0.0107, 118)]
  const wanted = [168, 115, 255, 1, 66, 151]
  assert.equal(codesOf(linear(codes(a, [2, 4]), ...aQ, codes(b, [4, 3]), ...bQ, ...yQ), 'uint8'), wanted)
  const batched = linear(codes([...a, ...a], [2, 2, 4]), ...aQ, codes([...b, ...b], [2, 4, 3]), ...bQ, ...yQ)
  assert.equal(batched.shape, [2, 2, 3])
  assert.equal(codesOf(batched, 'uint8'), [...wanted, ...wanted])
})

test('QLinearMatMul: the zero point is added after ties went to even, as the text says', () => {
  const sums = codes([1, 3, 5, -1, -3], [5, 1], 'int8')
  const one = codes([1], [1, 1], 'int8')
  const at = (zero: number) =>
    codesOf(
      linear(sums, scalar(0.5), scalar(0, 'int8'), one, scalar(1), scalar(0, 'int8'), scalar(1), scalar(zero, 'int8')),
      'int8',
    )
  assert.equal(at(0), [0, 2, 2, 0, -2])
  // With the zero point inside the rounding, as in the reference implementation, these were 2, 2, 4, 0, 0.
  assert.equal(at(1), [1, 3, 3, 1, -1])
  assert.equal(at(126), [126, 127, 127, 126, 124])
})

test('QLinearMatMul agrees with rational arithmetic: scales and zero points by row and column, dense ties', () => {
  const random = new RandomStream(9, 'linear')
  const integer = (least: number, greatest: number) => least + Math.floor(random.uniform() * (greatest - least + 1))
  const [m, k, n] = [7, 5, 6]
  for (let round = 0; round < 40; round++) {
    const dense = round % 2 === 0
    const scale = () => (dense ? integer(1, 6) / 8 : 2 ** integer(-12, 3) * (1 + random.uniform()))
    const draw = (size: number, least: number) => Array.from({ length: size }, () => integer(least, least + 255))
    const a = codes(draw(m * k, 0), [m, k])
    const b = codes(draw(k * n, -128), [k, n], 'int8')
    const aScale = tensor(Array.from({ length: m }, scale))
    const bScale = tensor(Array.from({ length: n }, scale), [1, n])
    const yScale = scalar(dense ? integer(1, 9) * 128 : 40)
    const [aZero, bZero] = [codes(draw(m, 0), [m, 1]), codes(draw(n, -128), [n], 'int8')]
    const yZero = integer(-128, 127)
    const y = linear(a, aScale, aZero, b, bScale, bZero, yScale, scalar(yZero, 'int8'))
    for (const [i, q] of codesOf(y, 'int8').entries()) {
      const [r, c] = [Math.floor(i / n), i % n]
      let sum = 0n
      for (let p = 0; p < k; p++) {
        sum += BigInt(a.data[r * k + p] - aZero.data[r]) * BigInt(b.data[p * n + c] - bZero.data[c])
      }
      const scales = [aScale.data[r], bScale.data[c], yScale.data[0]] as const
      assert.is(q, requantised(sum, scales, yZero, -128, 127))
    }
  }
})

test('QLinearMatMul rounds the sum and each product of scales to float32: every sum is next to a tie', () => {
  const random = new RandomStream(6, 'near ties')
  const [k, n] = [300, 500]
  const a = codes(new Array<number>(k).fill(255), [1, k])
  const b = codes(
    Array.from({ length: k * n }, () => 230 + Math.floor(random.uniform() * 26)),
    [k, n],
  )
  const columns = Array.from({ length: n }, (_, c) => {
    let sum = 0
    for (let p = 0; p < k; p++) sum += 255 * b.data[p * n + c]
    return sum
  })
  assert.ok(columns.some((sum) => Math.fround(sum) !== sum))
  const aScale = Math.fround(0.0173)
  const yScale = Math.fround(0.37)
  const bScale = Float32Array.from(columns, (sum) => {
    const tie = Math.floor(random.uniform() * 250) + 0.5
    return (tie * yScale) / (sum * aScale)
  })
  const none = scalar(0, 'uint8')
  const y = linear(
    a,
    scalar(aScale),
    none,
    b,
    tensor(bScale),
    codes(new Array<number>(n).fill(0), [n]),
    scalar(yScale),
    none,
  )
  const wanted = columns.map((sum, c) => requantised(BigInt(sum), [aScale, bScale[c], yScale], 0, 0, 255))
  assert.equal(codesOf(y, 'uint8'), wanted)
})

test('operands that do not fit are refused', () => {
  const fails = (body: () => unknown, message: RegExp) => assert.match(messageOf(ShapeError, body), message)
  const a = zeros([2, 3], { dtype: 'uint8' })
  const b = zeros([3, 4], { dtype: 'int8' })
  fails(() => product(a), /MatMulInteger: wanted A, B and optionally their zero points, got 1 inputs/)
  fails(() => product(zeros([2, 3]), b), /wanted A as int8 or uint8, got float32/)
  fails(() => product(a, zeros([3, 4], { dtype: 'int16' })), /wanted B as int8 or uint8, got int16/)
  fails(() => product(a, zeros([2, 4], { dtype: 'int8' })), /\[2, 3\] and \[2, 4\] do not multiply/)
  fails(() => product(a, zeros([], { dtype: 'int8' })), /wanted vectors or matrices/)
  fails(() => product(a, b, scalar(0, 'int8')), /the zero point of a is int8, wanted uint8/)
  fails(
    () => product(a, b, zeros([3], { dtype: 'uint8' })),
    /a is \[2, 3\], its zero point \[3\]; wanted one value or \[2, 1\], one for each row/,
  )
  fails(() => product(a, b, null, zeros([3], { dtype: 'int8' })), /wanted one value or \[1, 4\], one for each column/)
  const q = (dtype: DType) => [scalar(1), scalar(0, dtype)]
  fails(() => linear(a, ...q('uint8'), b, ...q('int8')), /QLinearMatMul: wanted a, b and y, each with scale and zero/)
  fails(() => linear(a, ...q('int8'), b, ...q('int8'), ...q('int8')), /its zero point int8; wanted float32 and uint8/)
  fails(() => linear(a, ...q('uint8'), b, ...q('int8'), ...q('int32')), /wanted the zero point of y as int8 or uint8/)
  fails(
    () => linear(a, ...q('uint8'), b, ...q('int8'), zeros([4]), scalar(0, 'int8')),
    /the scale of y is float32 \[4\]/,
  )
})

test.run()
