/**
 * gemmlowp's fixed-point functions on int32 numbers (`fixedpoint/fixedpoint.h`). Q4.27 means 27 bits behind the point. All intermediate
 * products are exact: two int32 numbers multiplied in a double would lose bits, so one of them is taken in two halves.
 */

const MAXIMUM = 2147483647

/**
 * Saturating rounding doubling high multiply of two int32 numbers: floor((a * b + 2^30) / 2^31), ties towards plus infinity;
 * -2^31 by -2^31 gives 2^31 - 1. Example: 2^30 by 2^30 is 2^29.
 */
export function highMultiply(a: number, b: number): number {
  const high = Math.floor(b / 65536)
  const low = b - 65536 * high
  // a * b = a * high * 2^16 + a * low; its low 16 bits cannot decide, since 2^30 is a multiple of 2^16.
  return Math.min(Math.floor((a * high + Math.floor((a * low) / 65536) + 16384) / 32768), MAXIMUM)
}

/** x / 2^power to nearest, ties away from zero. Example: -1536 by 2^10: -2. */
export function dividePower(x: number, power: number): number {
  const quotient = x / 2 ** power
  return quotient < 0 ? -Math.floor(0.5 - quotient) : Math.floor(quotient + 0.5)
}

/** x * 2^power, limited to int32. Example: 2^30 by 2: 2^31 - 1. */
export function saturatingShift(x: number, power: number): number {
  return Math.min(Math.max(x * 2 ** power, -MAXIMUM - 1), MAXIMUM)
}

/** e^a for a in [-1/4, 0), Q0.31 in and out, a polynomial of degree 4 around -1/8. */
function expNearZero(a: number): number {
  const constant = 1895147668 // e^(-1/8)
  const third = 715827883 // 1/3
  const x = a + 2 ** 28
  const x2 = highMultiply(x, x)
  const x3 = highMultiply(x2, x)
  const x4 = highMultiply(x2, x2)
  const series = dividePower(highMultiply(dividePower(x4, 2) + x3, third) + x2, 1)
  return constant + highMultiply(constant, x + series)
}

/** e^(-2^k) for k = -2, -1, ..., 4, Q0.31. */
const POWERS = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242]

/**
 * e^a for a <= 0 with `integerBits` (at most 5) before the point, as Q0.31; 2^31 - 1 for 0. Example, 5 bits: a = -2^26 (-1) -> e^-1 = 790015084 within 2.
 */
export function expOfNegative(a: number, integerBits: number): number {
  if (a === 0) return MAXIMUM
  const fraction = 31 - integerBits
  const quarter = 2 ** (fraction - 2)
  // a = (a modulo 1/4) - 1/4, and a multiple of 1/4 beside it.
  const inQuarter = a - Math.floor(a / quarter) * quarter - quarter
  let result = expNearZero(inQuarter * 2 ** integerBits)
  const remainder = inQuarter - a
  for (let k = 0; k < POWERS.length; k++) {
    const weight = fraction + k - 2
    if (k - 2 < integerBits && Math.floor(remainder / 2 ** weight) % 2 === 1) result = highMultiply(result, POWERS[k])
  }
  return result
}

/** 1 / (1 + a) * 2 - 1 and 1 / (1 + a) share this: x in Q2.29 near 2 / (1 + a), for a in [0, 1] as Q0.31. Three Newton steps. */
function twiceReciprocal(a: number): number {
  const sum = a + MAXIMUM
  const half = Math.trunc((sum + (sum >= 0 ? 1 : -1)) / 2)
  let x = 1515870810 + highMultiply(half, -1010580540)
  for (let i = 0; i < 3; i++) {
    const error = 2 ** 29 - highMultiply(half, x)
    x += saturatingShift(highMultiply(x, error), 2)
  }
  return x
}

/** 1 / (1 + a) for a in [0, 1], Q0.31 in and out. Example: a = 2^31 - 1: 2^30. */
export function reciprocalOfOnePlus(a: number): number {
  return saturatingShift(twiceReciprocal(a), 1)
}

/** (1 - a) / (1 + a) for a in [0, 1], Q0.31 in and out. Example: a = 0: 2^31 - 1. */
export function oneMinusOverOnePlus(a: number): number {
  return saturatingShift(twiceReciprocal(a) - 2 ** 29, 2)
}

/** 1 / (1 + e^-a), a in Q(integerBits), as Q0.31. Example: 0 -> 2^30. */
export function logistic(a: number, integerBits: number): number {
  if (a === 0) return 2 ** 30
  const positive = reciprocalOfOnePlus(expOfNegative(-Math.abs(a), integerBits))
  return a > 0 ? positive : MAXIMUM - positive
}

/** tanh a, a in Q(integerBits), as Q0.31. Example: 0 -> 0. */
export function hyperbolicTangent(a: number, integerBits: number): number {
  if (a === 0) return 0
  // -2 |a| keeps the bits of -|a| with one more before the point.
  const t = oneMinusOverOnePlus(expOfNegative(-Math.abs(a), integerBits + 1))
  return a > 0 ? t : -t
}
