/**
 * An oracle for the transcendental functions: fixed-point numbers as BigInts with 320 fraction bits, and the textbook
 * series of each function. Results are right to about 2^-300, far below half an ulp of any float32.
 */

const FRACTION = 320n
const ONE = 1n << FRACTION

/** A double as a fixed-point number: exact for multiples of 2^-320, which every float32 is. */
export function toFixed(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  const bits = view.getBigUint64(0)
  const exponent = (bits >> 52n) & 0x7ffn
  const fraction = bits & 0xfffffffffffffn
  const mantissa = exponent === 0n ? fraction : fraction | (1n << 52n)
  const shift = FRACTION + (exponent === 0n ? 1n : exponent) - 1075n
  const magnitude = shift >= 0n ? mantissa << shift : mantissa >> -shift
  return x < 0 ? -magnitude : magnitude
}

/** A decimal such as '0.044715' as a fixed-point number. */
export function decimal(digits: string): bigint {
  const [whole, part = ''] = digits.split('.')
  return (BigInt(whole + part) << FRACTION) / 10n ** BigInt(part.length)
}

export function multiply(a: bigint, b: bigint): bigint {
  return (a * b) >> FRACTION
}

export function divide(a: bigint, b: bigint): bigint {
  return (a << FRACTION) / b
}

function squareRoot(a: bigint): bigint {
  const target = a << FRACTION
  let root = 1n << BigInt((target.toString(2).length + 1) >> 1)
  for (let next = (root + target / root) >> 1n; next < root; next = (root + target / root) >> 1n) root = next
  return root
}

/** atanh(s) for |s| < 1/2, and with `sign` -1 atan(s): s + sign s^3/3 + s^5/5 + ... */
function inverseTangent(s: bigint, sign: bigint): bigint {
  const square = sign * multiply(s, s)
  let power = s
  let sum = 0n
  for (let n = 1n; power / n !== 0n && power / n !== -1n; n += 2n) {
    sum += power / n
    power = multiply(power, square)
  }
  return sum
}

const LN2 = 2n * inverseTangent(ONE / 3n, 1n)
const PI = 16n * inverseTangent(ONE / 5n, -1n) - 4n * inverseTangent(ONE / 239n, -1n)

export function exp(x: bigint): bigint {
  const n = x / LN2
  const r = x - n * LN2
  let term = ONE
  let sum = 0n
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    sum += term
    term = multiply(term, r) / k
  }
  return n >= 0n ? sum << n : sum >> -n
}

/** ln x, x > 0. */
export function log(x: bigint): bigint {
  const exponent = BigInt(x.toString(2).length) - FRACTION
  const m = exponent >= 0n ? x >> exponent : x << -exponent
  return exponent * LN2 + 2n * inverseTangent(divide(m - ONE, m + ONE), 1n)
}

/** 1 - erf(x), by the Taylor series of erf, whose cancellation the many bits absorb for |x| < 12. */
export function erfc(x: bigint): bigint {
  const square = multiply(x, x)
  let power = x
  let sum = 0n
  for (let n = 0n; power / (2n * n + 1n) !== 0n && power / (2n * n + 1n) !== -1n; n++) {
    sum += power / (2n * n + 1n)
    power = -multiply(power, square) / (n + 1n)
  }
  return ONE - divide(2n * sum, squareRoot(PI))
}

export function erf(x: bigint): bigint {
  return ONE - erfc(x)
}

/** The derivative of erf: 2 / sqrt(pi) e^(-x^2). */
export function erfSlope(x: bigint): bigint {
  return divide(2n * exp(-multiply(x, x)), squareRoot(PI))
}

/** x^y, x > 0. */
export function pow(x: bigint, y: bigint): bigint {
  return exp(multiply(y, log(x)))
}

export function sigmoid(x: bigint): bigint {
  return divide(ONE, ONE + exp(-x))
}

export function tanh(x: bigint): bigint {
  const square = exp(2n * x)
  return divide(square - ONE, square + ONE)
}

export function softplus(x: bigint): bigint {
  return log(ONE + exp(x))
}

/** The normal distribution function. */
export function normal(x: bigint): bigint {
  return erfc(-divide(x, squareRoot(2n * ONE))) >> 1n
}

/** x Phi(x). */
export function gelu(x: bigint): bigint {
  return multiply(x, normal(x))
}

/** The derivative of gelu: Phi(x) + x e^(-x^2/2) / sqrt(2 pi). */
export function geluSlope(x: bigint): bigint {
  return normal(x) + divide(multiply(x, exp(-multiply(x, x) >> 1n)), squareRoot(2n * PI))
}

/** Twice the argument of the hyperbolic tangent in gelu's approximation. */
function geluTanhArgument(x: bigint): bigint {
  const cubic = multiply(decimal('0.044715'), multiply(x, multiply(x, x)))
  return 2n * multiply(squareRoot(divide(2n * ONE, PI)), x + cubic)
}

/** The approximation of gelu by tanh, as x sigmoid(2u): the same number. */
export function geluTanh(x: bigint): bigint {
  return multiply(x, sigmoid(geluTanhArgument(x)))
}

export function swish(x: bigint): bigint {
  return multiply(x, sigmoid(x))
}

/** cos(pi x). */
export function cosPi(x: bigint): bigint {
  const square = -multiply(multiply(x, PI), multiply(x, PI))
  let term = ONE
  let sum = 0n
  for (let k = 1n; term !== 0n && term !== -1n; k += 2n) {
    sum += term
    term = multiply(term, square) / (k * (k + 1n))
  }
  return sum
}

/** |computed - exact| in units of the last place that a float32 of the exact value's size has. */
export function ulpError(computed: number, exact: bigint): number {
  const magnitude = exact < 0n ? -exact : exact
  const exponent = magnitude.toString(2).length - 1 - Number(FRACTION)
  const ulp = 1n << (FRACTION + BigInt(Math.max(exponent - 23, -149)))
  const difference = toFixed(computed) - exact
  return Number(((difference < 0n ? -difference : difference) << 20n) / ulp) / 2 ** 20
}

/** |computed - exact| / |exact|, for checks of the double functions themselves. */
export function relativeError(computed: number, exact: bigint): number {
  const difference = toFixed(computed) - exact
  return Math.abs(Number((difference << 80n) / exact) / 2 ** 80)
}
