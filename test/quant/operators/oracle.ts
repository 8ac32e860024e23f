/** Exact rational arithmetic with BigInt, rounded where the operators round: independent of Math.fround. */

import { type DType, holds, type TypedArray } from '../../../engine/base/dtype.ts'
import type { Tensor } from '../../../engine/core/tensor.ts'

/** A rational number; the denominator is positive. */
export type Rational = readonly [numerator: bigint, denominator: bigint]

/** The exact value of a finite double. */
export function exact(x: number): Rational {
  let exponent = 0
  let mantissa = x
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2
    exponent++
  }
  return [BigInt(mantissa), 1n << BigInt(exponent)]
}

export const times = (a: Rational, b: Rational): Rational => [a[0] * b[0], a[1] * b[1]]

export const over = (a: Rational, b: Rational): Rational =>
  b[0] < 0n ? [-a[0] * b[1], a[1] * -b[0]] : [a[0] * b[1], a[1] * b[0]]

/** Nearest integer, ties to even. */
export function nearestEven([n, d]: Rational): bigint {
  const floor = n >= 0n ? n / d : -((-n + d - 1n) / d)
  const twice = 2n * (n - floor * d)
  return twice > d || (twice === d && floor % 2n !== 0n) ? floor + 1n : floor
}

/** Nearest float32, ties to even, with subnormals and overflow to infinity. */
export function toFloat32([n, d]: Rational): number {
  const magnitude = n < 0n ? -n : n
  let exponent = Math.max(magnitude.toString(2).length - d.toString(2).length - 25, -149)
  const scaled = (): Rational =>
    exponent < 0 ? [magnitude << BigInt(-exponent), d] : [magnitude, d << BigInt(exponent)]
  while (scaled()[0] / scaled()[1] >= 1n << 24n) exponent++
  const value = Number(nearestEven(scaled())) * 2 ** exponent
  const limited = value >= 2 ** 128 ? Number.POSITIVE_INFINITY : value
  return n < 0n ? -limited : limited
}

/** saturate(RNE(steps) + zeroPoint) of a finite float32. */
export function code(steps: number, zeroPoint: number, lowest: number, highest: number): number {
  const q = nearestEven(exact(steps)) + BigInt(zeroPoint)
  return q < lowest ? lowest : q > highest ? highest : Number(q)
}

/** The code of an int32 sum by the text of QLinearConv and QLinearMatMul. */
export function requantised(
  sum: bigint,
  scales: readonly [x: number, w: number, y: number],
  zeroPoint: number,
  lowest: number,
  highest: number,
): number {
  const [x, w, y] = scales.map((scale) => exact(Math.fround(scale)))
  const product = toFloat32(times(x, w))
  const scale = toFloat32(over(exact(product), y))
  const accumulator = toFloat32([BigInt.asIntN(32, sum), 1n])
  return code(toFloat32(times(exact(accumulator), exact(scale))), zeroPoint, lowest, highest)
}

/** The data of a tensor of this dtype, as an array of numbers. */
export function codesOf(tensor: Tensor, dtype: DType): number[] {
  if (!holds(dtype, tensor.data)) throw new Error(`the tensor is ${tensor.dtype}, wanted ${dtype}`)
  return [...(tensor.data as TypedArray)]
}
