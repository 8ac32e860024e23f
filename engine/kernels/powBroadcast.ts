import { type BroadcastLayout, forEachRow } from './broadcast.ts'
import { log } from './transcendental/log.ts'
import { pow } from './transcendental/pow.ts'

function powRow(
  a: Float32Array,
  i: number,
  aStep: number,
  b: Float32Array,
  j: number,
  bStep: number,
  out: Float32Array,
  to: number,
  length: number,
): void {
  for (const end = to + length; to < end; to++, i += aStep, j += bStep) out[to] = pow(a[i], b[j])
}

function baseSlopeRow(
  a: Float32Array,
  i: number,
  aStep: number,
  b: Float32Array,
  j: number,
  bStep: number,
  out: Float32Array,
  to: number,
  length: number,
): void {
  for (const end = to + length; to < end; to++, i += aStep, j += bStep) {
    const y = b[j]
    out[to] = y === 0 ? 0 : y * pow(a[i], y - 1)
  }
}

function exponentSlopeRow(
  a: Float32Array,
  i: number,
  aStep: number,
  b: Float32Array,
  j: number,
  bStep: number,
  out: Float32Array,
  to: number,
  length: number,
): void {
  for (const end = to + length; to < end; to++, i += aStep, j += bStep) {
    const x = a[i]
    out[to] = x === 0 && b[j] >= 0 ? 0 : pow(x, b[j]) * log(x)
  }
}

/** out = a^b over a broadcast, in double, rounded once; see transcendental/pow.ts. `out` may be an operand that is not repeated. */
export function powBroadcast(a: Float32Array, b: Float32Array, layout: BroadcastLayout, out: Float32Array): void {
  forEachRow(powRow, a, b, layout, out)
}

/** out = the derivative of a^b by a, b a^(b - 1), in double, rounded once; 0 where b is 0. */
export function powBaseSlope(a: Float32Array, b: Float32Array, layout: BroadcastLayout, out: Float32Array): void {
  forEachRow(baseSlopeRow, a, b, layout, out)
}

/**
 * out = the derivative of a^b by b, a^b ln a, in double, rounded once: NaN for a negative base, 0 for base 0 with an exponent
 * from 0 on (as PyTorch has it).
 */
export function powExponentSlope(a: Float32Array, b: Float32Array, layout: BroadcastLayout, out: Float32Array): void {
  forEachRow(exponentSlopeRow, a, b, layout, out)
}
