import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { applyOp, backward } from '../../../engine/core/tape.ts'
import { type FloatTensor, full, tensor } from '../../../engine/core/tensor.ts'
import { Abs, abs } from '../../../engine/ops/abs.ts'
import { Clip, clip, relu6 } from '../../../engine/ops/clip.ts'
import { erf } from '../../../engine/ops/erf.ts'
import { exp } from '../../../engine/ops/exp.ts'
import { Gelu, gelu } from '../../../engine/ops/gelu.ts'
import { HardSigmoid, hardsigmoid } from '../../../engine/ops/hardSigmoid.ts'
import { hardswish } from '../../../engine/ops/hardSwish.ts'
import { leakyRelu } from '../../../engine/ops/leakyRelu.ts'
import { log } from '../../../engine/ops/log.ts'
import { neg } from '../../../engine/ops/neg.ts'
import { sigmoid } from '../../../engine/ops/sigmoid.ts'
import { softplus } from '../../../engine/ops/softplus.ts'
import { sqrt } from '../../../engine/ops/sqrt.ts'
import { silu } from '../../../engine/ops/swish.ts'
import { tanh } from '../../../engine/ops/tanh.ts'

const test = suite('element-wise operators')

/** f(x), and the gradient at x of sum(upstream * f(x)). */
function run(f: (x: FloatTensor) => FloatTensor, values: number[], upstream = 1): { y: number[]; gradient: number[] } {
  const x = tensor(values, undefined, { requiresGrad: true })
  const y = f(x)
  backward(y, full(y.shape, upstream))
  return { y: [...y.data], gradient: [...(x.grad as FloatTensor).data] }
}

test('abs: the gradient is the sign, 0 at 0', () => {
  assert.equal(run(abs, [-2, -0, 0, 3], 5), { y: [2, 0, 0, 3], gradient: [-5, -0, 0, 5] })
})

test('clip: NaN stays, the gradient passes at both ends', () => {
  const { y, gradient } = run((x) => clip(x, -1, 2), [-3, -1, 0.5, 2, 2.5, Number.NaN, -Infinity, Infinity])
  assert.equal(y, [-1, -1, 0.5, 2, 2, Number.NaN, -1, 2])
  assert.equal(gradient, [0, 1, 1, 1, 0, 0, 0, 0])
})

test('clip: bounds that cross give max throughout, without a gradient (ONNX)', () => {
  const { y, gradient } = run((x) => clip(x, 2, 1), [-3, 1, 1.5, 2, 7, Number.NaN])
  assert.equal(y, [1, 1, 1, 1, 1, Number.NaN])
  assert.equal(gradient, [0, 0, 0, 0, 0, 0])
})

test('sqrt, neg, erf: values and gradients', () => {
  assert.equal(run(sqrt, [0, 4, 2.25, -1], 3), {
    y: [0, 2, 1.5, Number.NaN],
    gradient: [Infinity, 0.75, 1, Number.NaN],
  })
  const negated = run(neg, [-2, 0, 3], 5)
  assert.equal(negated.gradient, [-5, -5, -5])
  assert.ok(Object.is(negated.y[1], -0))
  // erf 1/2 and 2 / sqrt(pi) e^(-1/4), to 16 digits.
  const { y, gradient } = run(erf, [0.5, 0, -0.5], 2)
  assert.equal(y, [0.5204998778130465, 0, -0.5204998778130465].map(Math.fround))
  assert.equal(
    gradient,
    [0.8787825789354448, 1.1283791670955126, 0.8787825789354448].map((v) => Math.fround(2 * v)),
  )
})

test('clip: the bounds are float32, so 0.1 lies within [0, 0.1]', () => {
  const tenth = Math.fround(0.1)
  assert.equal(
    run((x) => clip(x, 0, 0.1), [tenth]),
    { y: [tenth], gradient: [1] },
  )
})

test('clip: a missing bound is infinite', () => {
  const x = tensor([-3e38, 0, 3e38])
  const forward = (attributes: object) => [...applyOp(Clip, [x], attributes)[0].data]
  assert.equal(forward({}), [...x.data])
  assert.equal(forward({ min: -1 }), [-1, 0, Math.fround(3e38)])
  assert.equal(forward({ max: 1 }), [Math.fround(-3e38), 0, 1])
})

test('relu6', () => {
  assert.equal(run(relu6, [-1, 0, 3, 6, 7]), { y: [0, 0, 3, 6, 6], gradient: [0, 1, 1, 1, 0] })
})

