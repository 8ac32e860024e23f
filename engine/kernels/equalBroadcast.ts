import { type BroadcastLayout, forEachRow } from './broadcast.ts'

function equalRow(
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
  for (const end = to + length; to < end; to++, i += aStep, j += bStep) out[to] = a[i] === b[j] ? 1 : 0
}

/** out = 1 where a equals b over a broadcast (+0 equals -0, NaN nothing), 0 elsewhere. */
export function equalBroadcast(a: Float32Array, b: Float32Array, layout: BroadcastLayout, out: Float32Array): void {
  forEachRow(equalRow, a, b, layout, out)
}
