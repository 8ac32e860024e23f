import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ShapeError, UsageError } from '../../../engine/base/errors.ts'
import { RandomStream } from '../../../engine/base/random.ts'
import { roundHalfEven } from '../../../engine/base/rounding.ts'
import { tensor } from '../../../engine/core/tensor.ts'
import { FakeQuantise, type FakeQuantiseOptions, fakeQuantise } from '../../../quant/affine/fakeQuantise.ts'
import type { Quantiser } from '../../../quant/affine/quantiser.ts'
import { throwsWith } from './throwsWith.ts'

const test = suite('fakeQuantise')
const f32 = Math.fround

function perTensor(scale: number, zeroPoint: number, qmin: number, qmax: number): Quantiser {
  return { scale: Float32Array.of(scale), zeroPoint: Int32Array.of(zeroPoint), qmin, qmax, axis: null }
}
const half = perTensor(0.5, 0, -128, 127)

/** Values and gradient (of ones, or the given one) of one call. */
function run(
  values: number[],
  quantiser: Quantiser,
  options: FakeQuantiseOptions,
  gradient?: number[],
  shape?: number[],
) {
  const x = tensor(values, shape, { requiresGrad: true })
  const y = fakeQuantise(x, quantiser, options)
  y.backward(tensor(gradient ?? values.map(() => 1), x.shape))
  return { y: [...y.data], grad: [...(x.grad?.data ?? [])] }
}

test('lambda 1: the quantised value, ties by the rounding mode', () => {
  const x = [-1.25, -0.75, -0.25, 0, 0.25, 0.75, 1.25, 0.7]
  assert.equal(run(x, half, {}).y, [-1, -1, 0, 0, 0, 1, 1, 0.5])
  assert.equal(run(x, half, { rounding: 'half-away' }).y, [-1.5, -1, -0.5, 0, 0.5, 1, 1.5, 0.5])
  assert.equal(run(x, half, { rounding: 'half-up' }).y, [-1, -0.5, 0, 0, 0.5, 1, 1.5, 0.5])
  assert.equal(run(x, half, { rounding: 'floor' }).y, [-1.5, -1, -0.5, 0, 0, 0.5, 1, 0.5])
})

test('clamps to the codes, keeps zero', () => {
  const q = perTensor(0.25, 3, 0, 15)
  assert.equal(run([0, 100, -100, 3, 3.2, -0.75, -0.8], q, {}).y, [0, 3, -0.75, 3, 3, -0.75, -0.75])
})

test('partial lambda blends in f32 steps', () => {
  // 0.7 goes to 0.5; each step rounded.
  const v = f32(0.7)
  const lambda = f32(0.3)
  assert.equal(run([0.7], half, { lambda: 0.3 }).y, [f32(v + f32(lambda * f32(0.5 - v)))])
  assert.equal(run([0.75, 100], half, { lambda: 0.5 }).y, [0.875, 81.75])
})

test('lambda 0 is the tensor itself', () => {
  const x = tensor([0.7], [1], { requiresGrad: true })
  assert.is(fakeQuantise(x, half, { lambda: 0 }), x)
})

test('identity: the gradient passes unchanged, clipped values included', () => {
  const gradient = [1, -2, 3, 0.1]
  for (const lambda of [0.25, 1]) {
    assert.equal(run([0.7, 1e3, -1e3, 63.5], half, { lambda }, gradient).grad, gradient.map(f32))
  }
})

test('clipped: 1 inside, 1 - lambda outside; the ends belong to the inside', () => {
  // Codes of x / 0.5: 127 at 63.5 and up to 63.74, 128 from 63.75 (tie to even); -128 down to -64.25, -129 below.
  const x = [0.7, 63.5, 63.74, 63.75, 64, -64, -64.25, -64.26, -65]
  assert.equal(run(x, half, { ste: 'clipped' }).grad, [1, 1, 1, 0, 0, 1, 1, 0, 0])
  const outside = f32(1 - f32(0.3))
  const grad = run(
    x,
    half,
    { ste: 'clipped', lambda: 0.3 },
    x.map(() => 2),
  ).grad
  assert.equal(grad, [2, 2, 2, f32(2 * outside), f32(2 * outside), 2, 2, f32(2 * outside), f32(2 * outside)])
})

