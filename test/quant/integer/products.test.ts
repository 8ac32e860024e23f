import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { backends } from '../../../quant/backends/index.ts'
import type { Backend } from '../../../quant/integer/backend.ts'
import { prepareMul } from '../../../quant/integer/execute/mul.ts'
import { mulArithmetic } from '../../../quant/integer/lower/mul.ts'
import { layerRequantiser } from '../../../quant/integer/lower/multiplier.ts'
import { rescaleArithmetic } from '../../../quant/integer/lower/rescale.ts'
import { rescaledCodes } from '../../../quant/integer/rescale.ts'
import type { MulRule, RescaleRule } from '../../../quant/integer/rules.ts'
import { storedValue } from '../../../quant/integer/storage.ts'
import { runStep } from './layers.ts'
import { double, exactly, nearestEven } from './oracle.ts'

const test = suite('products and rescaling')
const all = Array.from({ length: 256 }, (_, i) => i - 128)
const left = Int8Array.from(all.flatMap((a) => all.map(() => a)))
const right = Int8Array.from(all.flatMap(() => all))
const clamp = (q: number): number => Math.min(Math.max(q, -128), 127)

const [a, b, out] = [0.0235, 0.0471, 0.0113].map((scale) => ({ scale: Math.fround(scale) }))

/** Products of all pairs of int8 codes, or of uint8 codes 128 higher. */
function products(name: string, zeros: readonly number[], unsigned = false): number[] {
  const shift = unsigned ? 128 : 0
  const arithmetic = mulArithmetic((backends.get(name) as Backend).mul as MulRule, a, b, out)
  const values = [a, b, out].map(({ scale }, i) =>
    storedValue({
      name: `v${i}`,
      shape: [65536],
      scale,
      zeroPoint: zeros[i] + shift,
      qmin: shift - 128,
      qmax: shift + 127,
    }),
  )
  const [low, high] = [shift - 128, shift + 127]
  const step = { op: 'mul', name: 'm', inputs: ['v0', 'v1'], output: 'v2', arithmetic, low, high } as const
  const codes = new Int8Array(65536)
  runStep(
    prepareMul(step, { inputs: values.slice(0, 2), output: values[2], constants: new Map() }),
    [left, right],
    1,
    codes,
  )
  return Array.from(codes)
}

const zeros = [3, -7, 5]
const pairs = Array.from(left, (q, i) => (q - 3) * (right[i] + 7))

test('the published multipliers: TFLite forms the product of scales in f32, TFLM in f64', () => {
  const multiplier = (name: string) => mulArithmetic((backends.get(name) as Backend).mul as MulRule, a, b, out)
  assert.equal(multiplier('tflite-ref'), {
    kind: 'requantise',
    requantiser: { kind: 'q31-double', multiplier: [1682790912], shift: [-3] },
  })
  assert.equal(multiplier('tflm'), {
    kind: 'requantise',
    requantiser: { kind: 'q31-double', multiplier: [1682790883], shift: [-3] },
  })
})

test('a fully connected layer per tensor: f32 product, then divided in f64', () => {
  // Published: 1183636014 against 1183635989 of a convolution, for scales it does not name; here those of the product above.
  const { gemm } = (backends.get('tflm') as Backend).layers
  const f32 = Math.fround(a.scale * b.scale)
  assert.equal(
    layerRequantiser(gemm, a.scale, [b.scale], out.scale),
    layerRequantiser({ ...gemm, product: 'f64' }, f32, [1], out.scale),
  )
  const tflite = layerRequantiser(gemm, a.scale, [b.scale], out.scale)
  const conv = layerRequantiser((backends.get('tflm') as Backend).layers.conv, a.scale, [b.scale], out.scale)
  assert.ok(tflite.kind === 'q31-double' && conv.kind === 'q31-double' && tflite.multiplier[0] !== conv.multiplier[0])
})

test('TFLite and TFLM: all pairs against BigInt', () => {
  for (const [name, multiplier] of [
    ['tflite-ref', 1682790912],
    ['tflm', 1682790883],
  ] as const) {
    const wanted = pairs.map((product) => clamp(Number(double(product, multiplier, -3)) + 5))
    assert.equal(products(name, zeros), wanted, name)
  }
})

