/** gemmlowp's fixed-point functions in BigInt, straight from `fixedpoint.h`: raw values of int32 numbers. */

import { divideHalfAway } from './oracle.ts'

const MAXIMUM = 2n ** 31n - 1n

function saturate(x: bigint): bigint {
  return x > MAXIMUM ? MAXIMUM : x < -MAXIMUM - 1n ? -MAXIMUM - 1n : x
}

/** SaturatingRoundingDoublingHighMul. */
export function high(a: bigint, b: bigint): bigint {
  return saturate((a * b + 2n ** 30n) >> 31n)
}

/** RoundingHalfSum. */
function halfSum(a: bigint, b: bigint): bigint {
  const sum = a + b
  return (sum + (sum >= 0n ? 1n : -1n)) / 2n
}

/** exp_on_negative_values, `integerBits` before the point, to Q0.31. */
export function exponential(a: bigint, integerBits: number): bigint {
  if (a === 0n) return MAXIMUM
  const fraction = 31 - integerBits
  const quarter = 1n << BigInt(fraction - 2)
  const inQuarter = (a & (quarter - 1n)) - quarter
  const x = saturate(inQuarter << BigInt(integerBits)) + 2n ** 28n
  const x2 = high(x, x)
  const x3 = high(x2, x)
  const x4 = high(x2, x2)
  const series = divideHalfAway(high(divideHalfAway(x4, 2) + x3, 715827883n) + x2, 1)
  let result = 1895147668n + high(1895147668n, x + series)
  const remainder = inQuarter - a
  const factors = [1672461947n, 1302514674n, 790015084n, 290630308n, 39332535n, 720401n, 242n]
  for (const [i, factor] of factors.entries()) {
    const exponent = i - 2
    if (integerBits <= exponent) continue
    if ((remainder & (1n << BigInt(fraction + exponent))) !== 0n) result = high(result, factor)
  }
  return result
}

/** The Newton division that one_over_one_plus_x and one_minus_x_over_one_plus_x share: Q2.29. */
function newton(a: bigint): bigint {
  const half = halfSum(a, MAXIMUM)
  let x = 1515870810n + high(half, -1010580540n)
  for (let i = 0; i < 3; i++) x += saturate(high(x, 2n ** 29n - high(half, x)) << 2n)
  return x
}

/** one_over_one_plus_x_for_x_in_0_1. */
export function reciprocal(a: bigint): bigint {
  return saturate(newton(a) << 1n)
}

/** logistic. */
export function logisticExactly(a: bigint, integerBits: number): bigint {
  if (a === 0n) return 2n ** 30n
  const positive = reciprocal(exponential(a > 0n ? -a : a, integerBits))
  return a > 0n ? positive : MAXIMUM - positive
}

/** tanh. */
export function tanhExactly(a: bigint, integerBits: number): bigint {
  if (a === 0n) return 0n
  const t = saturate((newton(exponential(a > 0n ? -a : a, integerBits + 1)) - 2n ** 29n) << 2n)
  return a > 0n ? t : -t
}