test('leakyRelu: the slope is rounded to float32 before it multiplies', () => {
  assert.equal(
    run((x) => leakyRelu(x, { negativeSlope: 0.25 }), [-2, 0, 3], 2),
    {
      y: [-0.5, 0, 3],
      gradient: [0.5, 0.5, 2],
    },
  )
  // NumPy: float32(0.1) * float32(-9); the double product would round to another float32.
  assert.equal(run((x) => leakyRelu(x, { negativeSlope: 0.1 }), [-9]).y, [Math.fround(-0.90000004)])
  assert.equal(run(leakyRelu, [-1]).y, [Math.fround(-0.01)])
})

test('hardsigmoid: 0 at -3, 1 at 3, no gradient at either', () => {
  const { y, gradient } = run(hardsigmoid, [-4, -3, 0, 3, 4, Number.NaN], 6)
  assert.equal(y, [0, 0, 0.5, 1, 1, Number.NaN])
  assert.equal(gradient, [0, 0, 1, 0, 0, 0])
})

test("HardSigmoid: ONNX's defaults are alpha 0.2 and beta 0.5", () => {
  const x = tensor([-3, -2.5, 0, 1, 2.5])
  assert.equal([...applyOp(HardSigmoid, [x], {})[0].data], [0, 0, 0.5, Math.fround(0.7), 1])
})

test('hardswish: the pieces and their ends', () => {
  const { y, gradient } = run(hardswish, [-4, -3, 0, 3, 4, -1.5])
  assert.equal(y, [-0, -0, 0, 3, 4, -0.375])
  assert.equal(gradient, [0, 0, 0.5, 1, 1, 0])
})

test('hardswish: float32 after every step', () => {
  // NumPy, float32 throughout; with any step left in double, the value differs.
  const { y, gradient } = run(hardswish, [-2.5])
  assert.equal([y, gradient], [[Math.fround(-0.20833328)], [Math.fround(-0.3333333)]])
})

test('values at 0 and 1', () => {
  const cases: [(x: FloatTensor) => FloatTensor, number, number, number][] = [
    // f(0), f(1), f'(1) from their closed forms, to 16 digits.
    [exp, 1, Math.E, Math.E],
    [sigmoid, 0.5, 0.7310585786300049, 0.19661193324148185],
    [tanh, 0, 0.7615941559557649, 0.4199743416140261],
    [softplus, Math.LN2, 1.3132616875182228, 0.7310585786300049],
    [gelu, 0, 0.8413447460685429, 1.0833154705876864],
    [(x) => gelu(x, { approximate: 'tanh' }), 0, 0.8411919906082768, 1.0829640838457826],
    [silu, 0, 0.7310585786300049, 0.9276705118714867],
  ]
  for (const [f, atZero, atOne, slope] of cases) {
    const { y, gradient } = run(f, [0, 1])
    for (const [actual, expected] of [
      [y[0], atZero],
      [y[1], atOne],
      [gradient[1], slope],
    ]) {
      assert.ok(Math.abs(actual - expected) <= 1.2e-7 * Math.abs(expected), `${actual}, wanted ${expected}`)
    }
  }
  assert.equal(run(log, [1, 2]), { y: [0, Math.fround(Math.LN2)], gradient: [1, 0.5] })
})

test('gelu keeps its relative accuracy in the negative tail', () => {
  // x Phi(x) at -10 and -13, from Phi = 7.6198530242e-24 and 6.1171643995e-39.
  const { y } = run(gelu, [-10, -13])
  assert.ok(Math.abs(y[0] / -7.6198530242e-23 - 1) < 1e-7)
  assert.ok(Math.abs(y[1] / -7.9523137194e-38 - 1) < 1e-7)
})

test('empty tensors keep their shape', () => {
  for (const f of [abs, exp, log, relu6, leakyRelu, sigmoid, tanh, gelu, silu, hardswish, hardsigmoid, softplus]) {
    assert.equal(f(tensor([], [0, 3])).shape, [0, 3])
  }
})

test('wrong inputs and attributes are named', () => {
  const x = tensor([1])
  assert.throws(() => Abs.shape([x, x], {}), /Abs: wanted one input, got 2/)
  assert.throws(() => Abs.shape([tensor([1], [1], { dtype: 'int32' })], {}), /Abs: wanted a float32 tensor, got int32/)
  assert.throws(() => clip(x, Number.NaN, 2), /Clip: wanted numbers as bounds, got min NaN and max 2/)
  const attributes = { approximate: 'erf' } as unknown as { approximate: 'tanh' }
  assert.throws(() => Gelu.shape([x], attributes), /Gelu: approximate is 'erf', wanted 'none' or 'tanh'/)
})

test('a batch that is not known yet passes through', () => {
  assert.equal(Gelu.shape([{ dtype: 'float32', shape: [null, 4] }], {}), [{ dtype: 'float32', shape: [null, 4] }])
})

test.run()
