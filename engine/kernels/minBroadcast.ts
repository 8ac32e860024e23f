import { type BroadcastLayout, forEachRow } from './broadcast.ts'

function minRow(
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
  for (const end = to + length; to < end; to++, i += aStep, j += bStep) out[to] = Math.min(a[i], b[j])
}

/**
 * out = the smaller of a and b over a broadcast: NaN if either is, and -0 counts as smaller than +0. `out` may be an operand that is
 * not repeated.
 */
export function minBroadcast(a: Float32Array, b: Float32Array, layout: BroadcastLayout, out: Float32Array): void {
  forEachRow(minRow, a, b, layout, out)
}
