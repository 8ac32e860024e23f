import { roundHalfAway, roundHalfEven } from '../../../engine/base/rounding.ts'
import { multiplyQ31Double } from '../requantise/q31Double.ts'
import type { CodeTarget } from '../requantise/requantiser.ts'
import { fusedMultiplyAdd } from './fusedMultiplyAdd.ts'
import { multiplyQ31Single } from './multiplyQ31Single.ts'

/** The two zero points and the target of an addition. */
export interface AddZeroPoints extends CodeTarget {
  readonly zeroPoints: readonly [number, number]
}

/** TFLite's ADD in fixed point; every step an int32. See `AddArithmetic`, kind 'q31'. Example: 4 + 4 on equal scales and zero points 0 is 8. */
export function addQ31(
  a: Int8Array,
  b: Int8Array,
  count: number,
  zero: AddZeroPoints,
  leftShift: number,
  multipliers: readonly [number, number],
  shifts: readonly [number, number],
  outputMultiplier: number,
  outputShift: number,
  out: Int8Array,
): void {
  const { zeroPoint, low, high } = zero
  const [za, zb] = zero.zeroPoints
  const [ma, mb] = multipliers
  const [ea, eb] = shifts
  const left = 2 ** leftShift
  for (let i = 0; i < count; i++) {
    const sum = multiplyQ31Double((a[i] - za) * left, ma, ea) + multiplyQ31Double((b[i] - zb) * left, mb, eb)
    const q = multiplyQ31Double(sum, outputMultiplier, outputShift) + zeroPoint
    out[i] = Math.min(Math.max(q, low), high)
  }
}

/** The same with single rounding. See `AddArithmetic`, kind 'q31-single'. Example: 4 + 4 on equal scales and zero points 0 is 8. */
export function addQ31Single(
  a: Int8Array,
  b: Int8Array,
  count: number,
  zero: AddZeroPoints,
  leftShift: number,
  multipliers: readonly [number, number],
  shifts: readonly [number, number],
  outputMultiplier: number,
  outputShift: number,
  out: Int8Array,
): void {
  const { zeroPoint, low, high } = zero
  const [za, zb] = zero.zeroPoints
  const [ma, mb] = multipliers
  const [ea, eb] = shifts
  const left = 2 ** leftShift
  for (let i = 0; i < count; i++) {
    const sum = multiplyQ31Single((a[i] - za) * left, ma, ea) + multiplyQ31Single((b[i] - zb) * left, mb, eb)
    const q = multiplyQ31Single(sum, outputMultiplier, outputShift) + zeroPoint
    out[i] = Math.min(Math.max(q, low), high)
  }
}

/** Integer multipliers and one right shift, ties up. See `AddArithmetic`, kind 'multiply-shift'. Example: (3 * 5 + 1 * 3) / 2^2 = 4.5 -> 5. */
export function addMultiplyShift(
  a: Int8Array,
  b: Int8Array,
  count: number,
  zero: AddZeroPoints,
  multipliers: readonly [number, number],
  shift: number,
  out: Int8Array,
): void {
  const { zeroPoint, low, high } = zero
  const [za, zb] = zero.zeroPoints
  const [ma, mb] = multipliers
  const scale = 2 ** -shift
  for (let i = 0; i < count; i++) {
    const q = Math.floor(((a[i] - za) * ma + (b[i] - zb) * mb) * scale + 0.5) + zeroPoint
    out[i] = Math.min(Math.max(q, low), high)
  }
}

/**
 * ONNX Runtime's QLinearAdd with FMA. See `AddArithmetic`, kind 'fma'; it works on codes as they are outside: zero.zeroPoints are
 * what is kept less the code, zero.zeroPoint the same of the output. Example: ratios 0.5, fixed 1: codes 1 and 2 give 2.5 -> 2.
 */
export function addFma(
  a: Int8Array,
  b: Int8Array,
  count: number,
  zero: AddZeroPoints,
  ratios: readonly [number, number],
  fixed: number,
  out: Int8Array,
): void {
  const { zeroPoint, low, high } = zero
  const [za, zb] = zero.zeroPoints
  const [ra, rb] = ratios
  for (let i = 0; i < count; i++) {
    const v = fusedMultiplyAdd(a[i] - za, ra, fusedMultiplyAdd(b[i] - zb, rb, fixed))
    out[i] = Math.min(Math.max(roundHalfEven(v) + zeroPoint, low), high)
  }
}

/** Power-of-two scales: align by left shifts, one right shift with ties up. See `AddArithmetic`, kind 'shift'. Example: (3 * 2^0 + 0 * 2^1) / 2^1 = 1.5 -> 2. */
export function addShift(
  a: Int8Array,
  b: Int8Array,
  count: number,
  zero: AddZeroPoints,
  leftShifts: readonly [number, number],
  rightShift: number,
  out: Int8Array,
): void {
  const { zeroPoint, low, high } = zero
  const [za, zb] = zero.zeroPoints
  const la = 2 ** leftShifts[0]
  const lb = 2 ** leftShifts[1]
  const scale = 2 ** -rightShift
  for (let i = 0; i < count; i++) {
    const q = Math.floor(((a[i] - za) * la + (b[i] - zb) * lb) * scale + 0.5) + zeroPoint
    out[i] = Math.min(Math.max(q, low), high)
  }
}

/** Double precision: two products, one sum, one rounding, ties away from zero. See `AddArithmetic`, kind 'f64'. Example: -2 * 0.5 + 2 * 0.25 = -0.5 -> -1. */
export function addF64(
  a: Int8Array,
  b: Int8Array,
  count: number,
  zero: AddZeroPoints,
  ratios: readonly [number, number],
  out: Int8Array,
): void {
  const { zeroPoint, low, high } = zero
  const [za, zb] = zero.zeroPoints
  const [ra, rb] = ratios
  for (let i = 0; i < count; i++) {
    const q = roundHalfAway((a[i] - za) * ra + (b[i] - zb) * rb) + zeroPoint
    out[i] = Math.min(Math.max(q, low), high)
  }
}

/**
 * DequantizeLinear, Add, QuantizeLinear in f32, ties to even. `before` is added before the rounding, zero.zeroPoint after it. See
 * `AddArithmetic`, kinds 'qdq' and 'qdq-zero-inside'. Example: s = 0.5, 0.25 into 0.5: 1 and 1 give 1.5 -> 2.
 */
export function addQdq(
  a: Int8Array,
  b: Int8Array,
  count: number,
  zero: AddZeroPoints,
  scales: readonly [number, number],
  outputScale: number,
  before: number,
  out: Int8Array,
): void {
  const { zeroPoint, low, high } = zero
  const [za, zb] = zero.zeroPoints
  const [sa, sb] = scales
  for (let i = 0; i < count; i++) {
    const sum = Math.fround(Math.fround((a[i] - za) * sa) + Math.fround((b[i] - zb) * sb))
    const q = roundHalfEven(Math.fround(Math.fround(sum / outputScale) + before)) + zeroPoint
    out[i] = Math.min(Math.max(q, low), high)
  }
}
