import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RandomStream } from '../../../engine/base/random.ts'
import { backends } from '../../../quant/backends/index.ts'
import type { AddArithmetic } from '../../../quant/integer/arithmetic.ts'
import type { Backend } from '../../../quant/integer/backend.ts'
import { prepareAdd } from '../../../quant/integer/execute/add.ts'
import { fusedMultiplyAdd } from '../../../quant/integer/kernels/fusedMultiplyAdd.ts'
import { multiplyQ31Single } from '../../../quant/integer/kernels/multiplyQ31Single.ts'
import { addArithmetic } from '../../../quant/integer/lower/add.ts'
import { storedValue } from '../../../quant/integer/storage.ts'
import { runStep } from './layers.ts'
import { exactly, nearestEven, single } from './oracle.ts'

const test = suite('additions')
const all = Array.from({ length: 256 }, (_, i) => i - 128)
const left = Int8Array.from(all.flatMap((a) => all.map(() => a)))
const right = Int8Array.from(all.flatMap(() => all))

/** The published scales and zero points, int8. */
const published = { scales: [0.05, 0.03, 0.06].map(Math.fround), zeros: [3, -7, 5] }

type Case = typeof published

function terms({ scales, zeros }: Case) {
  return scales.map((scale, i) => ({ scale, zeroPoint: zeros[i] }))
}

function arithmeticOf(backend: string, of: Case): AddArithmetic {
  const [a, b, out] = terms(of)
  return addArithmetic((backends.get(backend) as Backend).add, a, b, out)
}