test('XNNPACK, ONNX Runtime and the ONNX text: all pairs in exact f32', () => {
  const ratio = Math.fround(Math.fround(a.scale * b.scale) / out.scale)
  const round = (v: number): number => Number(nearestEven(v))
  assert.equal(
    products('xnnpack-x86', zeros),
    pairs.map((product) => clamp(round(Math.fround(product * ratio)) + 5)),
  )
  assert.equal(
    products('ort-x86', zeros),
    pairs.map((product) => clamp(round(Math.fround(Math.fround(product * ratio) + 5)))),
  )
  // Unsigned: the zero point of the codes as they are outside counts, 133.
  assert.equal(
    products('ort-x86', zeros, true),
    pairs.map((product) => clamp(round(Math.fround(Math.fround(product * ratio) + 133)) - 128)),
  )
  const quotient = (i: number): number =>
    Math.fround(Math.fround(Math.fround((left[i] - 3) * a.scale) * Math.fround((right[i] + 7) * b.scale)) / out.scale)
  assert.equal(
    products('onnx-spec', zeros),
    pairs.map((_, i) => clamp(round(quotient(i)) + 5)),
  )
  assert.equal(
    products('ort-wasm', zeros),
    pairs.map((_, i) => clamp(round(Math.fround(quotient(i) + 5)))),
  )
})

test('XNNPACK’s requantisation: multiplier 412, and codes off the true rounding', () => {
  const [input, output] = [0.05, 0.0311].map((scale) => ({ scale: Math.fround(scale) }))
  const { rescale } = backends.get('xnnpack-x86') as Backend
  const arithmetic = rescaleArithmetic(rescale as RescaleRule, input, output)
  assert.equal(arithmetic, { kind: 'multiply-shift', multiplier: 412, shift: 8 })
  const codes = rescaledCodes(arithmetic, 0, { zeroPoint: 0, low: -128, high: 127 })
  assert.equal(
    [...codes],
    all.map((q) => clamp(Number((BigInt(q) * 412n + 128n) >> 8n))),
  )
  // The true ratio in exact rationals, ties up.
  const [x, y] = [exactly(input.scale), exactly(output.scale)]
  const numerator = x.numerator << BigInt(y.shift)
  const denominator = y.numerator << BigInt(x.shift)
  const floor = (p: bigint, q: bigint): bigint => (p >= 0n ? p / q : -((-p + q - 1n) / q))
  const nearest = all.map((q) => clamp(Number(floor(2n * BigInt(q) * numerator + denominator, 2n * denominator))))
  // Published as 8 of 256, for zero points it does not name; with these it is 9.
  assert.equal(
    all.filter((_, i) => nearest[i] !== codes[i]),
    [-78, -60, -55, -37, 32, 37, 55, 60, 78],
  )
})

test('rescaling by Q31 and through f32, with zero points, and limited', () => {
  const [input, output] = [0.05, 0.0311].map((scale) => ({ scale: Math.fround(scale) }))
  const target = { zeroPoint: 9, low: -100, high: 90 }
  const limit = (q: number): number => Math.min(Math.max(q, -100), 90)
  const tflite = rescaleArithmetic({ kind: 'requantise', requantiser: 'q31-double' }, input, output)
  if (tflite.kind !== 'requantise' || tflite.requantiser.kind !== 'q31-double') throw new Error(tflite.kind)
  const { multiplier, shift } = tflite.requantiser
  assert.equal(
    [...rescaledCodes(tflite, -3, target)],
    all.map((q) => limit(Number(double(q + 3, multiplier[0], shift[0])) + 9)),
  )
  const qdq = rescaleArithmetic({ kind: 'qdq' }, input, output)
  assert.equal(
    [...rescaledCodes(qdq, -3, target)],
    all.map((q) => limit(Number(nearestEven(Math.fround(Math.fround((q + 3) * input.scale) / output.scale))) + 9)),
  )
})

test.run()
