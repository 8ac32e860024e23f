import { type BroadcastLayout, forEachRow } from './broadcast.ts'

function divRow(
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
  for (const end = to + length; to < end; to++, i += aStep, j += bStep) out[to] = a[i] / b[j]
}

/** out = a / b over a broadcast, one rounding each. `out` may be an operand that is not repeated. */
export function divBroadcast(a: Float32Array, b: Float32Array, layout: BroadcastLayout, out: Float32Array): void {
  forEachRow(divRow, a, b, layout, out)
}
