import { roundHalfEven } from '../../../engine/base/rounding.ts'
import { type RequantiserTable, requantiseRow } from '../requantise/requantiser.ts'
import type { AddZeroPoints } from './add.ts'

/** The two zero points and the target of a product. */
export type MulZeroPoints = AddZeroPoints

/**
 * Products of offsets from the zero points, requantised with entry 0. `sums` holds `count` products in between. See
 * `MulArithmetic`, kind 'requantise'. Example: shift-half-up by 4: 6 * 4 = 24 -> 2.
 */
export function mulRequantise(
  a: Int8Array,
  b: Int8Array,
  count: number,
  zero: MulZeroPoints,
  requantiser: RequantiserTable,
  sums: Int32Array,
  out: Int8Array,
): void {
  const [za, zb] = zero.zeroPoints
  for (let i = 0; i < count; i++) sums[i] = Math.imul(a[i] - za, b[i] - zb)
  requantiseRow(requantiser, 0, sums, 0, count, zero, 0, 1, out)
}

/**
 * ONNX Runtime's QLinearMul: RNE(f32(f32(a * b * ratio) + before)) + zeroPoint, `before` being the output's zero point as it is
 * outside, and zero.zeroPoint what that is more than what is kept. Example: 3 * 1 * 0.5 + 1 = 2.5 -> 2.
 */
export function mulZeroInside(
  a: Int8Array,
  b: Int8Array,
  count: number,
  zero: MulZeroPoints,
  ratio: number,
  before: number,
  out: Int8Array,
): void {
  const { zeroPoint, low, high } = zero
  const [za, zb] = zero.zeroPoints
  for (let i = 0; i < count; i++) {
    const q = roundHalfEven(Math.fround(Math.fround((a[i] - za) * (b[i] - zb) * ratio) + before)) + zeroPoint
    out[i] = Math.min(Math.max(q, low), high)
  }
}

/**
 * DequantizeLinear, Mul, QuantizeLinear in f32, ties to even; `before` as above, 0 for kind 'qdq' of `MulArithmetic`.
 * Example: s = 0.5, 0.5 into 0.5: 3 * 1 gives 1.5 -> 2.
 */
export function mulQdq(
  a: Int8Array,
  b: Int8Array,
  count: number,
  zero: MulZeroPoints,
  scales: readonly [number, number],
  outputScale: number,
  before: number,
  out: Int8Array,
): void {
  const { zeroPoint, low, high } = zero
  const [za, zb] = zero.zeroPoints
  const [sa, sb] = scales
  for (let i = 0; i < count; i++) {
    const product = Math.fround(Math.fround((a[i] - za) * sa) * Math.fround((b[i] - zb) * sb))
    const q = roundHalfEven(Math.fround(Math.fround(product / outputScale) + before)) + zeroPoint
    out[i] = Math.min(Math.max(q, low), high)
  }
}