test('per channel on every axis, forward and mask', () => {
  const base = { qmin: -2, qmax: 1, zeroPoint: Int32Array.of(0, -1) }
  const scale = Float32Array.of(1, 4)
  // Channel 0: steps of 1 in [-2, 1]; channel 1: steps of 4, z = -1, [-4, 8].
  const x = [1.4, 5, -3, 6.1]
  const first = run(x, { ...base, scale, axis: 0 }, { ste: 'clipped' }, undefined, [2, 2])
  assert.equal(first, { y: [1, 1, -4, 8], grad: [1, 0, 1, 1] })
  const last = run(x, { ...base, scale, axis: 1 }, { ste: 'clipped' }, undefined, [2, 2])
  assert.equal(last, { y: [1, 4, -2, 8], grad: [1, 1, 0, 1] })
  const middle = run([...x, ...x], { ...base, scale, axis: 1 }, {}, undefined, [2, 2, 2])
  assert.equal(middle.y, [1, 1, -4, 8, 1, 1, -4, 8])
})

test('NaN and infinity', () => {
  const x = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  assert.equal(run(x, half, {}).y, [Number.NaN, 63.5, -64])
  assert.equal(run(x, half, { ste: 'clipped', lambda: 0.5 }).grad, [0.5, 0.5, 0.5])
})

test('reciprocal: as PyTorch, overflowing int64 included', () => {
  // f32(x / s) is 127.49999, f32(x * f32(1 / s)) 127.5.
  const q = perTensor(0.00214854861, 0, 0, 255)
  assert.equal(run([0.273939937], q, {}).y, [f32(127 * q.scale[0])])
  assert.equal(run([0.273939937], q, { division: 'reciprocal' }).y, [f32(128 * q.scale[0])])
  const extremes = run([1e30, -1e30, 1e15, Number.NaN], half, { division: 'reciprocal', ste: 'clipped' })
  assert.equal(extremes, { y: [-64, -64, 63.5, -64], grad: [0, 0, 0, 0] })
})

test('each step rounds to f32: cases found by exact rational arithmetic', () => {
  // x / s = 62.500000195 is 62.5 in f32, a tie to 62; unrounded it would go to 63.
  const q = perTensor(0.07633528113365173, 0, -128, 127)
  assert.equal(run([4.7709550857543945], q, {}).y, [4.732787609100342])
  // 1 - lambda is no f32; with it unrounded the product would be 0.49519082903862.
  const options = { ste: 'clipped', lambda: 0.25403091311454773 } as const
  assert.equal(run([1000], half, options, [0.6638221740722656]).grad, [0.4951907992362976])
})

test('random values against the formula in double, within one rounding', () => {
  const random = new RandomStream(11, 'fake quantise')
  for (const [bits, z] of [
    [2, 0],
    [4, -3],
    [8, 17],
    [16, 1000],
  ]) {
    const q = perTensor(0.013, z, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    const s = q.scale[0]
    const x = Array.from({ length: 500 }, () => (random.uniform() - 0.5) * s * 2.4 * 2 ** bits)
    const { y } = run(x, q, { lambda: 0.4 })
    for (let i = 0; i < x.length; i++) {
      const v = f32(x[i])
      // No random value is so near a tie that f32(v / s) and v / s round differently; if one were, this would tell.
      const code = Math.min(Math.max(roundHalfEven(v / s) + z, q.qmin), q.qmax)
      const exact = v + 0.4 * (s * (code - z) - v)
      assert.ok(Math.abs(y[i] - exact) <= 2e-7 * Math.abs(v) + 1e-9, `${v}: ${y[i]}, wanted ${exact}`)
    }
  }
})

test('empty tensors', () => {
  const channels = { ...half, scale: Float32Array.of(1, 1), zeroPoint: Int32Array.of(0, 0), axis: 1 }
  assert.equal(run([], channels, { ste: 'clipped' }, undefined, [0, 2]), { y: [], grad: [] })
})

test('shapes: unknown dimensions, channels that do not fit, lambda out of range', () => {
  const channels = { ...half, scale: Float32Array.of(1, 1), zeroPoint: Int32Array.of(0, 0), axis: 1 }
  const attributes = {
    quantiser: channels,
    lambda: 1,
    ste: 'identity',
    rounding: 'half-even',
    division: 'exact',
  } as const
  const spec = { dtype: 'float32', shape: [null, 2, null] } as const
  assert.equal(FakeQuantise.shape([spec], attributes)[0].shape, [null, 2, null])
  const unknown = { dtype: 'float32', shape: [null, null] } as const
  assert.equal(FakeQuantise.shape([unknown], attributes)[0].shape, [null, null])
  throwsWith(() => FakeQuantise.shape([{ ...spec, shape: [null, 3] }], attributes), ShapeError, /2 channels on axis 1/)
  throwsWith(() => FakeQuantise.shape([{ dtype: 'int32', shape: [1, 2] }], attributes), ShapeError, /float32/)
  for (const lambda of [-0.1, 1.1, Number.NaN]) {
    throwsWith(() => fakeQuantise(tensor([1]), half, { lambda }), UsageError, /lambda/)
  }
})

test.run()