/** Sums of all 65,536 pairs of int8 codes; with `unsigned`, codes and zero points 128 higher, results 128 lower. */
function sums(arithmetic: AddArithmetic, { scales, zeros }: Case, unsigned = false): Int8Array {
  const shift = unsigned ? 128 : 0
  const values = scales.map((scale, i) =>
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
  const step = { op: 'add', name: 'a', inputs: ['v0', 'v1'], output: 'v2', arithmetic, low, high } as const
  const out = new Int8Array(65536)
  runStep(
    prepareAdd(step, { inputs: values.slice(0, 2), output: values[2], constants: new Map() }),
    [left, right],
    1,
    out,
  )
  return out
}

function differing(x: Int8Array, y: ArrayLike<number>): number {
  return x.reduce((count, q, i) => count + Number(q !== y[i]), 0)
}

const clamp = (q: number): number => Math.min(Math.max(q, -128), 127)

/** A rational number numerator / 2^shift to f32, ties to even; magnitudes of normal numbers. */
function toFloat(numerator: bigint, shift: number): number {
  if (numerator === 0n) return 0
  const magnitude = numerator < 0n ? -numerator : numerator
  const drop = Math.max(magnitude.toString(2).length - 24, 0)
  const unit = 1n << BigInt(drop)
  const below = magnitude / unit
  const twice = 2n * (magnitude - below * unit)
  const up = twice > unit || (twice === unit && below % 2n === 1n) ? 1n : 0n
  const rounded = Number(below + up) * 2 ** (drop - shift)
  return numerator < 0n ? -rounded : rounded
}

/** a * b + c rounded once, in integers. */
function fmaExactly(a: number, b: number, c: number): number {
  const [x, y, z] = [a, b, c].map(exactly)
  const shift = Math.max(x.shift + y.shift, z.shift)
  const product = (x.numerator * y.numerator) << BigInt(shift - x.shift - y.shift)
  return toFloat(product + (z.numerator << BigInt(shift - z.shift)), shift)
}

test('fused multiply-add is rounded once: random numbers, cancellation, and sums that are exact ties', () => {
  assert.is(fusedMultiplyAdd(1 + 2 ** -12, 1 + 2 ** -12, -1), 2 ** -11 + 2 ** -24)
  const random = new RandomStream(1, 'fma')
  const float = (): number => Math.fround((random.uniform() * 2 - 1) * 2 ** (random.integer(20) - 10))
  for (let i = 0; i < 40000; i++) {
    const a = i % 2 === 0 ? random.integer(511) - 255 : float()
    const b = float()
    // Next to -a b, so that most cancels; or far below it, so that it decides ties only; or anything.
    const near = Math.fround(-a * b * (1 + (random.integer(5) - 2) * 2 ** -22))
    const c = i % 3 === 0 ? near : i % 3 === 1 ? Math.fround(a * b * 2 ** -24) : float()
    const wanted = fmaExactly(a, b, c)
    if (fusedMultiplyAdd(a, b, c) !== wanted)
      assert.unreachable(`${a} ${b} ${c}: ${fusedMultiplyAdd(a, b, c)}, ${wanted}`)
  }
  // Ties of f32 broken by a term far below the double's last bit.
  for (const tiny of [2 ** -80, -(2 ** -80)]) {
    assert.is(fusedMultiplyAdd(1 + 2 ** -12, 1 + 2 ** -12, tiny), fmaExactly(1 + 2 ** -12, 1 + 2 ** -12, tiny))
    assert.is(fusedMultiplyAdd(-(1 + 2 ** -12), 1 + 2 ** -12, tiny), fmaExactly(-(1 + 2 ** -12), 1 + 2 ** -12, tiny))
  }
})

test('multiplyQ31Single agrees with BigInt', () => {
  const random = new RandomStream(2, 'single')
  for (let i = 0; i < 20000; i++) {
    const x = (random.uint32() | 0) >> random.integer(31)
    const multiplier = 2 ** 30 + random.integer(2 ** 30)
    const shift = random.integer(32) - 31
    assert.is(multiplyQ31Single(x, multiplier, shift), Number(single(x, multiplier, shift)))
  }
})

test('XNNPACK’s constants and all pairs, against BigInt', () => {
  const arithmetic = arithmeticOf('xnnpack-x86', published)
  if (arithmetic.kind !== 'multiply-shift') throw new Error(arithmetic.kind)
  // f32(0.05 / 0.06) = 0.833 has exponent -1: 21 bits behind the point.
  assert.is(arithmetic.shift, 21)
  const { multipliers } = arithmetic
  assert.equal(
    multipliers.map(
      (m, i) => m === Number(nearestEven(Math.fround(published.scales[i] / published.scales[2]) * 2 ** 21)),
    ),
    [true, true],
  )
  const wanted = Array.from(left, (a, i) => {
    const sum = BigInt(a - 3) * BigInt(multipliers[0]) + BigInt(right[i] + 7) * BigInt(multipliers[1])
    return clamp(Number((sum + (1n << 20n)) >> 21n) + 5)
  })
  assert.is(differing(sums(arithmetic, published), wanted), 0)
})

test('the published numbers of pairs that differ: TFLite and XNNPACK 1,286, double and single rounding 1,352', () => {
  const tflite = sums(arithmeticOf('tflite-ref', published), published)
  assert.is(differing(tflite, sums(arithmeticOf('xnnpack-x86', published), published)), 1286)
  assert.is(differing(tflite, sums(arithmeticOf('tosa-single', published), published)), 1352)
  assert.is(differing(tflite, sums(arithmeticOf('onnx-spec', published), published)), 3260)
  assert.is(differing(tflite, sums(arithmeticOf('tosa-double', published), published)), 0)
})

test('ONNX Runtime with FMA: all pairs against exact arithmetic, and 873 pairs differ without FMA', () => {
  const arithmetic = arithmeticOf('ort-x86', published)
  if (arithmetic.kind !== 'fma') throw new Error(arithmetic.kind)
  const [ra, rb] = arithmetic.ratios
  const { fixed } = arithmetic
  const found = sums(arithmetic, published)
  // The constant part is contracted, as the running onnxruntime-node 1.30.0 showed.
  assert.is(fixed, Math.fround(5 - fmaExactly(ra, 3, Math.fround(rb * -7))))
  const exact = Array.from(left, (a, i) => {
    const v = fmaExactly(a, ra, fmaExactly(right[i], rb, fixed))
    return clamp(Number(nearestEven(v)))
  })
  assert.is(differing(found, exact), 0)
  // The published count is of sources read literally: the constant part without contraction.
  const literal = Math.fround(5 - Math.fround(Math.fround(ra * 3) + Math.fround(rb * -7)))
  const avx = sums({ ...arithmetic, fixed: literal }, published)
  const sse = Array.from(left, (a, i) => {
    const v = Math.fround(Math.fround(literal + Math.fround(a * ra)) + Math.fround(right[i] * rb))
    return clamp(Number(nearestEven(v)))
  })
  assert.is(differing(avx, sse), 873)
})

test('raw unsigned codes: ONNX Runtime computes on 0 ... 255, not on what a session keeps', () => {
  const of = { scales: published.scales, zeros: [3, -7, 5] }
  const [a, b, out] = terms({ ...of, zeros: of.zeros.map((z) => z + 128) })
  const arithmetic = addArithmetic({ kind: 'fma' }, a, b, out)
  if (arithmetic.kind !== 'fma') throw new Error(arithmetic.kind)
  const [ra, rb] = arithmetic.ratios
  const wanted = Array.from(left, (q, i) => {
    const v = fmaExactly(q + 128, ra, fmaExactly(right[i] + 128, rb, arithmetic.fixed))
    return clamp(Number(nearestEven(v)) - 128)
  })
  assert.is(differing(sums(arithmetic, of, true), wanted), 0)
})

test('ONNX Runtime without vectors: the zero point inside the rounding, in f32', () => {
  const arithmetic = arithmeticOf('ort-wasm', published)
  assert.is(arithmetic.kind, 'qdq-zero-inside')
  const [sa, sb, so] = published.scales
  const wanted = Array.from(left, (a, i) => {
    const sum = Math.fround(Math.fround((a - 3) * sa) + Math.fround((right[i] + 7) * sb))
    return clamp(Number(nearestEven(Math.fround(Math.fround(sum / so) + 5))))
  })
  assert.is(differing(sums(arithmetic, published), wanted), 0)
  const unsigned = { ...published, zeros: published.zeros.map((z) => z + 1) }
  const codes = Array.from(left, (a, i) => {
    const sum = Math.fround(Math.fround((a - 4) * sa) + Math.fround((right[i] + 6) * sb))
    return clamp(Number(nearestEven(Math.fround(Math.fround(sum / so) + 134))) - 128)
  })
  assert.is(differing(sums(arithmetic, unsigned, true), codes), 0)
})

test('equal scales make a quarter of all sums ties; on generic ratios runtimes agree', () => {
  const nice = { scales: [0.1, 0.1, 0.2].map(Math.fround), zeros: [3, -7, 5] }
  const apart = differing(sums(arithmeticOf('tflite-ref', nice), nice), sums(arithmeticOf('onnx-spec', nice), nice))
  assert.ok(apart > 15500 && apart < 17000, `${apart}`)
  const generic = { scales: [0.0173, 0.0291, 0.0333].map(Math.fround), zeros: [3, -7, 5] }
  const text = sums(arithmeticOf('onnx-spec', generic), generic)
  for (const name of ['ort-x86', 'ort-wasm', 'xnnpack-x86']) {
    assert.is(differing(text, sums(arithmeticOf(name, generic), generic)), 0, name)
  }
})

test.run()
